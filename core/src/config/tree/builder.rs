//! From the parser's events to a tree.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::super::error::{ConfigError, Origin, Wrong, code, quoted};
use super::lines::{Lines, Mark};
use super::plain::plain;
use super::{Kind, MOST_DEPTH, MOST_NODES, Node, NodeId, Spot};

/// The mistake is noted, and there is no going on.
pub(super) struct Stop;

pub(super) struct Builder<'a> {
    file: &'a str,
    lines: Lines,
    events: Parser<'a, StrInput<'a>>,
    anchors: BTreeMap<usize, Node>,
    pub(super) spots: Vec<Spot>,
    pub(super) mistakes: Vec<ConfigError>,
}

/// Where a node is to stand.
struct Seat {
    path: String,
    key: Option<Mark>,
    depth: usize,
}

impl Seat {
    const fn top() -> Self {
        Self {
            path: String::new(),
            key: None,
            depth: 0,
        }
    }

    fn item(list: &str, index: usize, depth: usize) -> Self {
        Self {
            path: format!("{list}[{index}]"),
            key: None,
            depth,
        }
    }

    fn entry(map: &str, key: &str, mark: Option<Mark>, depth: usize) -> Self {
        Self {
            path: join(map, key),
            key: mark,
            depth,
        }
    }
}

