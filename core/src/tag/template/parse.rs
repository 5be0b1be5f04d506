//! From a text to its nodes.

use super::token::{Token, tokens};
use super::{Block, Call, Expression, Node, Path, Value};

/// Blocks inside blocks and calls inside calls, at most.
const DEEPEST: usize = 50;

pub(super) fn parse(text: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser {
        rest: text,
        strip: false,
    };
    let (nodes, end) = parser.nodes(0)?;
    match end {
        None => Ok(nodes),
        Some(tag) => Err(format!(
            "`{{{{{}}}}}` stands outside of any block",
            tag.text()
        )),
    }
}

struct Parser<'a> {
    rest: &'a str,
    /// Whether the last tag asked that the blanks after it go.
    strip: bool,
}

/// A tag that ends a list of nodes, for whoever began the block.
enum Ending<'a> {
    Close(&'a str),
    /// `{{else}}` or `{{^}}`
    Otherwise,
    /// `{{else if x}}`
    OtherwiseBlock(&'a str),
}

impl Ending<'_> {
    fn text(&self) -> String {
        match self {
            Self::Close(name) => format!("/{name}"),
            Self::Otherwise => "else".to_owned(),
            Self::OtherwiseBlock(inner) => format!("else {inner}"),
        }
    }
}

impl<'a> Parser<'a> {
    fn nodes(&mut self, depth: usize) -> Result<(Vec<Node>, Option<Ending<'a>>), String> {
        if depth > DEEPEST {
            return Err("has too many blocks inside each other".to_owned());
        }
        let mut nodes = Vec::new();
        loop {
            let (text, open) = self.text();
            push(&mut nodes, text);
            if !open {
                return Ok((nodes, None));
            }
            let Some(inner) = self.tag(&mut nodes)? else {
                continue;
            };
            let (kind, body) = split_kind(inner);
            match kind {
                '#' | '^' if !body.is_empty() => {
                    let block = self.block(body, kind == '^', depth)?;
                    nodes.push(Node::Block(block));
                }
                '^' => return Ok((nodes, Some(Ending::Otherwise))),
                '/' => return Ok((nodes, Some(Ending::Close(body)))),
                ' ' => match body.strip_prefix("else") {
                    Some("") => return Ok((nodes, Some(Ending::Otherwise))),
                    Some(chained) if chained.starts_with(char::is_whitespace) => {
                        return Ok((nodes, Some(Ending::OtherwiseBlock(chained.trim()))));
                    }
                    _ => nodes.push(Node::Show(call(body, depth)?)),
                },
                '&' => nodes.push(Node::Show(call(body, depth)?)),
                '>' => return Err(format!("The partial {body} could not be found")),
                _ => return Err(format!("cannot be read from `{inner}`")),
            }
        }
    }

    /// Text up to the next tag, and whether there is one. A backslash before a tag makes it text.
    fn text(&mut self) -> (String, bool) {
        let mut text = String::new();
        loop {
            let Some((before, after)) = self.rest.split_once("{{") else {
                text.push_str(self.rest);
                self.rest = "";
                return (self.stripped(text), false);
            };
            if let Some(kept) = before.strip_suffix("\\\\") {
                text.push_str(kept);
                text.push('\\');
            } else if let Some(kept) = before.strip_suffix('\\') {
                text.push_str(kept);
                text.push_str("{{");
                let end = after.find("{{").unwrap_or(after.len());
                let end = after[..end].trim_end_matches('\\').len();
                text.push_str(&after[..end]);
                self.rest = &after[end..];
                continue;
            } else {
                text.push_str(before);
            }
            self.rest = after;
            return (self.stripped(text), true);
        }
    }

    fn stripped(&mut self, text: String) -> String {
        match std::mem::take(&mut self.strip) {
            true => text.trim_start().to_owned(),
            false => text,
        }
    }

