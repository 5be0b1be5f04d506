//! The proof that another environment can read: that this image was proven here, and since when.
//!
//! It is an image index in the image's own repository, under the tag `proven-<environment>.<service>-<12 digits>` (the first
//! twelve of the image's digest). One image can be several services, of which each is proven by itself. It lists what the image lists, and says the rest in its annotations. So it needs nothing but what every
//! registry has, and reading it needs nothing but the right to pull. What was refused for it, and what it does not say:
//! `docs/decisions/0020-the-proof-in-the-registry.md`.

use serde_json::{Map, Value, json};

use crate::event::date;
use crate::protocol::Timestamp;
use crate::registry::is_digest;

/// Digits of the digest in the tag. The whole of it is inside.
const DIGITS: usize = 12;

/// What an image index is.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Before every annotation of ours.
const PREFIX: &str = "cd-action.proven.";

/// That an image was proven in an environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// The service.
    pub service: String,
    /// Where.
    pub environment: String,
    /// Of the image, `sha256:…`.
    pub digest: String,
    /// The image's name for people.
    pub version: String,
    /// The configuration hash it was proven with, which is another one in every environment.
    pub config_hash: String,
    /// When it was committed there for the first time, by the registry's clock as near as can be told.
    pub at: Timestamp,
    /// Where the run can be looked at.
    pub url: Option<String>,
}

/// What is to be proven: that this image was, as this service, in this environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The service.
    pub service: &'a str,
    /// Where.
    pub environment: &'a str,
    /// Of the image, `sha256:…`.
    pub digest: &'a str,
}

impl Claim<'_> {
    /// The tag under which the proof is to be found; `None`: this is no digest that has one. No name has a dot in it.
    #[must_use]
    pub fn tag(&self) -> Option<String> {
        let digest = self.digest;
        let digits = is_digest(digest).then(|| digest.strip_prefix("sha256:"))??;
        let (environment, service) = (self.environment, self.service);
        let digits = digits.get(..DIGITS)?;
        Some(format!("proven-{environment}.{service}-{digits}"))
    }
}

impl Proof {
    /// What it proves.
    #[must_use]
    pub fn claim(&self) -> Claim<'_> {
        Claim {
            service: &self.service,
            environment: &self.environment,
            digest: &self.digest,
        }
    }

    /// The index. `manifest` is the image's own, of that type and so many bytes.
    #[must_use]
    pub fn index(&self, manifest: &Value, media_type: &str, size: usize) -> String {
        let own = json!([{ "mediaType": media_type, "digest": self.digest, "size": size }]);
        // An index inside an index is not taken by every registry.
        let manifests = manifest.get("manifests").cloned().unwrap_or(own);
        let mut annotations = Map::new();
        let mut note = |key: &str, value: &str| {
            annotations.insert(format!("{PREFIX}{key}"), Value::from(value));
        };
        note("service", &self.service);
        note("environment", &self.environment);
        note("digest", &self.digest);
        note("version", &self.version);
        note("configuration", &self.config_hash);
        note("at", &date::iso(self.at));
        if let Some(url) = &self.url {
            note("run", url);
        }
        let index = json!({
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": manifests,
            "annotations": annotations,
        });
        index.to_string()
    }

    /// Reads an index; says why it is no proof.
    ///
    /// # Errors
    /// In words, where something is missing or cannot be what it says.
    pub fn read(index: &str) -> Result<Self, String> {
        let index: Value = serde_json::from_str(index).map_err(|_| "it is no JSON".to_owned())?;
        let note = |key: &str| {
            let key = format!("{PREFIX}{key}");
            let text = index.get("annotations")?.get(key)?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let has = |key: &str| note(key).ok_or_else(|| format!("it has no `{PREFIX}{key}`"));
        let digest = has("digest")?;
        if !is_digest(&digest) {
            return Err(format!("`{digest}` is no digest"));
        }
        let at = has("at")?;
        Ok(Self {
            service: has("service")?,
            environment: has("environment")?,
            version: note("version").unwrap_or_default(),
            config_hash: note("configuration").unwrap_or_default(),
            at: date::parse(&at).ok_or_else(|| format!("`{at}` is no time"))?,
            url: note("run"),
            digest,
        })
    }
}

