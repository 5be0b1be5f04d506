//! The repositories that tags are for.

use super::grammar;
use super::list::{self, Entry, Place};
use super::lowered;
use super::mistake::{Mistake, code};

/// What the images input says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Images {
    /// Those that are enabled.
    pub(super) names: Vec<String>,
    /// Whether any was named at all: where none was, tags stand without one.
    pub(super) named: bool,
}

pub(super) fn read(input: &str, mistakes: &mut Vec<Mistake>) -> Images {
    let entries = match list::entries(input) {
        Ok(entries) => entries,
        Err(unclosed) => {
            mistakes.push(Mistake::new(code::QUOTE, INPUT, "Quote Not Closed").at(&unclosed.0));
            return Images::default();
        }
    };
    let found: Vec<Result<(String, bool, &Place), Mistake>> = match entries.as_slice() {
        // The oldest form: all images in one line.
        [only] if only.fields.iter().all(|field| !field.contains('=')) => {
            let names = only.fields.iter().map(|field| lowered(field.trim()));
            names
                .filter(|name| !name.is_empty())
                .map(|name| Ok((name, true, &only.place)))
                .collect()
        }
        entries => entries.iter().map(image).collect(),
    };
    let mut images = Images::default();
    for image in found {
        match image {
            Ok((name, enabled, place)) => {
                images.named = true;
                if enabled && !grammar::is_name(&name) {
                    let message = format!(
                        "`{name}` is no name of an image: [host[:port]/]path, without tag or digest"
                    );
                    mistakes.push(Mistake::new(code::NAME, INPUT, message).at(place));
                } else if enabled {
                    images.names.push(name);
                }
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    images
}

fn image(entry: &Entry) -> Result<(String, bool, &Place), Mistake> {
    let line = &entry.place.text;
    let mut name = String::new();
    let mut enabled = true;
    for field in &entry.fields {
        match field.split_once('=') {
            None => name = lowered(field.trim()),
            Some((key, value)) => match (lowered(key.trim()).as_str(), value.trim()) {
                ("name", value) => name = lowered(value),
                ("enable", "true") => enabled = true,
                ("enable", "false") => enabled = false,
                ("enable", _) => {
                    let message = format!("Invalid enable attribute value: {line}");
                    return Err(Mistake::new(code::BOOLEAN, INPUT, message).at(&entry.place));
                }
                _ => {
                    let message = format!("Unknown image attribute: {line}");
                    return Err(Mistake::new(code::CHOICE, INPUT, message).at(&entry.place));
                }
            },
        }
    }
    if name.is_empty() {
        let message = format!("Image name attribute empty: {line}");
        return Err(Mistake::new(code::MISSING, INPUT, message).at(&entry.place));
    }
    Ok((name, enabled, &entry.place))
}

const INPUT: &str = "images";

#[cfg(test)]
mod tests {
    use super::*;

    fn images(input: &str) -> Result<Vec<String>, Vec<String>> {
        let mut mistakes = Vec::new();
        let images = read(input, &mut mistakes);
        match mistakes.is_empty() {
            true => Ok(images.names),
            false => Err(mistakes
                .into_iter()
                .map(|mistake| mistake.message)
                .collect()),
        }
    }

    #[test]
    fn reads_every_form() {
        let rows: [(&str, &[&str]); 9] = [
            ("", &[]),
            ("User/App", &["user/app"]),
            ("a,b/c, d", &["a", "b/c", "d"]),
            ("a\nghcr.io/b", &["a", "ghcr.io/b"]),
            ("name=a", &["a"]),
            ("name=a,enable=false\nb,enable=true", &["b"]),
            ("a,name=b", &["b"]),
            ("a,b\nc", &["b", "c"]),
            ("localhost:5000/a,ENABLE=true", &["localhost:5000/a"]),
        ];
        for (input, expected) in rows {
            assert_eq!(
                images(input),
                Ok(expected.iter().map(|name| (*name).to_owned()).collect()),
                "{input}"
            );
        }
    }

    #[test]
    fn tells_none_named_from_all_disabled() {
        let mut mistakes = Vec::new();
        assert!(!read("", &mut mistakes).named);
        assert!(read("a,enable=false", &mut mistakes).named);
        assert!(mistakes.is_empty());
    }

    #[test]
    fn says_each_mistake_in_the_words_that_users_know() {
        let rows = [
            (
                "a,enable=yes",
                "Invalid enable attribute value: a,enable=yes",
            ),
            ("a,bar=baz", "Unknown image attribute: a,bar=baz"),
            ("enable=true", "Image name attribute empty: enable=true"),
            ("name=", "Image name attribute empty: name="),
            (
                "a:b",
                "`a:b` is no name of an image: [host[:port]/]path, without tag or digest",
            ),
        ];
        for (input, expected) in rows {
            assert_eq!(images(input), Err(vec![expected.to_owned()]), "{input}");
        }
    }
}
