mod asking;
mod bench;
mod canary;
mod going_back;
mod going_forward;
mod hazards;
mod holding;
mod hooks;
mod judged;
mod rolling;
mod settling;
mod waiting;
mod workers;

use bench::{Bench, Plans};
