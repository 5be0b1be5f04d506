//! Lists as users write them in inputs: an entry a line, its fields apart by commas.
//!
//! The format is CSV read twice: once for the whole input, once for an entry. Reading it twice loses the quotes that were meant
//! for the second reading, so here quotes count once, wherever they stand: `type=match,"pattern=\d{1,3}"` keeps its comma. An
//! entry that was written for two readings (quoted as a whole, or with doubled quotes) means what it always meant.
//! `{{ }}` protects commas, and a quote inside a field is a character.

use std::collections::BTreeSet;

use super::lowered;

/// One entry, in fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where it stands.
    pub(super) place: Place,
    /// Not trimmed.
    pub(super) fields: Vec<String>,
}

/// Where in an input something stands, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The entry, as it was written.
    pub(super) text: String,
    /// The input's line that it begins in, from 1.
    pub(super) line: u32,
}

impl Place {
    /// A quote inside a field is a character, and nobody means one at the beginning of a value.
    pub(super) fn stray_quote(&self, key: &str, value: &str) -> Option<String> {
        let begins = value.starts_with('"');
        begins.then(|| {
            let entry = &self.text;
            format!(
                "`{entry}` has a quote in its {key}; quotes go around a whole field, as in \"{key}=x\""
            )
        })
    }
}

/// A quote was opened that nothing closes: where, and what stands after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unclosed(pub(super) Place);

/// Entries that are not split any further, such as labels.
pub(super) fn lines(input: &str) -> Result<Vec<Place>, Unclosed> {
    let records = records(input, Quotes::FirstOnly)?;
    let lines = records.iter().map(Record::place);
    Ok(lines.filter(|place| !place.text.is_empty()).collect())
}

/// Entries with their fields.
pub(super) fn entries(input: &str) -> Result<Vec<Entry>, Unclosed> {
    let mut entries = Vec::new();
    for read in records(input, Quotes::AfterBlanks)? {
        let place = read.place();
        if place.text.is_empty() {
            continue;
        }
        let Record { line, fields } = read;
        let written_for_two = (fields.len() == 1 && fields.iter().all(|field| field.quoted))
            || fields
                .iter()
                .any(|field| field.doubled || field.holds_attributes());
        let fields = if written_for_two {
            let again = record(&place.text, Quotes::AfterBlanks);
            again.map_err(|open| open.unclosed(line))?.0
        } else {
            fields
        };
        entries.push(Entry {
            place,
            fields: fields.into_iter().map(|field| field.text).collect(),
        });
    }
    Ok(entries)
}

/// The fields of one line, or of several where quotes hold them together.
struct Record {
    /// The line that it begins in, from 1.
    line: u32,
    fields: Vec<Field>,
}

impl Record {
    fn place(&self) -> Place {
        let texts: Vec<&str> = self
            .fields
            .iter()
            .map(|field| field.text.as_str())
            .collect();
        Place {
            text: texts.join(",").trim().to_owned(),
            line: self.line,
        }
    }
}

/// A quote that nothing closes, and what stands after it.
struct Open(String);

impl Open {
    fn unclosed(self, line: u32) -> Unclosed {
        Unclosed(Place { text: self.0, line })
    }
}

/// A field and how it was written.
#[derive(Clone, Debug, Default)]
struct Field {
    text: String,
    quoted: bool,
    /// With a quote in it, written as two.
    doubled: bool,
}

impl Field {
    /// Whether its quotes are around several attributes, and not around the value of one that has commas.
    fn holds_attributes(&self) -> bool {
        let known = |part: &str| {
            let key = part.split_once('=').map(|(key, _)| lowered(key.trim()));
            key.is_some_and(|key| ATTRIBUTES.contains(&key.as_str()))
        };
        self.quoted && self.text.contains(',') && self.text.split(',').all(known)
    }
}

/// Where a quote begins a quoted field.
#[derive(Clone, Copy)]
enum Quotes {
    /// As the very first character.
    FirstOnly,
    /// As the first character that is no blank.
    AfterBlanks,
}

fn records(input: &str, quotes: Quotes) -> Result<Vec<Record>, Unclosed> {
    // As JavaScript trims, which takes a mark of byte order for a blank.
    let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    let mut rest = input.trim_start_matches(blank);
    let mut line = 1 + line_ends(&input[..input.len() - rest.len()]);
    rest = rest.trim_end_matches(blank);
    let mut records = Vec::new();
    while !rest.is_empty() {
        let first = rest.find(LINE_ENDS).map_or(rest, |end| &rest[..end]);
        let left = if first.trim_start().starts_with('#') || first.trim().is_empty() {
            after_line_end(&rest[first.len()..])
        } else {
            let read = record(rest, quotes);
            let (fields, left) = read.map_err(|open| open.unclosed(line))?;
            records.push(Record { line, fields });
            left
        };
        line += line_ends(&rest[..rest.len() - left.len()]);
        rest = left;
    }
    Ok(records)
}

fn line_ends(text: &str) -> u32 {
    let ends = text.matches(LINE_ENDS).count() - text.matches("\r\n").count();
    u32::try_from(ends).unwrap_or(u32::MAX)
}

