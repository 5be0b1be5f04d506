mod bench;
mod canary;
mod going_back;
mod going_forward;
mod holding;
mod hooks;
mod settling;
mod waiting;

use bench::{Bench, Plans};
