//! What is heard of an act that did not go through.

use std::collections::BTreeMap;

use cd_core::rollout::{Action, Done, Observation, Ran, Seen, Started};

pub(super) const WHY: &str = "bad luck";

/// The answer to an act that gave way to the stop button.
pub(super) fn stopped(action: &Action) -> Observation {
    failed(action, Done::Stopped("somebody".to_owned()))
}

/// The answer to an act that did not go through.
pub(super) fn failed(action: &Action, done: Done) -> Observation {
    match action {
        Action::Start(_) | Action::Revive(_) => Observation::Started(match done {
            Done::Yes => Started::Yes,
            Done::No(why)
            | Done::Refused(why)
            | Done::Mute(why)
            | Done::Fenced(why)
            | Done::Stopped(why) => Started::No(why),
            Done::Unknown(why) => Started::Unknown(why),
        }),
        Action::Route { .. } => Observation::Routed {
            done,
            lingering: Vec::new(),
        },
        Action::Hook(_) => Observation::Hooked(match done {
            Done::Unknown(why) => Ran::Cut(why),
            Done::Yes
            | Done::No(_)
            | Done::Refused(_)
            | Done::Mute(_)
            | Done::Fenced(_)
            | Done::Stopped(_) => Ran::Not(WHY.to_owned()),
        }),
        Action::Adopt(_)
        | Action::Record(..)
        | Action::Stop(_)
        | Action::Remove(_)
        | Action::Conclude(_)
        | Action::Probe(_)
        | Action::Watch(_)
        | Action::Measure(_)
        | Action::Log(_) => Observation::Acted(done),
    }
}

/// The answer to a question that saw nothing.
pub(super) fn blind(action: &Action) -> Observation {
    match action {
        Action::Probe(members) => Observation::Probed(
            members
                .iter()
                .map(|it| (it.id, Seen::Nothing(WHY.to_owned())))
                .collect(),
        ),
        Action::Adopt(_)
        | Action::Record(..)
        | Action::Start(_)
        | Action::Revive(_)
        | Action::Route { .. }
        | Action::Watch(_)
        | Action::Measure(_)
        | Action::Log(_)
        | Action::Hook(_)
        | Action::Stop(_)
        | Action::Remove(_)
        | Action::Conclude(_) => Observation::Watched(BTreeMap::new()),
    }
}
