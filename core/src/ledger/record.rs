//! One line of the ledger: how it is written, and what a line must be to count as one.
//!
//! The frame is fixed byte for byte, so the body is cut out of the raw text and hashed as it was written. Nothing is
//! serialized again to verify: another version's order of members or way of writing numbers changes no hash.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Body, Fact, Head, Origin, State};
use crate::protocol::Timestamp;

/// Says how a body is to be understood. It grows when a member comes that an older reader must not pass over.
pub(super) const FORMAT: u32 = 4;

/// What is written where nothing in it is newer: every version understands it.
const FIRST: u32 = 1;

/// A snapshot that holds a stop: who passed over that would deploy all the same, and forget it.
const WITH_STOP: u32 = 2;

/// A snapshot that holds a candidate that waits: who passed over that would put it away as a dead run's.
const WITH_WAIT: u32 = 3;

/// What stands past a point of no return, and a snapshot that holds such a point: who passed over that would undo what is not to
/// be undone.
const WITH_POINT: u32 = 4;

/// Hexadecimal digits of a SHA-256.
const HASH_DIGITS: usize = 64;

const HEX: &[u8; 16] = b"0123456789abcdef";

const BEFORE_SEQ: &str = "{\"seq\":";
const BEFORE_PREV: &str = ",\"prev\":\"";
const BEFORE_BODY: &str = "\",\"body\":";
const BEFORE_HASH: &str = ",\"hash\":\"";
const END: &str = "\"}";

/// A line taken apart, its hash found right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// Counts from 1 through all segments.
    pub(super) seq: u64,
    /// The hash of the record before.
    pub(super) prev: &'a str,
    /// JSON, as it was written.
    pub(super) body: &'a str,
    /// Its own hash.
    pub(super) hash: &'a str,
}

/// What the body of a record says.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Everything that the records before come to.
    Snapshot(Box<State>),
    /// Something that happened.
    Fact(Box<Body>),
    /// Something that only a newer version understands; says what.
    Newer(String),
}

/// What every body begins with.
#[derive(Serialize, Deserialize)]
struct About<'a> {
    format: u32,
    at: Timestamp,
    run: std::borrow::Cow<'a, Origin>,
}

/// What every body of every format holds.
#[derive(Deserialize)]
struct Tag {
    format: u32,
    kind: String,
}

/// The record that begins a segment. Apart from [`Fact`], so that nobody can append one.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Opening {
    Snapshot { state: Box<State> },
}

impl<'a> Record<'a> {
    /// Takes a line apart and compares its hash; says what is wrong with it.
    pub(super) fn open(line: &'a str) -> Result<Self, String> {
        let (seq, record) = Self::split(line).ok_or("it is not a record")?;
        if record.hash.as_bytes() != digest(record.prev, seq, record.body) {
            return Err("its hash does not match its content".to_owned());
        }
        Ok(record)
    }

    /// The number a line claims to have, be it right or not.
    pub(super) fn claimed_seq(line: &str) -> Option<u64> {
        let (seq, _) = line.strip_prefix(BEFORE_SEQ)?.split_once(',')?;
        seq.parse().ok()
    }

    /// The head of a ledger that ends with this record.
    pub(super) fn head(&self) -> Head {
        Head {
            seq: self.seq,
            hash: self.hash.to_owned(),
        }
    }

    /// Says why this cannot be the record after the one with this number and this hash, if it cannot.
    pub(super) fn follow(&self, before: u64, hash: &str) -> Result<(), String> {
        let expected = before + 1;
        if self.seq > expected {
            return Err(match self.seq - 1 {
                last if last == expected => format!("record {expected} is missing before it"),
                last => format!("records {expected} to {last} are missing before it"),
            });
        }
        if self.seq < expected {
            return Err(format!("it stands where record {expected} belongs"));
        }
        if self.prev != hash {
            return Err(match before {
                0 => "it is the first record, but follows another".to_owned(),
                seq => format!("it does not follow record {seq} as that stands"),
            });
        }
        Ok(())
    }

