//! Whether an image was proven in another environment: asked of its registry.

use super::asks::{About, Heard, Told};
use crate::config::RegistryAuth;
use crate::gate::after::Answered;
use crate::gate::evidence::Missing;
use crate::proof::Claim;
use crate::protocol::{Completion, Timestamp};
use crate::registry::{self, Repository, Talk};

/// Milliseconds after which a registry is left alone.
const PATIENCE: u64 = 20_000;

/// An image, and how its registry is asked.
#[derive(Debug)]
pub(in super::super) struct InRegistry {
    /// The service that it is to be deployed as.
    pub(in super::super) service: String,
    pub(in super::super) image: String,
    pub(in super::super) digest: String,
    pub(in super::super) login: Option<RegistryAuth>,
}

/// What is asked about.
#[derive(Clone, Debug)]
pub(super) struct Of {
    service: String,
    digest: String,
}

/// The question to the image's registry whether it was proven in another environment.
pub(super) fn ask(environment: &str, about: About<'_>) -> Result<(Talk, Of), Missing> {
    let nowhere = || {
        let why = "this image is in no registry, so nothing tells whether it was proven elsewhere";
        let next = "publish it with `release`, and deploy it by the name that it has there";
        Missing {
            next: Some(next.to_owned()),
            ..Missing::lasting("no-registry", why)
        }
    };
    let image = about.image.ok_or_else(nowhere)?;
    let claim = Claim {
        service: &image.service,
        environment,
        digest: &image.digest,
    };
    let tag = claim.tag().ok_or_else(nowhere)?;
    let repository = Repository::parse(&image.image);
    let access = registry::Access::new(
        repository,
        image.login.clone().map(registry::Login::Variables),
        false,
    );
    let question = registry::Question::Proof { tag };
    let talk = Talk::new(access, question, about.now, PATIENCE);
    let (service, digest) = (image.service.clone(), image.digest.clone());
    Ok((talk, Of { service, digest }))
}

/// What was heard of a registry; `None`: it goes on.
pub(super) fn told(
    talk: &mut Talk,
    of: &Of,
    completion: &Completion,
    heard: &mut Heard,
    now: Timestamp,
) -> Option<Result<Told, Missing>> {
    match talk.on(completion, now) {
        registry::Next::Fetch => {
            heard.more = true;
            None
        }
        registry::Next::Wait => None,
        registry::Next::Over(Ok(registry::Answered::Proof { tag, index, at })) => {
            Some(Ok(Told::Proof(Answered {
                reference: talk.access().repository().tagged(&tag),
                service: of.service.clone(),
                digest: of.digest.clone(),
                index,
                clock: at.unwrap_or(now),
            })))
        }
        registry::Next::Over(Ok(_)) => Some(Err(Missing::lasting(
            "gate-unknown",
            "it answered another question",
        ))),
        registry::Next::Over(Err(trouble)) => Some(Err(match trouble.code {
            "registry-unreachable" => Missing::soon("registry-unreachable", trouble.text),
            code => Missing::lasting(code, trouble.text),
        })),
    }
}
