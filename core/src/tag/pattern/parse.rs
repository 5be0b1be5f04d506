//! From the text of a pattern to its tree, by JavaScript's grammar: without the flag `u` also by the looser one that
//! browsers keep for old pages, in which a brace or bracket that closes nothing is a character.

use super::class::Class;
use super::{Flags, Refused, groups, unit, units};

/// Groups inside groups, at most.
const DEEPEST: usize = 100;

/// A pattern as it was written.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) node: Node,
    /// How many groups capture, without the whole.
    pub(super) groups: usize,
}

#[derive(Debug)]
pub(super) enum Node {
    Empty,
    Char {
        c: char,
        ignore_case: bool,
    },
    Class(Class),
    Any {
        dot_all: bool,
    },
    Each(Vec<Self>),
    Either(Vec<Self>),
    Capture {
        group: usize,
        inner: Box<Self>,
    },
    Repeat {
        inner: Box<Self>,
        times: Times,
        groups: (usize, usize),
    },
    Look {
        ahead: bool,
        negated: bool,
        inner: Box<Self>,
    },
    Begin {
        multiline: bool,
    },
    End {
        multiline: bool,
    },
    Edge {
        negated: bool,
    },
    /// What one of these groups took: one by number, several by a name that alternatives share.
    Again {
        groups: Vec<usize>,
        ignore_case: bool,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) min: u32,
    /// `None`: any number of times.
    pub(super) max: Option<u32>,
    pub(super) greedy: bool,
}

pub(super) fn parse(source: &str, flags: Flags) -> Result<Parsed, Refused> {
    let text = units(source, flags.unicode);
    let mut parser = Parser {
        names: groups::names(&text)?,
        total: groups::count(&text),
        text,
        at: 0,
        opened: 0,
        depth: 0,
        flags,
    };
    let node = parser.either()?;
    match parser.peek() {
        None => Ok(Parsed {
            node,
            groups: parser.opened,
        }),
        Some(_) => Err(Refused::Syntax("a `)` that closes nothing")),
    }
}

struct Parser {
    text: Vec<char>,
    at: usize,
    /// Groups opened so far that capture.
    opened: usize,
    /// Groups of the whole that capture: tells a reference from an octal escape.
    total: usize,
    names: Vec<(String, usize)>,
    depth: usize,
    flags: Flags,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn takes(&mut self, text: &str) -> bool {
        let end = self.at + text.chars().count();
        let same = self
            .text
            .get(self.at..end)
            .is_some_and(|part| part.iter().copied().eq(text.chars()));
        if same {
            self.at = end;
        }
        same
    }

    fn either(&mut self) -> Result<Node, Refused> {
        let mut branches = vec![self.each()?];
        while self.takes("|") {
            branches.push(self.each()?);
        }
        Ok(match branches.len() {
            1 => branches.pop().unwrap_or(Node::Empty),
            _ => Node::Either(branches),
        })
    }

