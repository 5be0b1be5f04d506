//! What registries accept: the grammar of a tag, and of a repository's name.

use sha2::{Digest as _, Sha256};

/// Longest tag that a registry takes.
const LONGEST_TAG: usize = 128;
/// What is kept of a longer one, so that a hyphen and eight digits of its hash fit behind it. With the hash two long branches
/// that begin alike stay apart.
const KEPT: usize = LONGEST_TAG - 9;
/// Longest name of a repository, its registry's host included.
const LONGEST_NAME: usize = 255;

/// The nearest tag to a text: each run of other characters becomes a hyphen, leading dots and hyphens are dropped, and what
/// is too long is cut and told apart by its hash. `None` where nothing is left.
pub(super) fn tag(text: &str) -> Option<String> {
    let mut tag = String::with_capacity(text.len());
    let mut other = false;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
            tag.push(c);
            other = false;
        } else if !other {
            tag.push('-');
            other = true;
        }
    }
    let tag = tag.trim_start_matches(['.', '-']);
    if tag.is_empty() {
        return None;
    }
    if tag.len() <= LONGEST_TAG {
        return Some(tag.to_owned());
    }
    let hash = Sha256::digest(tag.as_bytes());
    let digits: String = hash
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // All of it is ASCII by now, so any byte is a place to cut.
    Some(format!("{}-{digits}", &tag[..KEPT]))
}

/// Whether a text is a tag.
#[must_use]
pub fn is_tag(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= LONGEST_TAG
        && bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Whether a text is the name of a repository, `[host[:port]/]component[/component…]`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    if text.len() > LONGEST_NAME {
        return false;
    }
    let (first, rest) = text
        .split_once('/')
        .map_or((text, None), |(first, rest)| (first, Some(rest)));
    match rest {
        Some(rest) if first.contains(['.', ':']) || first == "localhost" => {
            is_host(first) && rest.split('/').all(is_component)
        }
        _ => text.split('/').all(is_component),
    }
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let digits = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if !port.is_none_or(digits) {
        return false;
    }
    match name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
    {
        Some(address) => {
            !address.is_empty()
                && address
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || byte == b':')
        }
        None => name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        }),
    }
}

/// Small letters and digits, apart by one dot, one or two underscores, or hyphens.
fn is_component(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [text.bytes().next(), text.bytes().last()];
    let separators = text.split(|c: char| u8::try_from(c).is_ok_and(word));
    ends.into_iter().all(|end| end.is_some_and(word))
        && separators
            .filter(|separator| !separator.is_empty())
            .all(|separator| {
                matches!(separator, "." | "_" | "__") || separator.bytes().all(|b| b == b'-')
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_a_tag_of_any_text_that_holds_one() {
        let rows = [
            ("v1.2.3", Some("v1.2.3")),
            ("feature/x y", Some("feature-x-y")),
            ("a//b", Some("a-b")),
            ("#123-fix", Some("123-fix")),
            ("..a.", Some("a.")),
            ("_a", Some("_a")),
            ("日本語", None),
            ("-.-", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(tag(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn keeps_long_texts_apart_by_their_hash() {
        let whole = "x".repeat(128);
        assert_eq!(tag(&whole), Some(whole.clone()));
        let one = tag(&"x".repeat(140)).expect("it has letters");
        assert_eq!(one, format!("{}-f5e19a4c", "x".repeat(119)));
        assert_ne!(Some(one), tag(&"x".repeat(141)));
    }

    #[test]
    fn knows_names_of_repositories() {
        for good in [
            "app",
            "user/app",
            "ghcr.io/user/my-app",
            "localhost/a",
            "localhost:5000/a__b/c.d",
            "[::1]:5000/a",
            "a---b",
            "1.2.3.4:80/x",
        ] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            "App",
            "a:b",
            "a..b",
            "a___b",
            "-a",
            "a-",
            "a//b",
            "/a",
            "a/",
            "a b",
            "a@b",
            "ghcr.io:x/a",
            ".io/a",
            "a_.b",
            "日本/a",
            "--help",
        ] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(!is_name(&"a".repeat(256)));
    }
}
