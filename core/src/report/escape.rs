//! Words of somebody else: versions, probe texts, log lines, names. They are shown, and can do nothing more.
//!
//! Everything in a report is taken for somebody else's, our own sentences too, for they quote. Plain text goes through
//! [`line()`] or [`lines`]; Markdown through [`prose`], [`sentence`], [`code`] or [`fenced`]; a diagram through [`label`].
//!
//! In Markdown, what would mean something is written as a numeric character reference: it is shown as the character and
//! is never structure (CommonMark 2.5), in table cells too, where a backslash depends on the one before it. Forges look for more
//! in the text as it is shown: for people, issues and addresses. Those are broken by a character that draws nothing.

use std::fmt::{self, Write as _};

/// Stands for a character that is not shown.
const HIDDEN: char = char::REPLACEMENT_CHARACTER;

/// What a tab becomes. It would not line up behind a prefix anyway.
const TAB: &str = "    ";

/// Begins a terminal's control sequence.
const ESCAPE: char = '\u{1b}';

/// Backticks that a fence has at least.
const SHORTEST_FENCE: usize = 3;

/// Characters of a name in a diagram: more would not fit beside its bar.
const LONGEST_LABEL: usize = 40;

/// As one line, without anything that draws nothing or draws otherwise than it reads.
pub(super) fn line(text: &str) -> String {
    let lines = lines(text);
    let words = lines.iter().flat_map(|line| line.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}

/// The same line by line, without empty ones at the end. A carriage return ends a line too: progress bars use it.
pub(super) fn lines(text: &str) -> Vec<String> {
    let text = without_sequences(text).replace("\r\n", "\n");
    let lines = text.trim_end().split(['\n', '\r']);
    let mut lines: Vec<String> = lines.map(visible).collect();
    lines.truncate(
        lines
            .iter()
            .rposition(|line| !line.is_empty())
            .map_or(0, |last| last + 1),
    );
    lines
}

/// At most so many characters; the last one tells where something was cut off.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Markdown of one line that shows what it was made from and means nothing.
///
/// It may stand in the middle of a line, in a table's cell, and where a paragraph or an item begins.
#[derive(Clone, Debug)]
pub(super) struct Inert(String);

impl Inert {
    /// Words of ours, which are known to mean nothing.
    pub(super) fn ours(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// One after the other.
    pub(super) fn join(parts: &[Self], between: &'static str) -> Self {
        let parts: Vec<&str> = parts
            .iter()
            .map(|part| part.0.as_str())
            .filter(|part| !part.is_empty())
            .collect();
        Self(parts.join(between))
    }
}

impl fmt::Display for Inert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As plain words.
pub(super) fn prose(text: &str) -> Inert {
    Inert(words(&line(text)))
}

/// As words of which backticks set off some, as our own sentences do with commands and names.
///
/// Where their number is odd, somebody else's words brought one in: the last one is shown as it is.
pub(super) fn sentence(text: &str) -> Inert {
    let text = line(text);
    let pieces: Vec<&str> = text.split('`').collect();
    let last = pieces.len().saturating_sub(1);
    let mut sentence = String::with_capacity(text.len());
    for (index, piece) in pieces.into_iter().enumerate() {
        match index % 2 {
            0 => sentence.push_str(&words(piece)),
            _ if index == last => _ = write!(sentence, "&#96;{}", words(piece)),
            _ => sentence.push_str(&verbatim(piece)),
        }
    }
    Inert(sentence)
}

/// As code: a name, a path, a digest.
pub(super) fn code(text: &str) -> Inert {
    Inert(verbatim(&line(text)))
}

/// As a link, where the address is one that cannot end it and does nothing but lead somewhere; else only the words.
pub(super) fn linked(text: &Inert, url: &str) -> Inert {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&+,;=%".contains(c);
    let web = url.starts_with("https://") || url.starts_with("http://");
    if web && url.len() <= 2_000 && url.chars().all(safe) && !text.0.is_empty() {
        Inert(format!("[{}](<{url}>)", text.0))
    } else {
        text.clone()
    }
}

/// As a fenced block of Markdown. Nothing in it can end it.
pub(super) fn fenced(lines: &[String]) -> String {
    let longest = lines
        .iter()
        .map(|line| longest_run(line))
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(SHORTEST_FENCE.max(longest + 1));
    let mut block = format!("{fence}text\n");
    for line in lines {
        block.push_str(line);
        block.push('\n');
    }
    block + &fence + "\n"
}

/// As a name in a diagram: letters, digits, hyphens, dots and blanks.
pub(super) fn label(text: &str) -> String {
    let tame = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') {
            c
        } else {
            ' '
        }
    };
    let text: String = text.chars().map(tame).collect();
    line(&text)
        .chars()
        .take(LONGEST_LABEL)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let (before, after) = text.split_at(at);
        let after = after.strip_prefix(c).unwrap_or_default();
        if breaks_before(before, c, after) {
            words.push_str(BREAK);
        }
        match c {
            // `:smile:`, but not the colon of a sentence or of a time.
            ':' if after.starts_with(|next: char| next != ' ' && !next.is_ascii_digit()) => {
                refer(&mut words, c);
            }
            // `- item`, `1. item`, `+ item`, `===`; but not in the middle of a line.
            '-' | '+' | '=' if words.is_empty() => refer(&mut words, c),
            '0'..='9' if words.is_empty() && is_item(text) => refer(&mut words, c),
            _ if is_structure(c) => refer(&mut words, c),
            _ => words.push(c),
        }
        if breaks_after(before, c, after) {
            words.push_str(BREAK);
        }
    }
    words
}