impl<'a> Builder<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            lines: Lines::of(text),
            events: Parser::new_from_str(text),
            anchors: BTreeMap::new(),
            spots: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    /// The only document of the text. A second one is a mistake, but the first can be gone on with.
    pub(super) fn document(&mut self) -> Result<Node, Stop> {
        self.next()?; // the stream's start
        let (event, _) = self.next()?;
        if event == Event::StreamEnd {
            return self.push(Kind::Null, String::new(), Span::default(), Seat::top());
        }
        let (event, span) = self.next()?;
        let root = self.node(event, span, Seat::top())?;
        self.next()?; // the document's end
        let (event, span) = self.next()?;
        if event != Event::StreamEnd {
            let mistake = Wrong::new(code::YAML, "a second document begins here");
            self.note(
                span,
                mistake.help("keep one document in the file: one file, one service"),
            );
        }
        Ok(root)
    }

    fn node(&mut self, event: Event<'a>, span: Span, seat: Seat) -> Result<Node, Stop> {
        self.refuse_depth(&seat, span)?;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                let kind = if style == ScalarStyle::Plain {
                    plain(&text)
                } else {
                    Kind::Text
                };
                let node = self.push(kind, text.into_owned(), span, seat)?;
                self.remember(anchor, &node);
                Ok(node)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                self.list(anchor, span, seat)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                self.map(anchor, span, seat)
            }
            Event::Alias(anchor) => self.alias(anchor, span, seat),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => {
                self.stop(span, Wrong::new(code::YAML, "a value is missing here"))
            }
        }
    }

    fn list(&mut self, anchor: usize, span: Span, seat: Seat) -> Result<Node, Stop> {
        let (path, depth) = (seat.path.clone(), seat.depth + 1);
        let mut list = self.push(Kind::List(Vec::new()), String::new(), span, seat)?;
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                break;
            }
            items.push(self.node(event, span, Seat::item(&path, items.len(), depth))?);
        }
        list.kind = Kind::List(items);
        self.remember(anchor, &list);
        Ok(list)
    }

    fn map(&mut self, anchor: usize, span: Span, seat: Seat) -> Result<Node, Stop> {
        let (path, depth) = (seat.path.clone(), seat.depth + 1);
        let mut map = self.push(Kind::Map(Vec::new()), String::new(), span, seat)?;
        let mut entries: Vec<(String, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let mark = Some(self.lines.mark(span.start));
            let key = self.key(event, span, depth)?;
            let (event, span) = self.next()?;
            let seat = Seat::entry(&path, key.as_deref().unwrap_or("?"), mark, depth);
            let node = self.node(event, span, seat)?;
            let Some(key) = key else { continue };
            match entries.iter().find(|(name, _)| *name == key) {
                Some((_, first)) => self.duplicate(&key, node.id, first.id),
                None => entries.push((key, node)),
            }
        }
        map.kind = Kind::Map(entries);
        self.remember(anchor, &map);
        Ok(map)
    }

    /// The text of a key; `None` where its entry has to be left out.
    fn key(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Option<String>, Stop> {
        let (mistake, help) = match &event {
            Event::Scalar(text, _, _, None) if text == "<<" => (
                "merge keys (`<<`) are not part of YAML 1.2",
                "write the keys out; an environment overrides `run` and `health` without it",
            ),
            Event::Scalar(text, _, _, None) => return Ok(Some(text.clone().into_owned())),
            Event::MappingStart(..) => (
                "a key must be a plain name",
                "put a value that begins with `{{` in quotes: \"{{version}}\"",
            ),
            Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::Alias(_)
            | Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => (
                "a key must be a plain name",
                "write a name before the colon",
            ),
        };
        self.node(event, span, Seat::entry("", "?", None, depth))?;
        self.note(span, Wrong::new(code::YAML, mistake).help(help));
        Ok(None)
    }

    fn duplicate(&mut self, key: &str, second: NodeId, first: NodeId) {
        let line = first.spot(&self.spots).key.map_or(0, |mark| mark.line);
        let spot = second.spot(&self.spots);
        let place = spot.key.unwrap_or(spot.value).in_file(self.file);
        let origin = Origin {
            place,
            path: spot.path.clone(),
        };
        let mistake = Wrong::new(
            code::DUPLICATE_KEY,
            format!("the key {} stands twice", quoted(key)),
        )
        .found(format!("the first one is in line {line}"))
        .help("keep one of the two");
        self.mistakes.push(mistake.at(origin));
    }

    fn alias(&mut self, anchor: usize, span: Span, seat: Seat) -> Result<Node, Stop> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return self.stop(
                span,
                Wrong::new(code::YAML, "an alias cannot stand inside what it names"),
            );
        };
        let copy = self.copy(&node, seat, span)?;
        self.put(copy.id, self.lines.mark(span.start));
        Ok(copy)
    }

    /// The same value in another seat; what is inside stays where it is written.
    fn copy(&mut self, node: &Node, seat: Seat, span: Span) -> Result<Node, Stop> {
        self.refuse_depth(&seat, span)?;
        let (path, depth) = (seat.path.clone(), seat.depth + 1);
        let Spot { written, value, .. } = node.id.spot(&self.spots).clone();
        let mut copy = self.push(node.kind.clone(), written, span, seat)?;
        self.put(copy.id, value);
        if let Kind::List(items) = &node.kind {
            let seats = (0..items.len()).map(|index| Seat::item(&path, index, depth));
            let copies = items
                .iter()
                .zip(seats)
                .map(|(item, seat)| self.copy(item, seat, span));
            copy.kind = Kind::List(copies.collect::<Result<_, _>>()?);
        }
        if let Kind::Map(entries) = &node.kind {
            let mut copies = Vec::new();
            for (key, entry) in entries {
                let seat = Seat::entry(&path, key, entry.id.spot(&self.spots).key, depth);
                copies.push((key.clone(), self.copy(entry, seat, span)?));
            }
            copy.kind = Kind::Map(copies);
        }
        Ok(copy)
    }

    /// Gives a node its id. A map, a list and an empty value are where their key is: their own begin may be lines below.
    fn push(&mut self, kind: Kind, written: String, span: Span, seat: Seat) -> Result<Node, Stop> {
        if self.spots.len() >= MOST_NODES {
            let mistake = Wrong::new(code::TOO_LARGE, "there are too many values");
            return self.stop(
                span,
                mistake.expected("at most 5,000, those that aliases repeat included"),
            );
        }
        let id = NodeId(u32::try_from(self.spots.len()).expect("bounded by MOST_NODES"));
        let own = self.lines.mark(span.start);
        let inside =
            matches!(kind, Kind::Null | Kind::List(_) | Kind::Map(_)) && written.is_empty();
        let value = seat.key.filter(|_| inside).unwrap_or(own);
        self.spots.push(Spot {
            path: seat.path,
            written,
            value,
            key: seat.key,
        });
        Ok(Node { id, kind })
    }

    fn put(&mut self, id: NodeId, value: Mark) {
        if let Some(spot) = self.spots.get_mut(id.0 as usize) {
            spot.value = value;
        }
    }

    fn remember(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn refuse_depth(&mut self, seat: &Seat, span: Span) -> Result<(), Stop> {
        if seat.depth <= MOST_DEPTH {
            return Ok(());
        }
        let mistake = Wrong::new(code::TOO_LARGE, "maps and lists are nested too deeply");
        self.stop(span, mistake.expected("at most 32 levels"))
    }

    fn refuse_tag(&mut self, tagged: bool, span: Span) {
        if tagged {
            let mistake = Wrong::new(code::YAML, "tags (`!name`) are not supported");
            self.note(
                span,
                mistake.help("leave it out; quotes make a text of a number"),
            );
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Stop> {
        match self.events.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => self.stop(Span::empty(*error.marker()), syntax(&error)),
            None => self.stop(
                Span::default(),
                Wrong::new(code::YAML, "the text ends too early"),
            ),
        }
    }

    fn stop<T>(&mut self, span: Span, mistake: Wrong) -> Result<T, Stop> {
        self.note(span, mistake);
        Err(Stop)
    }

    fn note(&mut self, span: Span, mistake: Wrong) {
        let place = self.lines.mark(span.start).in_file(self.file);
        self.mistakes.push(mistake.at(Origin {
            place,
            path: String::new(),
        }));
    }
}

/// The parser's words, with what mostly lies behind them.
fn syntax(error: &ScanError) -> Wrong {
    const REMEDIES: &[(&str, &str)] = &[
        ("tab", "indent with spaces; YAML allows no tabs there"),
        (
            "mapping values are not allowed",
            "indent the line like its neighbours; put a value that holds `: ` in quotes",
        ),
        (
            "simple key expect",
            "a key needs a colon and a space after it: `key: value`",
        ),
        (
            "unexpected character",
            "put a value that begins with this character in quotes",
        ),
        (
            "unknown anchor",
            "an alias (`*name`) needs its anchor (`&name`) further up in the file",
        ),
        ("unexpected end of stream", "close the quotes"),
        (
            "flow",
            "check commas and closing brackets; put a value that begins with `{{` in quotes",
        ),
        ("indentation", "indent all keys of a map alike"),
    ];
    let words = error.info();
    let mistake = Wrong::new(
        code::YAML,
        format!("this is not YAML: {}", words.trim_end_matches('.')),
    );
    match REMEDIES.iter().find(|(sign, _)| words.contains(sign)) {
        Some((_, help)) => mistake.help(*help),
        None => mistake,
    }
}

/// The path of a key inside `path`.
fn join(path: &str, key: &str) -> String {
    let plain = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    match (plain, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{}]", quoted(key).replace('`', "\"")),
    }
}