    /// The digits of the number as they stand there (they are hashed so), and the parts.
    fn split(line: &'a str) -> Option<(&'a str, Self)> {
        let (digits, rest) = line.strip_prefix(BEFORE_SEQ)?.split_once(BEFORE_PREV)?;
        let (prev, rest) = rest.split_at_checked(HASH_DIGITS)?;
        let rest = rest.strip_prefix(BEFORE_BODY)?.strip_suffix(END)?;
        let (rest, hash) = rest.split_at_checked(rest.len().checked_sub(HASH_DIGITS)?)?;
        let body = rest.strip_suffix(BEFORE_HASH)?;
        let seq = digits
            .parse()
            .ok()
            .filter(|seq| (1..u64::MAX).contains(seq))?;
        Some((
            digits,
            Self {
                seq,
                prev,
                body,
                hash,
            },
        ))
    }
}

/// Writes the record after `head`: the line without its newline, and the new head.
pub(super) fn seal(head: &Head, body: &str) -> (String, Head) {
    let seq = head.seq + 1;
    let digits = seq.to_string();
    let hash = digest(&head.hash, &digits, body);
    let hash = hash.map(char::from).iter().collect::<String>();
    let prev = &head.hash;
    let line = format!(
        "{BEFORE_SEQ}{digits}{BEFORE_PREV}{prev}{BEFORE_BODY}{body}{BEFORE_HASH}{hash}{END}"
    );
    (line, Head { seq, hash })
}

/// Whether a crash while the record after `head` was being written can have left this: the whole line without its
/// newline, or its beginning.
pub(super) fn is_torn(head: &Head, tail: &str) -> bool {
    if let Ok(record) = Record::open(tail) {
        return record.follow(head.seq, &head.hash).is_ok();
    }
    // Some file systems make a file longer before its bytes are there. A record holds no such byte.
    let written = tail.trim_end_matches('\0');
    let frame = format!(
        "{BEFORE_SEQ}{}{BEFORE_PREV}{}{BEFORE_BODY}{{",
        head.seq + 1,
        head.hash
    );
    let begins = written.starts_with(&frame) || frame.starts_with(written);
    let parsed = serde_json::from_str::<serde::de::IgnoredAny>(written);
    begins && parsed.is_err_and(|error| error.is_eof())
}

/// The body of a fact.
pub(super) fn encode(body: &Body) -> String {
    let stands = matches!(&body.fact, Fact::Ended(ended) if ended.stands.is_some());
    join(if stands { WITH_POINT } else { FIRST }, body, &body.fact)
}

/// The body of a snapshot, in the name of whoever's record made it necessary.
pub(super) fn encode_snapshot(cause: &Body, state: &State) -> String {
    let waits = state.open.as_ref().is_some_and(|open| open.waits.is_some());
    let points = !state.points.is_empty() || !state.unfinished.is_empty() || state.stands.is_some();
    let format = match (waits, &state.stop) {
        _ if points => WITH_POINT,
        (true, _) => WITH_WAIT,
        (false, Some(_)) => WITH_STOP,
        (false, None) => FIRST,
    };
    join(
        format,
        cause,
        &Opening::Snapshot {
            state: Box::new(state.clone()),
        },
    )
}

/// Understands a body whose hash is right, so whoever wrote it meant it: what does not parse is newer, not forged.
pub(super) fn decode(body: &str) -> Result<Content, String> {
    let tag: Tag = serde_json::from_str(body).map_err(|_| "its body has no format and kind")?;
    if tag.format > FORMAT {
        return Ok(Content::Newer(format!(
            "has format {}, this version knows {FORMAT}",
            tag.format
        )));
    }
    let content = if tag.kind == "snapshot" {
        serde_json::from_str(body).map(|Opening::Snapshot { state }| Content::Snapshot(state))
    } else {
        decode_fact(body).map(|body| Content::Fact(Box::new(body)))
    };
    Ok(content.unwrap_or_else(|error| Content::Newer(format!("is a `{}`: {error}", tag.kind))))
}

/// Parses the same text twice, for what all kinds share and for what this kind adds: `flatten` would lose the places
/// of errors and the exactness of numbers.
fn decode_fact(body: &str) -> serde_json::Result<Body> {
    let about: About<'_> = serde_json::from_str(body)?;
    let fact: Fact = serde_json::from_str(body)?;
    Ok(Body {
        at: about.at,
        run: about.run.into_owned(),
        fact,
    })
}

/// One JSON object with the members of both.
fn join(format: u32, cause: &Body, content: &impl Serialize) -> String {
    let run = std::borrow::Cow::Borrowed(&cause.run);
    let about = json(&About {
        format,
        at: cause.at,
        run,
    });
    let content = json(content);
    let about = about
        .strip_suffix('}')
        .expect("a struct is written as an object");
    let content = content
        .strip_prefix('{')
        .expect("a tagged enum is written as an object");
    format!("{about},{content}")
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data with text for keys can always be written")
}

