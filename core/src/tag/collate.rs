//! The order of the keys of labels: that of people's lists, not of bytes, by the root collation of Unicode.

use std::cmp::Ordering;

/// First by letters alone, then by accents, then by case, small letters first.
pub(super) fn compare(one: &str, two: &str) -> Ordering {
    // What both begin with decides on no level, and the keys of labels begin alike.
    let same = one.chars().zip(two.chars());
    let same: usize = same
        .take_while(|(one, two)| one == two)
        .map(|(c, _)| c.len_utf8())
        .sum();
    let (one, two) = (&one[same..], &two[same..]);
    let level = |weight: fn(char) -> Option<u32>| {
        let weights = one.chars().filter_map(weight);
        weights.cmp(two.chars().filter_map(weight))
    };
    level(primary)
        .then_with(|| level(accent))
        .then_with(|| level(case))
}

/// `None`: it does not count at all.
fn primary(c: char) -> Option<u32> {
    if c.is_control() && !c.is_whitespace() {
        return None;
    }
    if let Some(at) = SIGNS.chars().position(|sign| sign == c) {
        return u32::try_from(at).ok();
    }
    let base = base(c);
    match base {
        '0'..='9' => Some(LETTERS + u32::from(base) - u32::from('0')),
        'a'..='z' | 'A'..='Z' => {
            Some(LETTERS + 10 + u32::from(base.to_ascii_lowercase()) - u32::from('a'))
        }
        // Behind all letters, by code point: right for scripts as a whole, and nobody's keys need more.
        other => Some(LETTERS + 100 + other.to_lowercase().next().map_or(0, u32::from)),
    }
}

fn accent(c: char) -> Option<u32> {
    primary(c).map(|_| {
        if base(c) == c {
            0
        } else {
            c.to_lowercase().next().map_or(0, u32::from)
        }
    })
}

fn case(c: char) -> Option<u32> {
    primary(c).map(|_| u32::from(c.is_uppercase()))
}

/// A letter without its accent, as far as the languages of western Europe go.
fn base(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let found = ACCENTED.iter().find(|(_, accented)| accented.contains(c));
    found.map_or(c, |(base, _)| *base)
}

const LETTERS: u32 = 100;

const SIGNS: &str = "\t\n\u{b}\u{c}\r\u{85} _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

const ACCENTED: [(char, &str); 16] = [
    ('a', "àáâãäå"),
    ('A', "ÀÁÂÃÄÅ"),
    ('c', "ç"),
    ('C', "Ç"),
    ('e', "èéêë"),
    ('E', "ÈÉÊË"),
    ('i', "ìíîï"),
    ('I', "ÌÍÎÏ"),
    ('n', "ñ"),
    ('N', "Ñ"),
    ('o', "òóôõö"),
    ('O', "ÒÓÔÕÖ"),
    ('u', "ùúûü"),
    ('y', "ýÿ"),
    ('U', "ÙÚÛÜ"),
    ('Y', "Ý"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_signs_then_digits_then_letters() {
        let order = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789aAbBcCdDzZ";
        let chars: Vec<String> = order.chars().map(String::from).collect();
        for pair in chars.windows(2) {
            assert_eq!(compare(&pair[0], &pair[1]), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn counts_case_and_accents_only_between_equal_letters() {
        let ascending = [
            ["a", "A"],
            ["A", "ab"],
            ["aB", "Ac"],
            ["org.b", "org.C"],
            ["org-a", "org.a"],
            ["a.b", "ab"],
            ["resume", "résumé"],
            ["résumé", "resumf"],
            ["z", "ж"],
        ];
        for [one, two] in ascending {
            assert_eq!(compare(one, two), Ordering::Less, "{one} {two}");
        }
        assert_eq!(compare("a\u{1}b", "ab"), Ordering::Equal);
    }
}
