//! Targets: what an action of the rollout machine means on a real system.
//!
//! A target lowers actions to effects and lifts their completions to observations; it decides nothing about a rollout.
//! To add one: a folder with `lower` and `lift`, every argv in a snapshot, a case in `tests/e2e`.

pub mod docker;