    fn each(&mut self) -> Result<Node, Refused> {
        let mut parts = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let opened = self.opened;
            let atom = self.atom()?;
            parts.push(self.repeated(atom, opened)?);
        }
        Ok(Node::Each(parts))
    }

    fn repeated(&mut self, inner: Node, opened: usize) -> Result<Node, Refused> {
        let Some((min, max)) = self.times()? else {
            return Ok(inner);
        };
        let may = match inner {
            Node::Begin { .. } | Node::End { .. } | Node::Edge { .. } => false,
            // The looser grammar lets lookahead repeat.
            Node::Look { ahead, .. } => ahead && !self.flags.unicode,
            _ => true,
        };
        if !may {
            return Err(Refused::Syntax("nothing to repeat"));
        }
        let greedy = !self.takes("?");
        Ok(Node::Repeat {
            inner: Box::new(inner),
            times: Times { min, max, greedy },
            groups: (opened, self.opened),
        })
    }

    fn times(&mut self) -> Result<Option<(u32, Option<u32>)>, Refused> {
        let found = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counted(),
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(found))
    }

    fn counted(&mut self) -> Result<Option<(u32, Option<u32>)>, Refused> {
        let start = self.at;
        self.at += 1;
        let min = self.count();
        let max = if self.takes(",") {
            self.count().map(Some).or(Some(None))
        } else {
            min.map(Some)
        };
        match (min, max) {
            (Some(min), Some(max)) if self.takes("}") => {
                if max.is_some_and(|max| max < min) {
                    return Err(Refused::Syntax("numbers out of order in {}"));
                }
                Ok(Some((min, max)))
            }
            // The looser grammar takes such a brace for a character.
            _ if !self.flags.unicode => {
                self.at = start;
                Ok(None)
            }
            _ => Err(Refused::Syntax("incomplete {}")),
        }
    }

    fn count(&mut self) -> Option<u32> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(digit));
        }
        number
    }

    fn atom(&mut self) -> Result<Node, Refused> {
        let Flags {
            multiline,
            dot_all,
            unicode,
            ..
        } = self.flags;
        if self.peek() == Some('{') {
            let start = self.at;
            if self.counted()?.is_some() {
                return Err(Refused::Syntax("nothing to repeat"));
            }
            self.at = start;
        }
        let Some(c) = self.next() else {
            return Ok(Node::Empty);
        };
        match c {
            '^' => Ok(Node::Begin { multiline }),
            '$' => Ok(Node::End { multiline }),
            '.' => Ok(Node::Any { dot_all }),
            '(' => self.group(),
            '[' => self.class(),
            '\\' => self.escape(),
            '*' | '+' | '?' => Err(Refused::Syntax("nothing to repeat")),
            ']' | '{' | '}' if unicode => Err(Refused::Syntax("a lone bracket")),
            c => Ok(self.char(c)),
        }
    }

    const fn char(&self, c: char) -> Node {
        Node::Char {
            c,
            ignore_case: self.flags.ignore_case,
        }
    }

    fn group(&mut self) -> Result<Node, Refused> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Refused::TooLarge);
        }
        let flags = self.flags;
        let node = self.inside_group()?;
        self.flags = flags;
        self.depth -= 1;
        Ok(node)
    }

    fn inside_group(&mut self) -> Result<Node, Refused> {
        for (mark, ahead, negated) in [
            ("?=", true, false),
            ("?!", true, true),
            ("?<=", false, false),
            ("?<!", false, true),
        ] {
            if self.takes(mark) {
                let inner = Box::new(self.closed()?);
                return Ok(Node::Look {
                    ahead,
                    negated,
                    inner,
                });
            }
        }
        if self.takes("?:") {
            return self.closed();
        }
        if self.takes("?<") {
            // Read before, by `names`.
            while self.next().is_some_and(|c| c != '>') {}
        } else if self.takes("?") {
            self.modifiers()?;
            return self.closed();
        }
        self.opened += 1;
        let group = self.opened;
        let inner = Box::new(self.closed()?);
        Ok(Node::Capture { group, inner })
    }

    fn closed(&mut self) -> Result<Node, Refused> {
        let node = self.either()?;
        match self.takes(")") {
            true => Ok(node),
            false => Err(Refused::Syntax("a group that nothing closes")),
        }
    }

    /// `(?i-ms:…)`
    fn modifiers(&mut self) -> Result<(), Refused> {
        let wrong = Err(Refused::Syntax("an unknown kind of group"));
        let mut seen = String::new();
        let mut on = true;
        while let Some(c) = self.next() {
            let flag = match c {
                ':' if seen.is_empty() => return wrong,
                ':' => return Ok(()),
                '-' if on => {
                    on = false;
                    continue;
                }
                'i' => &mut self.flags.ignore_case,
                'm' => &mut self.flags.multiline,
                's' => &mut self.flags.dot_all,
                _ => return wrong,
            };
            *flag = on;
            if seen.contains(c) {
                return wrong;
            }
            seen.push(c);
        }
        wrong
    }

    fn escape(&mut self) -> Result<Node, Refused> {
        let Some(c) = self.peek() else {
            return Err(Refused::Syntax("a \\ at the end"));
        };
        let ignore_case = self.flags.ignore_case;
        match c {
            'b' | 'B' => {
                self.at += 1;
                return Ok(Node::Edge { negated: c == 'B' });
            }
            'k' if self.flags.unicode || !self.names.is_empty() => {
                self.at += 1;
                return self.named_reference();
            }
            '1'..='9' => {
                let start = self.at;
                let number = self.count().unwrap_or(u32::MAX) as usize;
                if number <= self.total {
                    return Ok(Node::Again {
                        groups: vec![number],
                        ignore_case,
                    });
                }
                if self.flags.unicode {
                    return Err(Refused::Syntax("a reference to no group"));
                }
                self.at = start;
            }
            _ => {}
        }
        self.property()?;
        if let Some(mut class) = Class::named(c) {
            self.at += 1;
            class.ignore_case = ignore_case;
            return Ok(Node::Class(class));
        }
        let c = self.escaped_char(false)?;
        Ok(self.char(c))
    }

    /// `\p{…}` would take tables of all characters along, and there is hardly a tag that needs one.
    fn property(&self) -> Result<(), Refused> {
        match self.text.get(self.at..).unwrap_or_default() {
            ['p' | 'P', '{', rest @ ..] if self.flags.unicode && rest.contains(&'}') => {
                Err(Refused::Unsupported("`\\p{…}`"))
            }
            _ => Ok(()),
        }
    }

    fn named_reference(&mut self) -> Result<Node, Refused> {
        let wrong = Refused::Syntax("a reference to no group");
        if !self.takes("<") {
            return Err(wrong);
        }
        let mut name = String::new();
        loop {
            match self.next() {
                Some('>') => break,
                Some(c) => name.push(c),
                None => return Err(wrong),
            }
        }
        let named = self.names.iter().filter(|(known, _)| *known == name);
        let groups: Vec<usize> = named.map(|(_, group)| *group).collect();
        if groups.is_empty() {
            return Err(wrong);
        }
        Ok(Node::Again {
            groups,
            ignore_case: self.flags.ignore_case,
        })
    }

    /// After the backslash: what stands for one character.
    fn escaped_char(&mut self, in_class: bool) -> Result<char, Refused> {
        let unicode = self.flags.unicode;
        let wrong = Refused::Syntax("an unknown escape");
        let Some(c) = self.next() else {
            return Err(Refused::Syntax("a \\ at the end"));
        };
        Ok(match c {
            't' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            'b' if in_class => '\u{8}',
            '-' if in_class => '-',
            'c' => match self.peek() {
                Some(letter) if letter.is_ascii_alphabetic() => {
                    self.at += 1;
                    char::from((letter as u8) % 32)
                }
                Some(c) if in_class && !unicode && (c.is_ascii_digit() || c == '_') => {
                    self.at += 1;
                    char::from((c as u8) % 32)
                }
                _ if unicode => return Err(wrong),
                _ => {
                    // The backslash is the character, and the `c` comes after it.
                    self.at -= 1;
                    '\\'
                }
            },
            'x' => self.hex(2, c)?,
            'u' => self.code_unit(c)?,
            '0' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => '\0',
            '0'..='7' if !unicode => self.octal(c),
            'q' if in_class && self.flags.sets && self.peek() == Some('{') => {
                return Err(Refused::Unsupported(SETS));
            }
            c if in_class && self.flags.sets && "&-!#%,:;<=>@`~".contains(c) => c,
            c if unicode && !"^$\\.*+?()[]{}|/".contains(c) => return Err(wrong),
            c => c,
        })
    }

    fn hex(&mut self, digits: usize, letter: char) -> Result<char, Refused> {
        match self.hex_number(digits).and_then(char::from_u32) {
            Some(c) => Ok(c),
            None if self.flags.unicode => Err(Refused::Syntax("an unknown escape")),
            None => Ok(letter),
        }
    }

    fn hex_number(&mut self, digits: usize) -> Option<u32> {
        let part = self.text.get(self.at..self.at + digits)?;
        let number = part
            .iter()
            .try_fold(0, |sum, c| Some(sum * 16 + c.to_digit(16)?))?;
        self.at += digits;
        Some(number)
    }

    fn code_unit(&mut self, letter: char) -> Result<char, Refused> {
        let start = self.at;
        if self.flags.unicode && self.takes("{") {
            let mut number: u32 = 0;
            while let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) {
                self.at += 1;
                number = number.saturating_mul(16).saturating_add(digit);
            }
            let closed = self.at > start + 1 && self.takes("}");
            let c = char::from_u32(number).filter(|_| closed);
            return c.ok_or(Refused::Syntax("an unknown escape"));
        }
        let Some(first) = self.hex_number(4) else {
            return self.hex(4, letter);
        };
        if let (false, Ok(first)) = (self.flags.unicode, u16::try_from(first)) {
            return Ok(unit(first));
        }
        if (0xd800..0xdc00).contains(&first) && self.takes("\\u") {
            let second = self
                .hex_number(4)
                .filter(|second| (0xdc00..0xe000).contains(second));
            let both = second.and_then(|second| {
                char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
            });
            return both.ok_or(Refused::Unsupported(HALF));
        }
        char::from_u32(first).ok_or(Refused::Unsupported(HALF))
    }

    /// The looser grammar's escapes by one to three octal digits, up to 255.
    fn octal(&mut self, first: char) -> char {
        let mut number = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            match self.peek().and_then(|c| c.to_digit(8)) {
                Some(digit) if number * 8 + digit <= 255 => {
                    self.at += 1;
                    number = number * 8 + digit;
                }
                _ => break,
            }
        }
        char::from_u32(number).unwrap_or('\0')
    }

    fn class(&mut self) -> Result<Node, Refused> {
        let mut class = Class {
            negated: self.takes("^"),
            ignore_case: self.flags.ignore_case,
            ..Class::default()
        };
        loop {
            if self.takes("]") {
                return Ok(Node::Class(class));
            }
            let first = self.class_part()?;
            let after = self.text.get(self.at + 1);
            let dash = self.peek() == Some('-') && after.is_some_and(|c| *c != ']');
            if dash && after == Some(&'-') {
                self.set_sign()?;
            }
            if !dash {
                class.spans.extend(first.spans());
                continue;
            }
            self.at += 1;
            match (first, self.class_part()?) {
                (Part::Char(first), Part::Char(last)) if first <= last => {
                    class.spans.push((first, last))
                }
                (Part::Char(_), Part::Char(_)) => {
                    return Err(Refused::Syntax("characters out of order in []"));
                }
                (first, last) if !self.flags.unicode => {
                    class.spans.extend(first.spans());
                    class.spans.push(('-', '-'));
                    class.spans.extend(last.spans());
                }
                _ => return Err(Refused::Syntax("a class as the end of a span in []")),
            }
        }
    }

    /// What flag `v` reads as more than a character.
    fn set_sign(&self) -> Result<(), Refused> {
        let next = self.text.get(self.at + 1).copied();
        match self.peek() {
            _ if !self.flags.sets => Ok(()),
            Some('[') => Err(Refused::Unsupported(SETS)),
            Some(c @ ('-' | '&')) if next == Some(c) => Err(Refused::Unsupported(SETS)),
            Some(c) if "(){}/|-".contains(c) => Err(Refused::Syntax("an unescaped sign in []")),
            Some(c) if next == Some(c) && "!#$%*+,.:;<=>?@^`~".contains(c) => Err(Refused::Syntax(
                "a double sign in [] that flag v keeps for itself",
            )),
            Some(_) | None => Ok(()),
        }
    }

    fn class_part(&mut self) -> Result<Part, Refused> {
        self.set_sign()?;
        match self.next() {
            None => Err(Refused::Syntax("a [ that nothing closes")),
            Some('\\') => match self
                .property()
                .map(|()| self.peek().and_then(Class::named))?
            {
                Some(class) => {
                    self.at += 1;
                    Ok(Part::Class(class))
                }
                None => self.escaped_char(true).map(Part::Char),
            },
            Some(c) => Ok(Part::Char(c)),
        }
    }
}

const SETS: &str = "sets of characters inside others";
const HALF: &str = "half of a character";

enum Part {
    Char(char),
    Class(Class),
}

impl Part {
    fn spans(self) -> Vec<(char, char)> {
        match self {
            Self::Char(c) => vec![(c, c)],
            Self::Class(class) => class.spans,
        }
    }
}
