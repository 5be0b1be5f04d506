//! What the environment sets: `DOCKER_METADATA_*` and `SOURCE_DATE_EPOCH`.

use std::collections::BTreeMap;

use super::mistake::{Mistake, WhenNeeded, code};
use super::number::number;
use crate::event::date;
use crate::protocol::Timestamp;

/// The variables that count.
pub const ENV_NAMES: [&str; 5] = [PR_HEAD, SHORT_LENGTH, LEVELS, SET_ENV, EPOCH];

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    /// A pull request's own commit counts, not that of its trial merge.
    pub(super) pr_head: bool,
    /// How long a short SHA is; no number where what was written is none, which matters only where one is needed.
    pub(super) short: f64,
    /// What annotations are for: `manifest`, `index`, …
    pub(super) levels: Vec<String>,
    /// Whether outputs become variables, too.
    pub(super) set_env: bool,
    /// When the image says it was made. `None`: now.
    pub(super) created: Option<Timestamp>,
}

pub(super) fn read(env: &BTreeMap<String, String>, mistakes: &mut Vec<Mistake>) -> Settings {
    let get = |name: &str| {
        env.get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let short = get(SHORT_LENGTH).map_or(7.0, number);
    let set_env = match get(SET_ENV).unwrap_or("true") {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
        "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
        other => {
            let message = format!("`{other}` is neither true nor false");
            mistakes.push(Mistake::new(code::BOOLEAN, SET_ENV, message));
            true
        }
    };
    let created = get(EPOCH).and_then(|text| {
        let found = date::from_seconds(text);
        if found.is_none() {
            let message = format!("`{text}` is no whole number of seconds since 1970");
            mistakes.push(Mistake::new(code::DATE, EPOCH, message));
        }
        found
    });
    Settings {
        pr_head: get(PR_HEAD).is_some_and(|value| value.to_ascii_lowercase().contains("true")),
        short,
        levels: get(LEVELS)
            .unwrap_or("manifest")
            .split(',')
            .map(str::to_owned)
            .collect(),
        set_env,
        created,
    }
}

impl Settings {
    /// A mistake where its length is no number.
    pub(super) fn short_sha(&self, sha: &str) -> WhenNeeded<String> {
        if self.short.is_nan() {
            let mistake = Mistake::new(code::NUMBER, SHORT_LENGTH, "is not a valid number");
            return Err(Box::new(mistake));
        }
        let length = sha.chars().count();
        // Also where the length is beyond any whole number.
        let kept = (0..length)
            .take_while(|at| u32::try_from(*at).is_ok_and(|at| f64::from(at) + 1.0 <= self.short));
        Ok(sha.chars().take(kept.count()).collect())
    }
}

const PR_HEAD: &str = "DOCKER_METADATA_PR_HEAD_SHA";
const SHORT_LENGTH: &str = "DOCKER_METADATA_SHORT_SHA_LENGTH";
const LEVELS: &str = "DOCKER_METADATA_ANNOTATIONS_LEVELS";
const SET_ENV: &str = "DOCKER_METADATA_SET_OUTPUT_ENV";
const EPOCH: &str = "SOURCE_DATE_EPOCH";

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str, value: &str) -> Result<Settings, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let env = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let settings = read(&env, &mut mistakes);
        if mistakes.is_empty() {
            Ok(settings)
        } else {
            Err(mistakes)
        }
    }

    #[test]
    fn cuts_a_sha_to_its_length() {
        let rows = [
            ("", "0123456"),
            ("4", "0123"),
            (" 4.9 ", "0123"),
            ("60", "0123456789"),
            ("10", "0123456789"),
            ("0", ""),
            ("-1", ""),
            ("Infinity", "0123456789"),
            ("0x2", "01"),
        ];
        for (value, expected) in rows {
            let settings = settings(SHORT_LENGTH, value).expect("it is a number");
            assert_eq!(
                settings.short_sha("0123456789"),
                Ok(expected.to_owned()),
                "{value}"
            );
        }
        let settings = settings(SHORT_LENGTH, "x").expect("nothing needs it yet");
        assert!(settings.short_sha("0123456789").is_err());
    }

    #[test]
    fn reads_truth_as_go_does() {
        for (value, expected) in [
            ("", true),
            ("1", true),
            ("T", true),
            ("0", false),
            ("False", false),
        ] {
            assert_eq!(
                settings(SET_ENV, value).map(|settings| settings.set_env),
                Ok(expected),
                "{value}"
            );
        }
        assert!(settings(SET_ENV, "yes").is_err());
        for (value, expected) in [("TRUE", true), ("untrue", true), ("1", false), ("", false)] {
            assert_eq!(
                settings(PR_HEAD, value).map(|settings| settings.pr_head),
                Ok(expected),
                "{value}"
            );
        }
    }

    #[test]
    fn reads_levels_and_the_date_of_the_source() {
        let levels = |value| settings(LEVELS, value).map(|settings| settings.levels);
        assert_eq!(levels(""), Ok(vec!["manifest".to_owned()]));
        assert_eq!(
            levels("index, manifest"),
            Ok(vec!["index".to_owned(), " manifest".to_owned()])
        );
        let created = settings(EPOCH, "1578616200").map(|settings| settings.created);
        assert_eq!(created, Ok(Some(Timestamp(1_578_616_200_000))));
        assert!(settings(EPOCH, "today").is_err());
    }
}
