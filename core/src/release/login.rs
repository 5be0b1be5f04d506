//! With what docker has logged in at a registry before.

use super::engine::{INHERIT, OUTPUT, QUICK};
use crate::protocol::{Effect, Run};

/// Looks for it: it is kept under this name, and seen by nobody. It ends badly where
/// there is no such login.
#[must_use]
pub fn find_login(settings: &str, server: &str, kept: &str) -> Effect {
    let argv = ["sh", "-c", FIND_LOGIN, "sh", settings, server].map(str::to_owned);
    Effect::Run(Run {
        argv: argv.to_vec(),
        inherit: INHERIT.map(str::to_owned).to_vec(),
        timeout: QUICK,
        output_limit: OUTPUT,
        keep_as: Some(kept.to_owned()),
        ..Run::default()
    })
}

const FIND_LOGIN: &str = include_str!("scripts/find-login.sh");
