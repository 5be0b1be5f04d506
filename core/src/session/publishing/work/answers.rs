//! What is heard of registries, indexes and forges, as an observation of the release or as what goes on.

use super::Goes;
use crate::forge::releases as forge;
use crate::index;
use crate::protocol::Completion;
use crate::registry::{
    Access, Answered, Asking, Bring, Bringing, Exchange, Going, Side, Trouble, Turn,
};
use crate::release::Observation;
use crate::release::inside::{Opened, Opening};
use crate::release::making::Made;

pub(super) fn made(made: Made) -> Goes {
    match made {
        Made::More => Goes::More,
        Made::Done => Goes::Over(Observation::Done),
        Made::Failed(trouble) => Goes::Over(Observation::Failed(trouble)),
    }
}

pub(super) fn indexed(asking: &mut index::Asking, completion: Option<&Completion>) -> Goes {
    let Some(completion) = completion else {
        return Goes::Over(failed("index-answer", "nobody was asked"));
    };
    match asking.on(completion) {
        index::Asked::Ask => Goes::More,
        index::Asked::Wait { millis, why } => Goes::Wait { millis, why },
        index::Asked::Over(Ok(listed)) => Goes::Over(Observation::Indexed(listed)),
        index::Asked::Over(Err(trouble)) => Goes::Over(Observation::Failed(trouble)),
    }
}

pub(super) fn opened(opening: &mut Opening, completion: Option<&Completion>) -> Goes {
    let Some(completion) = completion else {
        return Goes::Over(failed("index-answer", "nobody was asked"));
    };
    match opening.on(completion) {
        Opened::More => Goes::More,
        Opened::Wait { millis, why } => wait(millis, why),
        Opened::Over(Ok(inside)) => Goes::Over(Observation::Inside(inside)),
        Opened::Over(Err(trouble)) => Goes::Over(Observation::Failed(trouble)),
    }
}

pub(super) fn forged(running: &mut forge::Running, completion: Option<&Completion>) -> Goes {
    let Some(completion) = completion else {
        return Goes::Over(failed("forge-answer", "nobody was asked"));
    };
    match running.on(completion) {
        forge::Asked::Ask => Goes::More,
        forge::Asked::Wait { millis, why } => wait(millis, why),
        forge::Asked::Over(Ok(answer)) => Goes::Over(match answer {
            forge::Answer::Commit(commit) => Observation::Held(commit),
            forge::Answer::Release(release) => Observation::Announced(release),
            forge::Answer::Done => Observation::Done,
        }),
        // What it was asked to change may have been changed: it is looked at again.
        forge::Asked::Over(Err(trouble))
            if trouble.code == "forge-unreachable" && running.changes() =>
        {
            Goes::Over(Observation::Unclear(trouble))
        }
        forge::Asked::Over(Err(trouble)) => Goes::Over(Observation::Failed(trouble)),
    }
}

pub(super) fn asked(
    asking: &mut Asking,
    exchange: &mut Box<Exchange>,
    access: Option<&mut Access>,
    completion: Option<&Completion>,
) -> Goes {
    let (Some(access), Some(completion)) = (access, completion) else {
        return Goes::Over(failed("registry-answer", "nobody was asked"));
    };
    match exchange.on(completion, access) {
        Turn::Fetch(_) => Goes::More,
        Turn::Wait { millis, why } => {
            if let Some(first) = asking.before_again(exchange) {
                **exchange = first;
            }
            wait(millis, why)
        }
        Turn::Over(got) => match asking.on(got) {
            Going::Ask(next) => {
                *exchange = next;
                Goes::More
            }
            Going::Done(Ok(answered)) => Goes::Over(observed(answered)),
            Going::Done(Err(trouble)) => Goes::Over(Observation::Failed(trouble)),
        },
    }
}

pub(super) fn brought(
    bringing: &mut Bringing,
    side: &mut Side,
    exchange: &mut Box<Exchange>,
    access: Option<&mut Access>,
    completion: Option<&Completion>,
) -> Goes {
    let (Some(access), Some(completion)) = (access, completion) else {
        return Goes::Over(failed("registry-answer", "nobody was asked"));
    };
    match exchange.on(completion, access) {
        Turn::Fetch(_) => Goes::More,
        Turn::Wait { millis, why } => {
            if let Some(first) = bringing.before_again(exchange) {
                **exchange = first;
            }
            wait(millis, why)
        }
        Turn::Over(got) => match bringing.on(got, exchange.source(access)) {
            Bring::Ask(next, first) => {
                (*side, *exchange) = (next, first);
                Goes::More
            }
            Bring::Over(Ok(answered)) => Goes::Over(observed(answered)),
            Bring::Over(Err(trouble)) => Goes::Over(Observation::Failed(trouble)),
        },
    }
}

pub(super) const fn wait(millis: u64, why: String) -> Goes {
    Goes::Wait {
        millis,
        why: Some(why),
    }
}

pub(super) fn failed(code: &'static str, text: &str) -> Observation {
    Observation::Failed(Trouble::new(code, text))
}

pub(super) fn observed(answered: Answered) -> Observation {
    match answered {
        Answered::Tags(tags) => Observation::Tags(tags),
        Answered::Held(held) => Observation::Held(held),
        Answered::Described(described) => Observation::Described(described),
        Answered::Named | Answered::Writable => Observation::Done,
        // Those are no acts of a release.
        Answered::Proof { .. } | Answered::Proven { .. } => Observation::Done,
    }
}
