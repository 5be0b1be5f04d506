//! As much of XML as test results are written in: elements, attributes, text that is passed over. What is not well-formed is
//! refused, a document type too: it can make a small file a large one.

/// What comes next in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// An element begins.
    Open {
        /// Without a prefix.
        name: String,
        /// As they are written, references resolved.
        attributes: Vec<(String, String)>,
    },
    /// An element ends.
    Close,
}

/// All pieces of a document; says what is wrong with it.
pub(super) fn read(text: &str) -> Result<Vec<Piece>, String> {
    let mut rest = text.trim_start_matches('\u{feff}');
    let (mut pieces, mut open) = (Vec::new(), Vec::<String>::new());
    let mut roots = 0;
    while let Some((before, after)) = rest.split_once('<') {
        if open.is_empty() && !before.trim().is_empty() {
            return Err("there is text outside of its element".to_owned());
        }
        if let Some(skipped) = skip(after)? {
            rest = skipped;
            continue;
        }
        let (tag, behind) = split_tag(after)?;
        rest = behind;
        if let Some(name) = tag.strip_prefix('/') {
            let name = name.trim();
            match open.pop() {
                Some(opened) if opened == name => pieces.push(Piece::Close),
                _ => return Err(format!("`</{name}>` closes what is not open")),
            }
            continue;
        }
        let (tag, empty) = tag
            .strip_suffix('/')
            .map_or((tag, false), |tag| (tag, true));
        let (full, attributes) = element(tag)?;
        roots += usize::from(open.is_empty());
        let name = full.rsplit(':').next().unwrap_or(&full).to_owned();
        pieces.push(Piece::Open { name, attributes });
        if empty {
            pieces.push(Piece::Close);
        } else {
            open.push(full);
        }
    }
    match (open.last(), roots) {
        (Some(name), _) => Err(format!("`<{name}>` is not closed: the file is cut off")),
        (None, 1) if rest.trim().is_empty() => Ok(pieces),
        (None, 0) => Err("there is no element in it".to_owned()),
        (None, _) => Err("there is something outside of its element".to_owned()),
    }
}

/// What stands behind a comment, text as it is, or an instruction; `None`: it is none of them.
fn skip(after: &str) -> Result<Option<&str>, String> {
    let kinds = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")];
    for (begins, ends) in kinds {
        if let Some(inner) = after.strip_prefix(begins) {
            let (_, rest) = inner
                .split_once(ends)
                .ok_or_else(|| format!("`<{begins}` has no end"))?;
            return Ok(Some(rest));
        }
    }
    if after.starts_with('!') {
        return Err("a document type is not read".to_owned());
    }
    Ok(None)
}

/// Up to the `>` that ends it, which is none in an attribute.
fn split_tag(after: &str) -> Result<(&str, &str), String> {
    let mut quote = None;
    for (at, c) in after.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '>') => return Ok((&after[..at], &after[at + 1..])),
            (None, '<') => return Err("a `<` stands inside of a tag".to_owned()),
            (Some(_) | None, _) => {}
        }
    }
    Err("a tag has no end: the file is cut off".to_owned())
}

type Element = (String, Vec<(String, String)>);

fn element(tag: &str) -> Result<Element, String> {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let good = |c: char| c.is_alphanumeric() || "_:.-".contains(c);
    if name.is_empty() || !name.chars().all(good) {
        return Err("an element has no name".to_owned());
    }
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok((name.to_owned(), attributes));
        }
        let (key, after) = rest.split_once('=').ok_or("an attribute has no value")?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| "\"'".contains(*c));
        let quote = quote.ok_or("the value of an attribute is not quoted")?;
        let (value, after) = after[1..].split_once(quote).ok_or("a quote has no end")?;
        attributes.push((key.trim().to_owned(), resolved(value)));
        rest = after;
    }
}

/// What is not known is left as it stands: names of tests are only shown.
fn resolved(value: &str) -> String {
    value
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#10;", " ")
        .replace("&amp;", "&")
}
