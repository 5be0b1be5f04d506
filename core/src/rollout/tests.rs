mod bench;
mod canary;
mod going_back;
mod going_forward;
mod holding;
mod judged;
mod rolling;
mod settling;
mod waiting;

use bench::{Bench, Plans};