    /// What stands in a tag whose braces have been opened. `None`: a comment.
    fn tag(&mut self, nodes: &mut [Node]) -> Result<Option<&'a str>, String> {
        let unclosed = || "has an expression that is not closed".to_owned();
        let (rest, strips_before) = unprefixed(self.rest, "~");
        if strips_before {
            strip_end(nodes);
        }
        if rest.starts_with('{') && rest.starts_with("{{") {
            return Err("has a raw block, which is not supported".to_owned());
        }
        if let Some(comment) = rest.strip_prefix("!--") {
            let (end, length) = ["--}}", "--~}}"]
                .iter()
                .filter_map(|mark| comment.find(mark).map(|end| (end, mark.len())))
                .min()
                .ok_or_else(unclosed)?;
            self.strip = length > 4;
            self.rest = &comment[end + length..];
            return Ok(None);
        }
        let (rest, triple) = unprefixed(rest, "{");
        let end = if rest.starts_with('!') {
            rest.find("}}")
        } else {
            end_of_tag(rest)
        };
        let end = end.ok_or_else(unclosed)?;
        let (inner, after) = rest.split_at(end);
        if after.starts_with("}}}}") && !inner.starts_with('!') {
            return Err(unclosed());
        }
        let (after, closed) = if triple {
            unprefixed(after, "}")
        } else {
            (after, true)
        };
        let (inner, strips_after) = match inner.strip_suffix('~') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        // Three braces would close what three opened, except behind words that are tags as a whole.
        let word = inner.starts_with('!') || matches!(inner.trim(), "else" | "^");
        let closed = closed && (triple || strips_after || word || !after.starts_with("}}}"));
        let (after, strips_later) = unprefixed(after, "~");
        self.rest = after
            .strip_prefix("}}")
            .filter(|_| closed)
            .ok_or_else(unclosed)?;
        self.strip = strips_after || strips_later;
        Ok((!inner.starts_with('!')).then_some(inner))
    }

    fn block(&mut self, body: &'a str, inverted: bool, depth: usize) -> Result<Block, String> {
        let call = call(body, depth)?;
        let name = tokens(body)?.into_iter().next();
        let (then, mut end) = self.nodes(depth + 1)?;
        let otherwise = match end {
            Some(Ending::Otherwise) => {
                let (nodes, later) = self.nodes(depth + 1)?;
                end = later;
                nodes
            }
            Some(Ending::OtherwiseBlock(chained)) => {
                // The one closing tag closes the whole chain, whatever its later parts are called.
                return self.chained(call, inverted, then, chained, depth, name);
            }
            Some(Ending::Close(_)) | None => Vec::new(),
        };
        closes(end, name.as_ref())?;
        Ok(Block {
            call,
            inverted,
            then,
            otherwise,
        })
    }

    fn chained(
        &mut self,
        call_: Call,
        inverted: bool,
        then: Vec<Node>,
        chained: &'a str,
        depth: usize,
        name: Option<Token>,
    ) -> Result<Block, String> {
        if depth > DEEPEST {
            return Err("has too many blocks inside each other".to_owned());
        }
        let call = call(chained, depth)?;
        let (inner_then, end) = self.nodes(depth + 1)?;
        let inner = match end {
            Some(Ending::OtherwiseBlock(next)) => {
                self.chained(call, false, inner_then, next, depth + 1, name)?
            }
            Some(Ending::Otherwise) => {
                let (otherwise, end) = self.nodes(depth + 1)?;
                closes(end, name.as_ref())?;
                Block {
                    call,
                    inverted: false,
                    then: inner_then,
                    otherwise,
                }
            }
            end @ (Some(Ending::Close(_)) | None) => {
                closes(end, name.as_ref())?;
                Block {
                    call,
                    inverted: false,
                    then: inner_then,
                    otherwise: Vec::new(),
                }
            }
        };
        Ok(Block {
            call: call_,
            inverted,
            then,
            otherwise: vec![Node::Block(inner)],
        })
    }
}

fn closes(end: Option<Ending<'_>>, name: Option<&Token>) -> Result<(), String> {
    match end {
        Some(Ending::Close(closing)) if tokens(closing)?.first() == name => Ok(()),
        Some(other) => Err(format!("closes a block by `{{{{{}}}}}`", other.text())),
        None => Err("has a block that is not closed".to_owned()),
    }
}

fn push(nodes: &mut Vec<Node>, text: String) {
    if !text.is_empty() {
        nodes.push(Node::Text(text));
    }
}

fn strip_end(nodes: &mut [Node]) {
    if let Some(Node::Text(text)) = nodes.last_mut() {
        text.truncate(text.trim_end().len());
    }
}

