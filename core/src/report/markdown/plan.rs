//! A plan, as a table of its steps.

use super::super::escape::{Inert, prose};
use super::super::words::{count, duration};
use super::super::{PlanLines, PlanStep};
use super::sheet::{heading, table};
use super::{cell, rows, sentences, titled};

pub(super) fn render(plan: &PlanLines) -> String {
    let title = format!(
        "{}, step by step: {} at the worst",
        plan.strategy,
        duration(plan.worst)
    );
    let numbered: Vec<(usize, &PlanStep)> = (1..).zip(&plan.steps).collect();
    let steps = table(
        ["", "step", "at the worst", "what is done", "if that fails"],
        &rows(&numbered, step),
    );
    heading(3, &prose(&title))
        + &steps
        + &titled("What it means", &meaning(plan))
        + &titled("Besides", &sentences(&plan.notes))
}

fn step((number, step): &(usize, &PlanStep)) -> [Inert; 5] {
    let number = prose(&number.to_string());
    [
        number,
        prose(&step.name),
        prose(&duration(step.worst)),
        cell(&step.does),
        cell(&step.on_failure),
    ]
}

fn meaning(plan: &PlanLines) -> Vec<Inert> {
    let peak = count(usize::try_from(plan.peak).unwrap_or(usize::MAX), "instance");
    let interruption = plan.interruption.as_deref().unwrap_or("none");
    let back = [format!("goes back to: {}", plan.rollback)];
    let points = plan.no_return.iter().map(|it| format!("no return: {it}"));
    let rest = [
        format!("interruption: {interruption}"),
        format!("at most {peak} at a time"),
        format!("the button: {}", plan.button),
    ];
    let facts = back.into_iter().chain(points).chain(rest);
    facts.map(|fact| cell(&fact)).collect()
}
