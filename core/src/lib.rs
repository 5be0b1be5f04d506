//! The part of cd-action that decides, and cannot act.
//!
//! See `core/README.md` for the map and the words.

pub mod analysis;
pub mod config;
pub mod event;
pub mod forge;
pub mod gate;
pub mod index;
pub mod inputs;
pub mod ledger;
pub mod library;
mod metadata;
mod program;
pub mod proof;
pub mod protocol;
pub mod registry;
pub mod release;
pub mod replay;
pub mod report;
pub mod rollback;
pub mod rollout;
mod session;
pub mod spec;
pub mod stop;
pub mod tag;
pub mod target;
mod web;
pub mod word;

pub use metadata::Session as MetadataSession;
pub use program::{Session, needs};