/// In hexadecimal digits.
fn digest(prev: &str, seq: &str, body: &str) -> [u8; HASH_DIGITS] {
    let mut hasher = Sha256::new();
    for part in [prev, "\n", seq, "\n", body] {
        hasher.update(part);
    }
    let hash = hasher.finalize();
    let mut digits = [0; HASH_DIGITS];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn genesis() -> Head {
        Head::default()
    }

    #[test]
    fn hashes_what_stands_there_and_nothing_else() {
        // printf '%064d\n1\n{"format":1}' 0 | sha256sum
        let (line, head) = seal(&genesis(), r#"{"format":1}"#);
        assert_eq!(
            head.hash,
            "63d67e290bdad5e285ef7524056ebac850117121729d6fd6e5a91d5460cd3cfd"
        );
        let zeros = "0".repeat(64);
        let rest = r#"","body":{"format":1},"hash":""#;
        assert_eq!(
            line,
            format!("{{\"seq\":1,\"prev\":\"{zeros}{rest}{}\"}}", head.hash)
        );
    }

    #[test]
    fn cuts_the_body_out_even_where_it_looks_like_the_frame() {
        let body = r#"{"a":"\",\"hash\":\"","b":{"seq":1,"prev":"","body":{},"hash":"x"}}"#;
        let (line, head) = seal(&genesis(), body);
        let record = Record::open(&line).expect("it was just written");
        assert_eq!((record.body, record.head()), (body, head));
    }

    #[test]
    fn keeps_the_hash_of_a_body_with_other_spaces_order_and_numbers() {
        let body = r#"{ "kind" : "x",  "format":1, "n": 1.50, "n": 1e3 }"#;
        let (line, _) = seal(&genesis(), body);
        assert!(Record::open(&line).is_ok());
    }

    #[test]
    fn refuses_a_frame_that_is_nearly_right() {
        let (line, _) = seal(&genesis(), "{}");
        for (from, to) in [
            ("{\"seq\":1", "{\"seq\":01"),
            ("{\"seq\":1", "{\"seq\": 1"),
            ("{\"seq\":1", "{\"seq\":+1"),
            ("{\"seq\":1", "{\"seq\":0"),
            ("\"}", "\"} "),
            ("\"}", "\"}\r"),
            ("{\"seq\"", " {\"seq\""),
            ("\"body\":{}", "\"body\":{} "),
        ] {
            assert!(Record::open(&line.replacen(from, to, 1)).is_err(), "{to:?}");
        }
    }

    #[test]
    fn a_record_follows_only_its_own_predecessor() {
        let (first, head) = seal(&genesis(), "{}");
        let (second, second_head) = seal(&head, "{}");
        let (third, _) = seal(&second_head, "{}");
        let (other, _) = seal(
            &Head {
                seq: 1,
                hash: "f".repeat(64),
            },
            "{}",
        );
        let verdict = |line: &str, head: &Head| {
            Record::open(line).and_then(|it| it.follow(head.seq, &head.hash))
        };
        assert_eq!(verdict(&second, &head), Ok(()));
        for (line, head, what) in [
            (&second, &genesis(), "record 1 is missing before it"),
            (&third, &genesis(), "records 1 to 2 are missing before it"),
            (&first, &head, "it stands where record 2 belongs"),
            (&other, &head, "it does not follow record 1 as that stands"),
        ] {
            assert_eq!(verdict(line, head), Err(what.to_owned()));
        }
    }

    #[test]
    fn every_beginning_of_a_record_is_torn_and_nothing_else_is() {
        let (_, head) = seal(&genesis(), "{}");
        let (line, _) = seal(&head, r#"{"format":1,"kind":"x","why":"a \"b\" \\ ü"}"#);
        for end in (0..=line.len()).filter(|end| line.is_char_boundary(*end)) {
            let (start, rest) = line.split_at(end);
            assert!(is_torn(&head, start), "{start}");
            assert!(
                is_torn(&head, &format!("{start}\0\0")) || rest.is_empty(),
                "{start}"
            );
        }
        let (before, _) = seal(&genesis(), "{}");
        for tail in [
            "x",
            "{}",
            " ",
            "{\"seq\":3",
            "[",
            &format!("{line} "),
            &format!("{line}}}"),
            &before,
        ] {
            assert!(!is_torn(&head, tail), "{tail}");
        }
    }
}
