//! What a person may have meant.

use super::error::quoted;

/// A sentence that names the candidate nearest to what is written; `None` where none is near.
pub(crate) fn did_you_mean<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(written, candidates).map(|candidate| format!("did you mean {}?", quoted(candidate)))
}

/// The candidate that a third of the letters or fewer tell apart from what is written.
///
/// Capitals count as small letters and underscores as hyphens: `readOnly` and `read_only` both are near `read-only`.
fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// No key is longer; the bound keeps the table small.
    const LONGEST: usize = 40;
    let folded = fold(written);
    if folded.len() > LONGEST {
        return None;
    }
    let near = (folded.len() / 3).max(1);
    let distances = candidates
        .into_iter()
        .map(|candidate| (distance(&folded, &fold(candidate)), candidate));
    distances
        .filter(|(distance, _)| *distance <= near)
        .min()
        .map(|(_, candidate)| candidate)
}

fn fold(text: &str) -> Vec<char> {
    text.chars()
        .map(|c| {
            if c == '_' {
                '-'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

/// Letters to insert, delete, replace or swap with their neighbour to get from one to the other.
fn distance(from: &[char], to: &[char]) -> usize {
    let first: Vec<usize> = (0..=to.len()).collect();
    let mut rows: Vec<Vec<usize>> = vec![first];
    let cell = |rows: &[Vec<usize>], row: usize, column: usize| {
        rows.get(row)
            .and_then(|cells| cells.get(column))
            .copied()
            .unwrap_or(usize::MAX)
    };
    for (row, a) in from.iter().enumerate() {
        let mut cells = vec![row + 1];
        for (column, b) in to.iter().enumerate() {
            let replaced = cell(&rows, row, column) + usize::from(a != b);
            let deleted = cell(&rows, row, column + 1) + 1;
            let inserted = cells.last().copied().unwrap_or(usize::MAX - 1) + 1;
            let before = (row.checked_sub(1), column.checked_sub(1));
            let swapped = match before {
                (Some(r), Some(c)) if from.get(r) == Some(b) && to.get(c) == Some(a) => {
                    cell(&rows, r, c) + 1
                }
                (Some(_) | None, Some(_) | None) => usize::MAX,
            };
            cells.push(replaced.min(deleted).min(inserted).min(swapped));
        }
        rows.push(cells);
    }
    cell(&rows, from.len(), to.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_insertions_deletions_replacements_and_swaps() {
        for (from, to, count) in [
            ("port", "port", 0),
            ("prot", "port", 1),
            ("por", "port", 1),
            ("ports", "port", 1),
            ("pxrt", "port", 1),
            ("", "port", 4),
            ("health", "lease", 4),
        ] {
            assert_eq!(distance(&fold(from), &fold(to)), count, "{from} {to}");
        }
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let keys = ["port", "read-only", "replicas", "env"];
        for (written, meant) in [
            ("prot", Some("port")),
            ("readOnly", Some("read-only")),
            ("read_only", Some("read-only")),
            ("replica", Some("replicas")),
            ("ENV", Some("env")),
            ("image", None),
            ("x", None),
        ] {
            assert_eq!(nearest(written, keys), meant, "{written}");
        }
    }
}
