//! Analysis: whether a candidate under traffic is well, judged from what came of its requests beside the baseline's in the same seconds.
//!
//! Pass, fail, or inconclusive and why. A pass needs evidence; no data is none; what could not be measured is no failure of the candidate; and a
//! fail stays, whatever comes after it. One may look at any moment, as often as one likes: what is tested, with
//! which error, and how fast it finds things is in `docs/analysis.md`, with the numbers.
//!
//! - [`Errors`], [`Latency`], [`Metric`]: what is known of each kind. They take what a look has seen (`observe`; `unseen` where it failed, of a metric a reason in place of the value), learn that
//!   the weights changed (`begin_step`), and answer with a [`Finding`]. Each is plain data that can be kept.
//! - [`Trial`], [`Verdict::of`]: all findings in one. `telling.rs`: a finding in words.
//! - [`needed()`], [`feasible()`]: how many requests a verdict takes, and whether a step has them.
//! - `streams.rs`, `bets.rs`: the test itself. `real.rs`: arithmetic that is the same everywhere.
//!
//! To add a kind: a file with its state and those three doors, a variant of [`Kind`] and of [`Basis`]; where it compares shares of requests, a
//! [`Streams`] inside.

mod bets;
mod counts;
mod errors;
mod latency;
mod metric;
mod needed;
mod real;
mod streams;
mod telling;
mod trial;
mod verdict;

pub use counts::{Counts, Meter, Pair, Read};
pub use errors::Errors;
pub use latency::{BOUNDS, Latency, LatencyRule, Times};
pub use metric::{Metric, MetricRule, value};
pub use needed::{Feasible, Needed, feasible, needed};
pub use real::Real;
pub use streams::{Margin, Streams};
pub use trial::Trial;
pub use verdict::{Basis, Evidence, Finding, Kind, Numbers, Slow, Verdict, Why};

#[cfg(test)]
mod tests;
