//! What a run tells of what it brings and asks a person in mid-rollout, and what the person says: two small files at the target.
//!
//! The run has the lease, and looks at the target all the time: with each look it writes what it asks, if it asks, and reads what was said.
//! Whoever promotes or aborts needs no lease for it, or would have to wait for the very run that waits. A word names the token
//! of the lease and the share: so it counts for this rollout and this share alone, and is void once that run is gone. Why it is
//! like that: `docs/decisions/0031-a-person-between-the-shares.md`.

use serde::{Deserialize, Serialize};

use crate::protocol::{Outcome, Timestamp};
use crate::rollout::{Says, Word};
use crate::spec::{Generation, Token};

/// What a person is asked, as it is told at the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Question {
    /// The lease of the run that asks.
    pub token: Token,
    /// The share of the traffic of which a person is asked, or was last, in percent; 0: of none so far.
    pub share: u8,
    /// Its generation.
    pub generation: Generation,
    /// Its version, for people.
    pub version: String,
    /// Where the run can be looked at.
    pub url: Option<String>,
    /// Since when nothing but the person is waited for, and until when; `None`: its evidence was never whole yet.
    pub waits: Option<(Timestamp, Timestamp)>,
    /// What of its evidence is missing now; `None`: nothing.
    pub lacks: Option<String>,
    /// Whose word was heard, by its id.
    pub heard: Option<String>,
    /// What became of it.
    pub became: Stage,
}

/// What became of a candidate of which a person was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It still has this share.
    Asks,
    /// It has got more of the traffic, or is about to; or nobody is asked, and it goes on by itself.
    More,
    /// It is being put away, for this.
    Less(String),
    /// It has passed a point of no return, and goes on whatever is said.
    Past,
    /// It is committed, and what served before is put away.
    Kept,
    /// The rollout is over.
    Over {
        /// How.
        outcome: Outcome,
        /// A stable code.
        reason: String,
        /// What that rests on, for people.
        because: Vec<String>,
        /// Instances that could not be put away.
        #[serde(default)]
        left: Vec<String>,
    },
}

/// What a person said, as it is written at the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Spoken {
    /// The lease of the run that it is for.
    pub token: Token,
    /// The word.
    pub word: Word,
}

impl Question {
    /// Its file: what the script at the target reads, then all of it.
    #[must_use]
    pub fn file(&self) -> String {
        let asks = u8::from(self.became == Stage::Asks);
        let all = serde_json::to_string(self).expect("words and numbers are always JSON");
        format!(
            "token {}\nshare {}\nasks {asks}\nquestion {all}\n",
            self.token, self.share
        )
    }

    /// Reads its file. One that cannot be read asks nothing.
    #[must_use]
    pub fn read(file: &str) -> Option<Self> {
        read(file, "question ")
    }

    /// Whether a person is asked now, by the run that has this lease.
    #[must_use]
    pub fn stands(&self, token: Token) -> bool {
        self.token == token && self.became == Stage::Asks
    }
}

impl Spoken {
    /// Its file.
    #[must_use]
    pub fn file(&self) -> String {
        let all = serde_json::to_string(self).expect("words and numbers are always JSON");
        format!(
            "token {}\nshare {}\nsays {}\nword {all}\n",
            self.token,
            self.word.share.0,
            self.word.says.word()
        )
    }

    /// Reads its file. One that cannot be read says nothing.
    #[must_use]
    pub fn read(file: &str) -> Option<Self> {
        read(file, "word ")
    }
}

impl Says {
    /// As the command is called that says it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Abort => "abort",
        }
    }
}

fn read<'a, T: Deserialize<'a>>(file: &'a str, key: &str) -> Option<T> {
    let json = file.lines().find_map(|line| line.strip_prefix(key))?;
    serde_json::from_str(json).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::rollout::Share;

    pub(crate) fn question() -> Question {
        Question {
            token: Token(7),
            share: 25,
            generation: Generation(2),
            version: "v2".to_owned(),
            url: Some("https://forge.example/runs/7".to_owned()),
            waits: None,
            lacks: Some("it is watched for\n5 s more".to_owned()),
            heard: None,
            became: Stage::Asks,
        }
    }

    pub(crate) fn spoken() -> Spoken {
        Spoken {
            token: Token(7),
            word: Word {
                id: "1795343465000-aB3".to_owned(),
                share: Share(25),
                says: Says::Promote,
                who: "o'kim $(reboot)\nCD_END".to_owned(),
            },
        }
    }

    #[test]
    fn both_files_say_it_all_and_keep_their_lines() {
        let over = Stage::Over {
            outcome: Outcome::RolledBack,
            reason: "worse".to_owned(),
            because: vec!["token 8\nshare 50".to_owned()],
            left: vec!["g2-1".to_owned()],
        };
        for became in [
            Stage::Asks,
            Stage::More,
            Stage::Past,
            Stage::Kept,
            Stage::Less("says\nabort".to_owned()),
            over,
        ] {
            let question = Question {
                became,
                ..question()
            };
            let file = question.file();
            assert_eq!(file.lines().count(), 4, "{file}");
            assert_eq!(Question::read(&file).as_ref(), Some(&question));
            let asks = question.became == Stage::Asks;
            assert_eq!(file.contains("\nasks 1\n"), asks);
            for (token, same) in [(Token(7), true), (Token(8), false)] {
                assert_eq!(question.stands(token), asks && same);
            }
        }
        let file = spoken().file();
        assert_eq!(file.lines().count(), 4, "{file}");
        assert!(
            file.starts_with("token 7\nshare 25\nsays promote\nword {"),
            "{file}"
        );
        assert_eq!(Spoken::read(&file), Some(spoken()));
    }

    #[test]
    fn a_file_that_cannot_be_read_asks_nothing_and_says_nothing() {
        for file in [
            "",
            "rubbish",
            "token 7\nshare 25\nasks 1\nquestion {",
            "word 1",
        ] {
            assert_eq!((Question::read(file), Spoken::read(file)), (None, None));
        }
    }
}