/// The fields up to the end of the line, and what comes after it.
fn record(text: &str, quotes: Quotes) -> Result<(Vec<Field>, &str), Open> {
    let mut fields = Vec::new();
    let mut rest = text;
    let mut vain = Vain::default();
    loop {
        let (field, left) = match quoted(rest, quotes)? {
            Some(found) => found,
            None => plain(rest, &mut vain),
        };
        fields.push(field);
        match left.strip_prefix(',') {
            Some(left) => rest = left,
            None => return Ok((fields, after_line_end(left))),
        }
    }
}

/// `None` where the field is no quoted one: also where something stands between its closing quote and the next comma.
fn quoted(text: &str, quotes: Quotes) -> Result<Option<(Field, &str)>, Open> {
    let begin = match quotes {
        Quotes::FirstOnly => text,
        Quotes::AfterBlanks => text.trim_start_matches([' ', '\t']),
    };
    let Some(mut rest) = begin.strip_prefix('"') else {
        return Ok(None);
    };
    let mut field = Field {
        quoted: true,
        ..Field::default()
    };
    loop {
        let Some((part, left)) = rest.split_once('"') else {
            return Err(Open(begin.lines().next().unwrap_or_default().to_owned()));
        };
        field.text.push_str(part);
        rest = left;
        match rest.strip_prefix('"') {
            Some(left) => {
                field.text.push('"');
                field.doubled = true;
                rest = left;
            }
            None => break,
        }
    }
    let end = match quotes {
        Quotes::FirstOnly => rest,
        Quotes::AfterBlanks => rest.trim_start_matches([' ', '\t']),
    };
    let closed = end.is_empty() || end.starts_with(',') || end.starts_with(LINE_ENDS);
    Ok(closed.then_some((field, end)))
}

fn plain<'a>(text: &'a str, vain: &mut Vain) -> (Field, &'a str) {
    let mut end = 0;
    while let Some(c) = text[end..].chars().next() {
        if c == ',' || LINE_ENDS.contains(&c) {
            break;
        }
        end += match expression(&text[end..], vain) {
            Some(length) => length,
            None => c.len_utf8(),
        };
    }
    let field = Field {
        text: text[..end].to_owned(),
        ..Field::default()
    };
    (field, &text[end..])
}

/// What is known of expressions that were begun and do not end: so a line of a hundred thousand braces is read once, and not
/// once for each of them. Places are told by how much text is left there.
struct Vain {
    /// Where one has been, and with which quote open: from there on another one would fare no better.
    places: BTreeSet<(usize, Option<char>)>,
    /// As far as this no comment ends.
    comments: usize,
}

impl Default for Vain {
    fn default() -> Self {
        Self {
            places: BTreeSet::new(),
            comments: usize::MAX,
        }
    }
}

/// The length of the `{{…}}` that the text begins with, if it does and it ends in the same line.
fn expression(text: &str, vain: &mut Vain) -> Option<usize> {
    let inner = text.strip_prefix("{{")?;
    if inner.starts_with("!--") {
        return comment(inner, vain);
    }
    let mut places = Vec::new();
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in inner.char_indices() {
        let place = (inner.len() - at, quote);
        if LINE_ENDS.contains(&c) || vain.places.contains(&place) {
            break;
        }
        places.push(place);
        let escaped = std::mem::replace(&mut before, c) == '\\';
        match quote {
            Some(open) if c == open && !escaped => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if inner[at..].starts_with("}}") => {
                let more = inner[at + 2..].chars().take_while(|c| *c == '}').count();
                return Some(2 + at + 2 + more);
            }
            None => {}
        }
    }
    vain.places.extend(places);
    None
}

/// The same of a comment, whose text is anything; `inner` is what follows its braces.
fn comment(inner: &str, vain: &mut Vain) -> Option<usize> {
    if inner.len() >= vain.comments {
        return None;
    }
    let line = inner.split(LINE_ENDS).next().unwrap_or_default();
    let end = line.find("--}}");
    if end.is_none() {
        vain.comments = inner.len() - line.len();
    }
    end.map(|end| 2 + end + 4)
}

fn after_line_end(text: &str) -> &str {
    text.strip_prefix("\r\n")
        .or_else(|| text.strip_prefix(LINE_ENDS))
        .unwrap_or(text)
}