/// What a registry's answer says of an image in another environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is proven there, and has been for long enough.
    Proven {
        /// Since when, by the registry's clock.
        since: Timestamp,
        /// Milliseconds that is ago.
        ago: u64,
    },
    /// It is proven there, and not for long enough yet.
    Soaking {
        /// Since when, by the registry's clock.
        since: Timestamp,
        /// Milliseconds that are still to come.
        left: u64,
    },
    /// It never was, as far as the registry knows.
    Absent,
    /// What is there is the proof of another image, of this digest.
    Other(String),
    /// What is there is no proof, for this reason.
    Unreadable(String),
}

/// What the `index` under the proof's tag says, read when the registry's clock said `clock`.
///
/// A proof that lies in the registry's future begins to soak when that is reached: nothing is gained by a clock that is wrong.
#[must_use]
pub fn standing(claim: Claim<'_>, soak: u64, index: Option<&str>, clock: Timestamp) -> Standing {
    let proof = match index.map(Proof::read) {
        None => return Standing::Absent,
        Some(Err(why)) => return Standing::Unreadable(why),
        Some(Ok(proof)) => proof,
    };
    if proof.environment != claim.environment {
        let why = format!("it is of the environment `{}`", proof.environment);
        return Standing::Unreadable(why);
    }
    if proof.service != claim.service {
        return Standing::Unreadable(format!("it is of the service `{}`", proof.service));
    }
    if proof.digest != claim.digest {
        return Standing::Other(proof.digest);
    }
    let since = proof.at;
    match since.plus(soak).since(clock) {
        0 => Standing::Proven {
            since,
            ago: clock.since(since),
        },
        left => Standing::Soaking { since, left },
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    pub(crate) fn proof(at: u64) -> Proof {
        Proof {
            service: "tasks".to_owned(),
            environment: "staging".to_owned(),
            digest: digest('a'),
            version: "2.4.0".to_owned(),
            config_hash: "c".repeat(64),
            at: Timestamp(at),
            url: Some("https://forge.example/runs/7".to_owned()),
        }
    }

    /// What stands there for the image that is proven.
    fn ours(soak: u64, index: Option<&str>, clock: u64) -> Standing {
        standing(proof(0).claim(), soak, index, Timestamp(clock))
    }

    #[test]
    fn the_tag_names_the_environment_the_service_and_twelve_digits() {
        let of = |service, environment, digest: &str| {
            let claim = Claim {
                service,
                environment,
                digest,
            };
            claim.tag()
        };
        let a = digest('a');
        assert_eq!(
            of("tasks", "staging", &a).as_deref(),
            Some("proven-staging.tasks-aaaaaaaaaaaa")
        );
        assert_ne!(of("a-b", "c", &a), of("b", "c-a", &a));
        for none in ["", "sha256:abc", "sha512:aaaa", "v1", &digest('A')] {
            assert_eq!(of("tasks", "staging", none), None, "{none}");
        }
        let longest = "x".repeat(40);
        let longest = of(&longest, &longest, &a).map(|it| it.len());
        assert!(longest <= Some(128), "a tag has at most 128 characters");
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let image = json!({ "schemaVersion": 2, "config": {} });
        for proof in [
            proof(1_795_343_465_000),
            Proof {
                url: None,
                ..proof(0)
            },
        ] {
            let index = proof.index(&image, "application/vnd.oci.image.manifest.v1+json", 7);
            assert_eq!(Proof::read(&index), Ok(proof.clone()));
            let index: Value = serde_json::from_str(&index).expect("it is JSON");
            assert_eq!(
                index.pointer("/manifests/0"),
                Some(&json!({
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": proof.digest,
                    "size": 7
                })),
                "it lists the image"
            );
        }
    }

    #[test]
    fn of_an_index_it_lists_what_that_lists() {
        let inner = json!([{ "digest": digest('b'), "size": 1, "mediaType": "m", "platform": { "os": "linux" } }]);
        let index = proof(1).index(&json!({ "manifests": inner }), INDEX, 7);
        let index: Value = serde_json::from_str(&index).expect("it is JSON");
        assert_eq!(index.get("manifests"), Some(&inner));
    }

    #[test]
    fn what_says_less_is_no_proof() {
        let whole = proof(1_000).index(&json!({}), "m", 7);
        let value: Value = serde_json::from_str(&whole).expect("it is JSON");
        for key in ["service", "environment", "digest", "at"] {
            let mut value = value.clone();
            let notes = value.get_mut("annotations").and_then(Value::as_object_mut);
            notes
                .expect("it has some")
                .remove(&format!("{PREFIX}{key}"));
            let why = Proof::read(&value.to_string()).expect_err("something is missing");
            assert!(why.contains(key), "{why}");
        }
        for text in ["", "[]", "{}", "{\"annotations\":null}"] {
            assert!(Proof::read(text).is_err(), "{text}");
        }
        assert!(Proof::read(&whole.replace(&digest('a'), "sha256:a")).is_err());
        assert!(Proof::read(&whole.replace("1970-01-01", "1970-99-01")).is_err());
    }

    /// All 7 × 5 cases of what is there and when it is read: nothing, no JSON, a proof of another environment, of another image
    /// with the same first digits, without a time, the right one, and one of another service; long before it, at it, within the soak, at its end, later.
    #[test]
    fn only_the_proof_of_this_very_image_that_is_old_enough_counts() {
        const AT: u64 = 1_000_000;
        const SOAK: u64 = 60_000;
        let right = proof(AT).index(&json!({}), "m", 7);
        let near = format!("sha256:{}{}", "a".repeat(12), "b".repeat(52));
        let timeless = right.replace("cd-action.proven.at", "cd-action.proven.when");
        let service = right.replace("\"tasks\"", "\"worker\"");
        let things: [Option<String>; 7] = [
            None,
            Some("rubbish".to_owned()),
            Some(right.replace("\"staging\"", "\"test\"")),
            Some(right.replace(&digest('a'), &near)),
            Some(timeless),
            Some(right),
            Some(service),
        ];
        let clocks = [0, AT, AT + SOAK - 1, AT + SOAK, u64::MAX];
        let (mut seen, mut proven) = (0, 0);
        for (place, thing) in things.iter().enumerate() {
            for clock in clocks {
                let found = ours(SOAK, thing.as_deref(), clock);
                let since = Timestamp(AT);
                let expected = match (place, clock) {
                    (0, _) => Standing::Absent,
                    (3, _) => Standing::Other(near.clone()),
                    (5, clock) if clock >= AT + SOAK => {
                        let ago = clock - AT;
                        Standing::Proven { since, ago }
                    }
                    (5, clock) => {
                        let left = AT + SOAK - clock;
                        Standing::Soaking { since, left }
                    }
                    _ => {
                        assert!(
                            matches!(found, Standing::Unreadable(_)),
                            "{place} {found:?}"
                        );
                        found.clone()
                    }
                };
                assert_eq!(found, expected, "{place} at {clock}");
                seen += 1;
                proven += usize::from(matches!(found, Standing::Proven { .. }));
            }
        }
        assert_eq!((seen, proven), (35, 2));
    }

    #[test]
    fn without_a_soak_a_proof_counts_at_once() {
        let index = proof(7_000).index(&json!({}), "m", 7);
        let at = |clock| ours(0, Some(&index), clock);
        assert!(matches!(at(7_000), Standing::Proven { ago: 0, .. }));
        assert!(matches!(at(6_999), Standing::Soaking { left: 1, .. }));
    }

    proptest! {
        /// Whatever stands there, it is no proof unless it names this digest, this environment and a time.
        #[test]
        fn nothing_else_is_ever_a_proof(text in ".{0,80}", clock in any::<u64>(), soak in any::<u64>()) {
            let found = ours(soak, Some(&text), clock);
            prop_assert!(matches!(found, Standing::Unreadable(_)), "{:?}", found);
        }

        /// Time only ever helps, and a longer soak never does.
        #[test]
        fn later_is_never_worse_and_longer_never_better(at in 0..4_000_000_000_000_u64, soak in 0..1_000_000_000_u64, clock in 0..5_000_000_000_000_u64, more in 0..1_000_000_000_u64) {
            let index = proof(at).index(&json!({}), "m", 7);
            let proven = |soak, clock| {
                let found = ours(soak, Some(&index), clock);
                matches!(found, Standing::Proven { .. })
            };
            prop_assert!(!proven(soak, clock) || proven(soak, clock + more));
            prop_assert!(!proven(soak + more, clock) || proven(soak, clock));
        }
    }
}
