//! The words inside `{{ }}`.

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    /// `[any thing]`
    Segment(String),
    Text(String),
    Number(f64),
    /// `.`, `..`, `/`, `=`, `(`, `)`, `@`, `|`
    Mark(&'static str),
}

/// Words of an expression; what is wrong with it otherwise.
pub(super) fn tokens(inner: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = inner;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        let (token, length) = match first {
            '"' | '\'' => text(rest, first)?,
            '[' => {
                let end = rest.find(']').ok_or_else(|| wrong(rest))?;
                (Token::Segment(rest[1..end].to_owned()), end + 1)
            }
            _ => match MARKS.iter().find(|mark| rest.starts_with(**mark)) {
                Some(mark) => (Token::Mark(mark), mark.len()),
                None => word(rest)?,
            },
        };
        tokens.push(token);
        rest = &rest[length..];
    }
}

fn text(rest: &str, quote: char) -> Result<(Token, usize), String> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok((Token::Text(text), at + 1));
        }
        match chars.peek() {
            Some((_, next)) if c == '\\' && *next == quote => {
                text.push(quote);
                chars.next();
            }
            _ => text.push(c),
        }
    }
    Err(wrong(rest))
}

fn word(rest: &str) -> Result<(Token, usize), String> {
    if let Some(length) = number(rest) {
        let number = rest[..length].parse().map_err(|_| wrong(rest))?;
        return Ok((Token::Number(number), length));
    }
    let length = rest.find(|c: char| !in_name(c)).unwrap_or(rest.len());
    let after = rest[length..].chars().next();
    if length == 0 || after.is_some_and(|c| !ends_name(c)) {
        return Err(wrong(rest));
    }
    Ok((Token::Name(rest[..length].to_owned()), length))
}

/// The length of the number that the text begins with, if that is a word of its own.
fn number(rest: &str) -> Option<usize> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(rest.starts_with('-'));
    let whole = digits(&rest[sign..]);
    if whole == 0 {
        return None;
    }
    let mut length = sign + whole;
    if let Some(fraction) = rest[length..]
        .strip_prefix('.')
        .map(digits)
        .filter(|digits| *digits > 0)
    {
        length += 1 + fraction;
    }
    let after = rest[length..].chars().next();
    after.is_none_or(ends_name).then_some(length)
}

/// Blanks and the signs that mean something end a name.
const fn in_name(c: char) -> bool {
    match c {
        '!' | '"' | '#' | '%'..=',' | '.' | '/' | ';'..='>' | '@' | '['..='^' | '`' | '{'..='~' => {
            false
        }
        '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => false,
        c => !c.is_ascii_whitespace(),
    }
}

fn ends_name(c: char) -> bool {
    c.is_whitespace() || matches!(c, '=' | '~' | '}' | '/' | '.' | ')' | ']' | '|')
}

fn wrong(rest: &str) -> String {
    format!(
        "cannot be read from `{}`",
        rest.chars().take(20).collect::<String>()
    )
}

/// Longer ones before those they begin with.
const MARKS: [&str; 8] = ["..", ".", "/", "=", "(", ")", "@", "|"];