const LINE_ENDS: [char; 2] = ['\n', '\r'];
/// Of rules, images and flavors.
const ATTRIBUTES: [&str; 14] = [
    "type", "pattern", "value", "match", "group", "event", "branch", "format", "enable",
    "priority", "prefix", "suffix", "name", "latest",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(input: &str) -> Vec<Vec<String>> {
        let entries = entries(input).expect("all quotes are closed");
        entries.into_iter().map(|entry| entry.fields).collect()
    }

    #[test]
    fn splits_entries_into_fields() {
        let rows: [(&str, &[&[&str]]); 19] = [
            ("", &[]),
            (
                "\"type=semver,pattern={{version}}\",enable=true",
                &[&["type=semver", "pattern={{version}}", "enable=true"]],
            ),
            (
                "\"name=a,enable=false\",x",
                &[&["name=a", "enable=false", "x"]],
            ),
            (
                "type=match,\"pattern=a,b=c\"",
                &[&["type=match", "pattern=a,b=c"]],
            ),
            ("\u{feff}a\u{feff}", &[&["a"]]),
            ("a,b\nc", &[&["a", "b"], &["c"]]),
            ("a\r\n\r\n  b  \r\n", &[&["a"], &["  b"]]),
            ("# a\n  # b\nc # d", &[&["c # d"]]),
            (
                "type=match,\"pattern=\\d{1,3}\"",
                &[&["type=match", "pattern=\\d{1,3}"]],
            ),
            (
                "type=match, \"pattern=1,3\" ,x",
                &[&["type=match", "pattern=1,3", "x"]],
            ),
            (
                "\"type=match,\"\"pattern=1,3\"\",group=1\"",
                &[&["type=match", "pattern=1,3", "group=1"]],
            ),
            (
                "\"type=match,\"\"pattern=1,3\"\"\",group=1",
                &[&["type=match", "pattern=1,3", "group=1"]],
            ),
            ("\"type=raw,value=x\"", &[&["type=raw", "value=x"]]),
            ("value={{date 'a,b'}},c", &[&["value={{date 'a,b'}}", "c"]]),
            (
                "value={{{date '}},'}}},c",
                &[&["value={{{date '}},'}}}", "c"]],
            ),
            (
                "value={{date 'a\\',b'}},c",
                &[&["value={{date 'a\\',b'}}", "c"]],
            ),
            ("value={{date \"a\"}}", &[&["value={{date \"a\"}}"]]),
            ("value=a{{b,c\nd", &[&["value=a{{b", "c"], &["d"]]),
            ("value=a\"b,c\"", &[&["value=a\"b", "c\""]]),
        ];
        for (input, expected) in rows {
            let expected: Vec<Vec<&str>> = expected.iter().map(|row| row.to_vec()).collect();
            assert_eq!(fields(input), expected, "{input:?}");
        }
    }

    /// Read once for each of its braces, this would take minutes.
    #[test]
    fn expressions_that_do_not_end_are_read_once() {
        for piece in ["{{", "{{\"", "{{'a\"", "{{!--", "{{!--,", "{{,"] {
            let line = format!("value={}", piece.repeat(100_000));
            let entries = entries(&line).expect("a quote inside a field is a character");
            assert_eq!(entries[0].fields.join(","), line);
        }
    }

    #[test]
    fn an_expression_ends_also_after_one_that_does_not() {
        let rows: [(&str, &[&[&str]]); 4] = [
            ("a{{'b,{{'c,d'}},e", &[&["a{{'b", "{{'c,d'}}", "e"]]),
            ("{{\"a{{b,c}},d", &[&["{{\"a{{b,c}}", "d"]]),
            (
                "{{!--a,b\n{{!--c,d--}},e",
                &[&["{{!--a", "b"], &["{{!--c,d--}}", "e"]],
            ),
            ("{{!--a\n--}}", &[&["{{!--a"], &["--}}"]]),
        ];
        for (input, expected) in rows {
            let expected: Vec<Vec<&str>> = expected.iter().map(|row| row.to_vec()).collect();
            assert_eq!(fields(input), expected, "{input:?}");
        }
    }

    #[test]
    fn keeps_the_lines_of_labels_whole() {
        let rows: [(&str, &[&str]); 7] = [
            ("a=1\n  b=2 ", &["a=1", "b=2"]),
            ("a=\"x,y\",z", &["a=\"x,y\",z"]),
            ("\"a=1,2\"", &["a=1,2"]),
            ("\"a=1\",b", &["a=1,b"]),
            ("\"a=line1\nline2\"\nb=2", &["a=line1\nline2", "b=2"]),
            ("\"a\"b,c", &["\"a\"b,c"]),
            ("\"#a\"\n\"\"\n#b", &["#a"]),
        ];
        for (input, expected) in rows {
            let lines = lines(input).expect("all quotes are closed");
            let texts: Vec<String> = lines.into_iter().map(|place| place.text).collect();
            assert_eq!(texts, expected, "{input:?}");
        }
    }

    #[test]
    fn says_which_quote_is_not_closed() {
        let unclosed = |text: &str, line| {
            Unclosed(Place {
                text: text.to_owned(),
                line,
            })
        };
        assert_eq!(entries("a\n\"b,c\nd"), Err(unclosed("\"b,c", 2)));
        assert_eq!(lines("\n\"a=b"), Err(unclosed("\"a=b", 2)));
    }

    #[test]
    fn says_in_which_line_an_entry_begins() {
        let input = "\n \na\r\n# no\n\"b\nb\",c\r\r\n  d \n";
        let entries = entries(input).expect("all quotes are closed");
        let places = entries.into_iter().map(|entry| entry.place);
        let places: Vec<(String, u32)> = places.map(|place| (place.text, place.line)).collect();
        let expected = [("a", 3), ("b\nb,c", 5), ("d", 8)];
        assert_eq!(places, expected.map(|(text, line)| (text.to_owned(), line)));
    }
}
