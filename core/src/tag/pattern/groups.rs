//! The groups of a pattern, counted before it is read: what a `\1` or `\k` means depends on all of them.

use super::Refused;

pub(super) fn count(text: &[char]) -> usize {
    openings(text).len()
}

pub(super) fn names(text: &[char]) -> Result<Vec<(String, usize)>, Refused> {
    let wrong = Refused::Syntax("a group with a wrong name");
    let openings = openings(text);
    let mut names: Vec<(String, usize)> = Vec::new();
    for (group, opening) in openings.iter().enumerate() {
        let Some(start) = opening.name else {
            continue;
        };
        let rest = text.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|c| *c == '>')
            .ok_or_else(|| wrong.clone())?;
        let name: String = rest[..length].iter().collect();
        let mut chars = name.chars();
        let letter = |c: char| c.is_alphabetic() || c == '_' || c == '$';
        let valid = chars.next().is_some_and(letter) && chars.all(|c| letter(c) || c.is_numeric());
        // Alternatives may share a name, since no more than one of them takes part.
        let clashes = |known: &usize| {
            let other = openings.get(known - 1);
            other.is_none_or(|other| !other.excludes(opening))
        };
        let same = names.iter().filter(|(known, _)| *known == name);
        if !valid || same.map(|(_, group)| group).any(clashes) {
            return Err(wrong);
        }
        names.push((name, group + 1));
    }
    Ok(names)
}

/// A place where a group opens that captures.
struct Opening {
    /// Where its name begins, if it has one.
    name: Option<usize>,
    /// The alternatives that it is in, outermost first: which group's, and which of them.
    inside: Vec<(usize, usize)>,
}

impl Opening {
    /// Whether one of the two is in another alternative of some group than the other.
    fn excludes(&self, other: &Self) -> bool {
        let mut shared = self.inside.iter().zip(&other.inside);
        shared.any(|((one, this), (two, that))| one == two && this != that)
    }
}

fn openings(text: &[char]) -> Vec<Opening> {
    let mut found = Vec::new();
    let mut inside = vec![(0, 0)];
    let mut opened = 0;
    let mut in_class = false;
    let mut at = 0;
    while let Some(c) = text.get(at) {
        match c {
            '\\' => at += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '|' if !in_class => {
                if let Some((_, alternative)) = inside.last_mut() {
                    *alternative += 1;
                }
            }
            ')' if !in_class && inside.len() > 1 => drop(inside.pop()),
            '(' if !in_class => {
                let name = match text.get(at + 1..) {
                    Some(['?', '<', '=' | '!', ..]) => None,
                    Some(['?', '<', ..]) => Some(Some(at + 3)),
                    Some(['?', ..]) => None,
                    _ => Some(None),
                };
                found.extend(name.map(|name| Opening {
                    name,
                    inside: inside.clone(),
                }));
                opened += 1;
                inside.push((opened, 0));
            }
            _ => {}
        }
        at += 1;
    }
    found
}