/// Draws nothing, and ends what a forge would find in the text as it is shown.
const BREAK: &str = "&#8203;";

/// Whether what is written here would lead somewhere: `@anna`, `#12`, `!12`, `GH-12`, `https://`.
fn breaks_after(before: &str, c: char, after: &str) -> bool {
    let number = after.starts_with(|next: char| next.is_ascii_digit());
    match c {
        '@' => true,
        '#' | '!' => number,
        '-' => number && ends_with(before, "gh"),
        ':' => after.starts_with("//"),
        _ => false,
    }
}

/// The same of `www.`, which is taken for an address without a scheme.
fn breaks_before(before: &str, c: char, after: &str) -> bool {
    c.eq_ignore_ascii_case(&'w') && after.starts_with('.') && ends_with(before, "ww")
}

fn ends_with(text: &str, end: &str) -> bool {
    let at = text.len().checked_sub(end.len());
    let last = at.and_then(|at| text.get(at..));
    last.is_some_and(|last| last.eq_ignore_ascii_case(end))
}

fn verbatim(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    // The only characters that mean something between backticks, in a cell, or to a reader that is no Markdown.
    if !text.contains(['`', '|', '\\', '<']) {
        return format!("`{text}`");
    }
    let mut code = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            refer(&mut code, c)
        } else {
            code.push(c)
        }
    }
    format!("<code>{code}</code>")
}

/// What means something in the middle of a line: to CommonMark, to GitHub's tables, or to its formulas.
const fn is_structure(c: char) -> bool {
    matches!(
        c,
        '&' | '<' | '>' | '|' | '`' | '*' | '_' | '~' | '[' | ']' | '#' | '\\' | '$'
    )
}

/// Whether a line begins an item of a numbered list.
fn is_item(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let after = rest.strip_prefix(['.', ')']);
    rest.len() < line.len() && after.is_some_and(|after| after.is_empty() || after.starts_with(' '))
}

/// Writes a numeric character reference.
fn refer(text: &mut String, c: char) {
    _ = write!(text, "&#{};", u32::from(c));
}

fn longest_run(line: &str) -> usize {
    line.split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default()
}

fn visible(line: &str) -> String {
    let mut visible = String::with_capacity(line.len());
    for c in line.trim_end().chars() {
        match c {
            '\t' => visible.push_str(TAB),
            _ if is_deceptive(c) => visible.push(HIDDEN),
            _ => visible.push(c),
        }
    }
    visible
}

/// Draws nothing, ends a line, or changes how others are drawn: controls, and Unicode's marks for direction, joining,
/// annotation and tags.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Leaves out a terminal's control sequences: colours and cursors (`ESC [ … m`), titles and links (`ESC ] … BEL`).
fn without_sequences(text: &str) -> String {
    let mut parts = text.split(ESCAPE);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    let mut in_title = false;
    for part in parts {
        // `ESC \` ends a title; what follows it is text again.
        let rest = match part.strip_prefix('\\') {
            Some(rest) if in_title => rest,
            Some(_) | None => after_sequence(part),
        };
        in_title = part.starts_with(']') && rest.is_empty();
        plain.push_str(rest);
    }
    plain
}

