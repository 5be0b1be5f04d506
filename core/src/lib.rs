//! The part of cd-action that decides, and cannot act.
//!
//! See `core/README.md` for the map and the words.

pub mod config;
pub mod event;
pub mod inputs;
pub mod ledger;
pub mod library;
pub mod protocol;
pub mod registry;
pub mod release;
pub mod report;
pub mod rollback;
pub mod rollout;
mod session;
pub mod spec;
pub mod tag;
pub mod target;

pub use session::Session;

/// The environment variables that [`protocol::Begin::env`] is to hold.
#[must_use]
pub fn env_names() -> Vec<&'static str> {
    let names = inputs::ENV_NAMES.iter().chain(event::ENV_NAMES);
    let names: std::collections::BTreeSet<&str> = names.chain(&tag::ENV_NAMES).copied().collect();
    names.into_iter().collect()
}

/// Words that the core reads in what an engine or a router says: a secret that is one of them cannot be kept out of logs.
#[must_use]
pub const fn plain_words() -> &'static [&'static str] {
    target::docker::PLAIN_WORDS
}
