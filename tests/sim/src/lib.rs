//! The rollout against every bad day, without a clock, a container or a network.
//!
//! - [`world`]: a small world with instances, a router, a ledger, a lease and runs that die. The runs are the production
//!   [`Rollout`](cd_core::rollout::Rollout); what starts one is written here as the session does it.
//! - [`mutant`]: bugs on purpose. Each must be caught, or the checks prove nothing.
//! - [`model`]: every order of events in a small world, exhaustively.
//! - [`graph`]: that the model's graph has no circle, and that a crash leads to no end that is not reached without one.
//! - [`simulator`]: some orders of events in a large one, by seed.
//! - [`killed`]: what users get when a run is killed, and what the next one does: the table of the README.
//! - [`analysis`]: Monte Carlo of the evidence, with a look after every request.
//!
//! What is modelled and what is not: `docs/model.md`.

pub mod analysis;
pub mod graph;
pub mod killed;
pub mod model;
pub mod mutant;
pub mod simulator;
pub mod world;
