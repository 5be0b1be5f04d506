//! The groups of a pattern, counted before it is read: what a `\1` or `\k` means depends on all of them.

use super::Refused;

pub(super) fn count(text: &[char]) -> usize {
    openings(text).len()
}

pub(super) fn names(text: &[char]) -> Result<Vec<(String, usize)>, Refused> {
    let wrong = Refused::Syntax("a group with a wrong name");
    let mut names: Vec<(String, usize)> = Vec::new();
    for (group, opening) in openings(text).into_iter().enumerate() {
        let Some(start) = opening else {
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
        if !valid || names.iter().any(|(known, _)| *known == name) {
            return Err(wrong);
        }
        names.push((name, group + 1));
    }
    Ok(names)
}

/// The places where groups open that capture: which one, and its name's place where it has a name.
fn openings(text: &[char]) -> Vec<Option<usize>> {
    let mut found = Vec::new();
    let mut in_class = false;
    let mut at = 0;
    while let Some(c) = text.get(at) {
        match c {
            '\\' => at += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => match text.get(at + 1..) {
                Some(['?', '<', '=' | '!', ..]) => {}
                Some(['?', '<', ..]) => found.push(Some(at + 3)),
                Some(['?', ..]) => {}
                _ => found.push(None),
            },
            _ => {}
        }
        at += 1;
    }
    found
}
