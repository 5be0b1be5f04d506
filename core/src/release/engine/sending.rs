//! What came of sending an image.

use super::trouble;
use crate::protocol::Completion;
use crate::registry::{Repository, Trouble, is_digest};

/// How often an image is sent.
pub(super) const TRIES: u32 = 4;

/// What came of sending an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is there, by this digest, as the engine says.
    Yes(String),
    /// Not yet: again after so many milliseconds.
    Again {
        /// How many.
        millis: u64,
        /// Why.
        why: String,
    },
    /// No.
    No(Trouble),
}

/// What came of sending to a repository, the `tries`-th time.
#[must_use]
pub fn read_push(done: &[Completion], repository: &Repository, tries: u32) -> Sent {
    match done.last() {
        Some(Completion::Exited { code: Some(0), .. }) => match sent(done, repository) {
            Some(digest) => Sent::Yes(digest),
            None => Sent::No(Trouble::new(
                "engine-error",
                format!(
                    "the image was sent, and the engine does not say by which digest it is in {repository}"
                ),
            )),
        },
        other => {
            let trouble = trouble(other);
            let hopeless = matches!(
                trouble.code,
                "engine-missing"
                    | "engine-unreachable"
                    | "registry-denied"
                    | "secret-missing"
                    | "not-built"
            );
            if hopeless || tries >= TRIES {
                return Sent::No(trouble);
            }
            Sent::Again {
                millis: 1_000 << tries,
                why: trouble.text,
            }
        }
    }
}

/// The digest that the image has there: as the command line said when it sent it, else as the engine has noted. An engine may have
/// noted others of the same image, from before.
fn sent(done: &[Completion], repository: &Repository) -> Option<String> {
    let said: Vec<&str> = done
        .iter()
        .filter_map(|it| {
            if let Completion::Exited { stdout, .. } = it {
                Some(stdout.as_str())
            } else {
                None
            }
        })
        .collect();
    let [.., pushed, noted] = said.as_slice() else {
        return None;
    };
    let after = |line: &str| {
        let (_, rest) = line.split_once(" digest: ")?;
        rest.split_whitespace().next().map(str::to_owned)
    };
    let pushed = pushed.lines().rev().find_map(after);
    let noted: Vec<String> = serde_json::from_str(noted).unwrap_or_default();
    let there = noted.iter().rev().find_map(|it| match it.split_once('@') {
        Some((name, digest)) => repository
            .is_same(&Repository::parse(name))
            .then(|| digest.to_owned()),
        None => Some(it.clone()),
    });
    pushed.or(there).filter(|digest| is_digest(digest))
}