/// What follows the sequence that a part begins with. A title that never ends goes to the end of its line.
fn after_sequence(part: &str) -> &str {
    let Some(introducer) = part.chars().next().filter(char::is_ascii_graphic) else {
        return part;
    };
    let rest = part.get(1..).unwrap_or_default();
    let end = match introducer {
        '[' => {
            let rest = rest.trim_start_matches(|c| (' '..='?').contains(&c));
            return rest
                .strip_prefix(|c| ('@'..='~').contains(&c))
                .unwrap_or(rest);
        }
        ']' => rest.find(['\u{7}', '\n', '\r']).unwrap_or(rest.len()),
        _ => return rest,
    };
    let rest = rest.get(end..).unwrap_or_default();
    rest.strip_prefix('\u{7}').unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_no_more_than_is_seen() {
        let table = [
            ("", ""),
            ("  a\n\n  b\t\tc ", "a b c"),
            ("10 %\r20 %\r\ndone", "10 % 20 % done"),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;https://a\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]0;never ended\nnext", "next"),
            ("\u{1b}[31", ""),
            ("\u{1b}(Btext", "Btext"),
            ("\u{1b}", ""),
            ("a\u{202e}b\u{0}c", "a\u{fffd}b\u{fffd}c"),
        ];
        for (text, shown) in table {
            assert_eq!(line(text), shown, "{text:?}");
        }
    }

    #[test]
    fn lines_keep_their_indentation_and_lose_empty_ends() {
        assert_eq!(lines("a\n\n  b\r\n\tc\n\n"), ["a", "", "  b", "    c"]);
        assert!(lines(" \n\n").is_empty());
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
        assert_eq!(cut("a", 0), "…");
    }

    #[test]
    fn prose_shows_structure_without_being_it() {
        let table = [
            (
                "GET /health answered 503; at 10:31:05Z",
                "GET /health answered 503; at 10:31:05Z",
            ),
            ("a|b \\| c", "a&#124;b &#92;&#124; c"),
            ("<b>&amp;", "&#60;b&#62;&#38;amp;"),
            (
                "*a* _b_ ~c~ [d](e) $f$",
                "&#42;a&#42; &#95;b&#95; &#126;c&#126; &#91;d&#93;(e) &#36;f&#36;",
            ),
            ("ask @octocat", "ask @&#8203;octocat"),
            ("https://a :smile:", "https&#58;&#8203;//a &#58;smile:"),
            ("WWW.a www. ww.", "WW&#8203;W.a ww&#8203;w. ww."),
            (
                "fixes acme/tasks#12, GH-12, !12",
                "fixes acme/tasks&#35;&#8203;12, GH-&#8203;12, !&#8203;12",
            ),
            ("a gh-pages, 3-12, #a!", "a gh-pages, 3-12, &#35;a!"),
            ("- a - b", "&#45; a - b"),
            ("1. a", "&#49;. a"),
            ("1.5 s", "1.5 s"),
            ("# a", "&#35; a"),
        ];
        for (text, markdown) in table {
            assert_eq!(prose(text).to_string(), markdown, "{text}");
        }
    }

    #[test]
    fn backticks_set_off_code_and_an_odd_one_is_shown() {
        let table = [
            ("run `a | b` now", "run <code>a &#124; b</code> now"),
            ("run `cd-action status`", "run `cd-action status`"),
            ("a ` b", "a &#96; b"),
            ("``", ""),
        ];
        for (text, markdown) in table {
            assert_eq!(sentence(text).to_string(), markdown, "{text}");
        }
    }

    #[test]
    fn code_is_plain_where_it_can_be() {
        for (text, markdown) in [
            ("acme/tasks@sha256:0a", "`acme/tasks@sha256:0a`"),
            ("", ""),
            (" a ", "`a`"),
            ("`a`", "<code>&#96;a&#96;</code>"),
            ("a\\|b", "<code>a&#92;&#124;b</code>"),
            ("<img>", "<code>&#60;img&#62;</code>"),
        ] {
            assert_eq!(code(text).to_string(), markdown, "{text}");
        }
    }

    #[test]
    fn a_fence_is_longer_than_what_is_in_it() {
        assert_eq!(fenced(&["a".to_owned()]), "```text\na\n```\n");
        assert_eq!(
            fenced(&["```".to_owned(), "a ````` b".to_owned()]),
            "``````text\n```\na ````` b\n``````\n"
        );
    }

    #[test]
    fn a_label_holds_nothing_that_ends_it() {
        assert_eq!(label("a:b; c#d %% é\n-.9"), "a b c d -.9");
        assert_eq!(label(&"a".repeat(99)).len(), 40);
    }
}