fn unprefixed<'a>(text: &'a str, prefix: &str) -> (&'a str, bool) {
    text.strip_prefix(prefix)
        .map_or((text, false), |rest| (rest, true))
}

/// Where a tag's closing braces begin; those in texts and segments do not count.
fn end_of_tag(rest: &str) -> Option<usize> {
    let mut closing = None;
    let mut before = ' ';
    for (at, c) in rest.char_indices() {
        let escaped = std::mem::replace(&mut before, c) == '\\';
        match closing {
            Some(end) if c == end && !(escaped && end != ']') => closing = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => closing = Some(c),
            None if c == '[' => closing = Some(']'),
            None if rest[at..].starts_with("}}") => return Some(at),
            None => {}
        }
    }
    None
}

fn split_kind(inner: &str) -> (char, &str) {
    let inner = inner.trim();
    match inner.chars().next() {
        Some(kind @ ('#' | '^' | '/' | '&' | '>' | '*')) => (kind, inner[1..].trim()),
        _ => (' ', inner),
    }
}

fn call(body: &str, depth: usize) -> Result<Call, String> {
    let tokens = tokens(body)?;
    let mut reader = Reader {
        tokens: &tokens,
        depth,
    };
    let call = reader.call()?;
    match reader.tokens {
        [] => Ok(call),
        _ => Err(format!("cannot be read: `{body}`")),
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Reader<'_> {
    fn takes(&mut self, mark: &str) -> bool {
        match self.tokens {
            [Token::Mark(found), rest @ ..] if *found == mark => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn call(&mut self) -> Result<Call, String> {
        let head = self.expression()?;
        let mut arguments = Vec::new();
        let mut options = Vec::new();
        while !matches!(self.tokens, [] | [Token::Mark(")"), ..]) {
            match self.tokens {
                [
                    Token::Name(name) | Token::Segment(name),
                    Token::Mark("="),
                    rest @ ..,
                ] => {
                    self.tokens = rest;
                    options.push((name.clone(), self.expression()?));
                }
                _ if options.is_empty() => arguments.push(self.expression()?),
                _ => return Err("has an argument after a named one".to_owned()),
            }
        }
        Ok(Call {
            head,
            arguments,
            options,
        })
    }

    fn expression(&mut self) -> Result<Expression, String> {
        if self.takes("(") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err("has too many calls inside each other".to_owned());
            }
            let call = self.call()?;
            self.depth -= 1;
            return match self.takes(")") {
                true => Ok(Expression::Call(Box::new(call))),
                false => Err("has a `(` that is not closed".to_owned()),
            };
        }
        let literal = match self.tokens {
            [Token::Text(text), ..] => Some(Value::Text(text.clone())),
            [Token::Number(number), ..] => Some(Value::Number(*number)),
            [Token::Name(name), next @ ..] if !matches!(next, [Token::Mark("." | "/"), ..]) => {
                match name.as_str() {
                    "true" => Some(Value::Bool(true)),
                    "false" => Some(Value::Bool(false)),
                    "null" | "undefined" => Some(Value::Nothing),
                    _ => None,
                }
            }
            _ => None,
        };
        match literal {
            Some(value) => {
                self.tokens = self.tokens.get(1..).unwrap_or_default();
                Ok(Expression::Literal(value))
            }
            None => self.path().map(Expression::Path),
        }
    }

    fn path(&mut self) -> Result<Path, String> {
        let mut path = Path {
            up: 0,
            round: self.takes("@"),
            own: false,
            names: Vec::new(),
        };
        let mut first = true;
        loop {
            match self.tokens {
                [Token::Mark(".."), rest @ ..]
                    if path.names.is_empty() && (first || path.up > 0) =>
                {
                    self.tokens = rest;
                    path.up += 1;
                }
                [Token::Mark("."), rest @ ..] if first => {
                    self.tokens = rest;
                    path.own = true;
                }
                [Token::Name(name), rest @ ..] if first && name == "this" => {
                    self.tokens = rest;
                    path.own = true;
                }
                [Token::Name(name) | Token::Segment(name), rest @ ..] => {
                    self.tokens = rest;
                    path.names.push(name.clone());
                }
                _ => return Err("has something that is no name".to_owned()),
            }
            first = false;
            if !self.takes(".") && !self.takes("/") {
                return Ok(path);
            }
        }
    }
}
