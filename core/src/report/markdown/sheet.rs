//! Blocks of Markdown, each complete in itself, and how they are put together without exceeding a limit.

use super::super::escape::Inert;

/// Bytes that are kept free, to say that something was left out.
const NOTE: &str = "What did not fit in here is in the report file.\n\n";

/// `## …`
pub(super) fn heading(level: usize, text: &Inert) -> String {
    format!("{} {text}\n\n", "#".repeat(level))
}

/// A paragraph that begins with a word in bold.
pub(super) fn labelled(label: &'static str, text: &Inert) -> String {
    format!("**{label}:** {text}\n\n")
}

/// An item a line; nothing for none.
pub(super) fn list(items: &[Inert]) -> String {
    let items: String = items.iter().map(|item| format!("- {item}\n")).collect();
    if items.is_empty() {
        items
    } else {
        items + "\n"
    }
}

/// A table; nothing where it has no rows.
pub(super) fn table<const N: usize>(head: [&'static str; N], rows: &[[Inert; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = row(&head.map(Inert::ours));
    table.push_str(&format!("|{}\n", " --- |".repeat(N)));
    table.extend(rows.iter().map(|cells| row(cells)));
    table.push('\n');
    table
}

fn row(cells: &[Inert]) -> String {
    let cells: String = cells.iter().map(|cell| format!(" {cell} |")).collect();
    format!("|{cells}\n")
}

/// Folded away until somebody asks; nothing where there is nothing to fold.
pub(super) fn folded(title: &Inert, body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    format!("<details><summary>{title}</summary>\n\n{body}</details>\n\n")
}

/// A diagram.
pub(super) fn diagram(body: &str) -> String {
    if body.is_empty() {
        String::new()
    } else {
        format!("```mermaid\n{body}```\n\n")
    }
}

/// The blocks one after the other, without those that do not fit.
pub(super) fn fitting(blocks: &[String], limit: usize) -> String {
    let mut text = String::new();
    let mut whole = true;
    for block in blocks {
        if text.len() + block.len() + NOTE.len() <= limit {
            text.push_str(block);
        } else {
            whole = false;
        }
    }
    if !whole {
        text.push_str(NOTE);
    }
    text
}
