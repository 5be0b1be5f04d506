//! The stop button of an environment: who set it, why, and until when.
//!
//! It is kept in two places at the target. The button's own file is what every step that brings something new looks at, in
//! the same breath in which it acts; whoever presses needs no lease for it, or a running deploy could not be stopped. The
//! ledger is where it is remembered: whoever holds the lease next records what was pressed. Times are by the target's
//! clock. Why it is like that: `docs/decisions/0019-the-stop-button.md`.

use serde::{Deserialize, Serialize};

use crate::protocol::Timestamp;

/// The code of a run that the button held, and the name by which a person overrides it.
pub const CODE: &str = "stopped";

/// What `override` calls it.
pub const NAME: &str = "stop";

/// One pressing of the button.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "generate", derive(ts_rs::TS))]
pub struct Stop {
    /// One word, told apart from every other pressing.
    pub id: String,
    /// Who pressed it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub who: Option<String>,
    /// Why, in the person's own words.
    pub reason: String,
    /// When, by the target's clock.
    pub since: Timestamp,
    /// When it ends by itself, by the target's clock; `None`: when somebody lifts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub until: Option<Timestamp>,
    /// Where the run that set it can be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "generate", ts(optional = nullable))]
    pub url: Option<String>,
}

impl Stop {
    /// Whether it stands. A clock that could not be read ends no stop.
    #[must_use]
    pub fn stands(&self, clock: Option<Timestamp>) -> bool {
        let ran_out = |until: Timestamp| clock.is_some_and(|clock| clock >= until);
        !self.until.is_some_and(ran_out)
    }

    /// The button's file: what the scripts at the target read, then all of it.
    #[must_use]
    pub fn file(&self) -> String {
        // Rounded up: it stands for no less than was said.
        let until = self.until.map_or(0, |until| until.0.div_ceil(1000));
        let all = serde_json::to_string(self).expect("words and numbers are always JSON");
        format!("id {}\nuntil {until}\nstop {all}\n", self.id)
    }

    /// Reads the button's file. That there is one is what counts: what cannot be read stands until it is lifted.
    #[must_use]
    pub fn read(file: &str) -> Self {
        let line = |key: &str| {
            let mut lines = file.lines();
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
        };
        let stop = line("stop").and_then(|json| serde_json::from_str(json).ok());
        stop.unwrap_or_else(|| Self {
            id: line("id").unwrap_or("unreadable").to_owned(),
            who: None,
            reason: "the button's file at the target cannot be read".to_owned(),
            since: Timestamp(0),
            until: None,
            url: None,
        })
    }
}

/// The stop that stands; `None`: nothing is stopped.
///
/// What was `pressed` is never older than what is `recorded`: where both are there, only the first counts.
#[must_use]
pub fn standing<'a>(
    pressed: Option<&'a Stop>,
    recorded: Option<&'a Stop>,
    clock: Option<Timestamp>,
) -> Option<&'a Stop> {
    pressed.or(recorded).filter(|stop| stop.stands(clock))
}

/// What was pressed and is not in the ledger yet.
#[must_use]
pub fn unrecorded<'a>(pressed: Option<&'a Stop>, recorded: Option<&Stop>) -> Option<&'a Stop> {
    pressed.filter(|pressed| recorded.is_none_or(|recorded| recorded.id != pressed.id))
}

/// When a stop is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// So many milliseconds after it was set.
    After(u64),
    /// Then.
    At(Timestamp),
}

impl Until {
    /// The moment, by the clock by which it is set.
    #[must_use]
    pub fn moment(self, clock: Timestamp) -> Timestamp {
        match self {
            Self::After(millis) => clock.plus(millis),
            Self::At(at) => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(id: &str, until: Option<u64>) -> Stop {
        Stop {
            id: id.to_owned(),
            who: Some("kim".to_owned()),
            reason: "the \"database\"\nis being moved".to_owned(),
            since: Timestamp(1_000),
            until: until.map(Timestamp),
            url: None,
        }
    }

    /// All 3 × 3 × 3 cases of what the file says, what the ledger says and how late it is: nothing, a stop that ends at
    /// 5 s and one without an end; before that, then, and a clock that nobody can read.
    #[test]
    fn what_was_pressed_counts_before_what_is_recorded_and_a_clock_that_is_not_known_ends_nothing()
    {
        let cases = [None, Some(Some(5_000)), Some(None)];
        let clocks = [Some(4_999), Some(5_000), None];
        let mut seen = 0;
        for pressed in cases {
            for recorded in cases {
                for clock in clocks {
                    let file = pressed.map(|until| stop("pressed", until));
                    let ledger = recorded.map(|until| stop("recorded", until));
                    let found = standing(file.as_ref(), ledger.as_ref(), clock.map(Timestamp));
                    let over = clock == Some(5_000);
                    let expected = match (pressed, recorded) {
                        (Some(Some(_)), _) if over => None,
                        (Some(_), _) => Some("pressed"),
                        (None, Some(Some(_))) if over => None,
                        (None, Some(_)) => Some("recorded"),
                        (None, None) => None,
                    };
                    assert_eq!(found.map(|it| it.id.as_str()), expected);
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, 27);
    }

    #[test]
    fn a_pressing_is_recorded_once() {
        let (one, other) = (stop("one", None), stop("other", None));
        assert_eq!(unrecorded(None, Some(&one)), None);
        assert_eq!(unrecorded(Some(&one), Some(&one)), None);
        assert_eq!(unrecorded(Some(&one), Some(&other)), Some(&one));
        assert_eq!(unrecorded(Some(&one), None), Some(&one));
    }

    #[test]
    fn the_file_says_it_all_and_keeps_its_lines() {
        for until in [None, Some(5_001)] {
            let stop = stop("a.1", until);
            let file = stop.file();
            assert_eq!(file.lines().count(), 3, "whatever the reason holds: {file}");
            assert_eq!(Stop::read(&file), stop);
        }
        assert!(stop("a", Some(5_001)).file().contains("\nuntil 6\n"));
        assert!(stop("a", None).file().contains("\nuntil 0\n"));
    }

    #[test]
    fn a_file_that_cannot_be_read_stands() {
        for file in ["", "id a\nuntil 0\nstop {", "rubbish"] {
            let stop = Stop::read(file);
            assert!(stop.stands(Some(Timestamp(u64::MAX))), "{file:?}");
            assert!(stop.reason.contains("cannot be read"));
        }
        assert_eq!(Stop::read("id a\nstop {").id, "a");
    }
}
