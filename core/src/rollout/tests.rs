mod bench;
mod canary;
mod going_back;
mod going_forward;
mod holding;
mod settling;

use bench::{Bench, Plans};
