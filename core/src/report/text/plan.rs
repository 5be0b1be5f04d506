//! A plan: what would be done, step by step, and what it would cost.

use super::super::words::{count, duration};
use super::super::{PlanLines, PlanStep};
use super::page::{Page, Plain};

pub(super) fn render(page: &mut Page, plan: &PlanLines) {
    page.section(
        &format!(
            "{}, step by step: {} at the worst",
            plan.strategy,
            duration(plan.worst)
        ),
        steps(plan),
    );
    page.section("what it means", meaning(plan));
    page.section(
        "besides",
        plan.notes.iter().map(|note| Plain::line(note)).collect(),
    );
}

/// Two lines a step: what is done, and below it what happens where that fails.
fn steps(plan: &PlanLines) -> Vec<Plain> {
    let rows = (1..)
        .zip(&plan.steps)
        .flat_map(|(number, step)| rows(number, step));
    Plain::columns(&rows.collect::<Vec<_>>())
}

fn rows(number: usize, step: &PlanStep) -> Vec<[String; 4]> {
    let does = [
        format!("{number}."),
        step.name.clone(),
        at_most(step),
        step.does.clone(),
    ];
    let blank = String::new;
    let fails = [
        blank(),
        blank(),
        blank(),
        format!("if that fails: {}", step.on_failure),
    ];
    if step.on_failure.is_empty() {
        vec![does]
    } else {
        vec![does, fails]
    }
}

fn at_most(step: &PlanStep) -> String {
    format!("at most {}", duration(step.worst))
}

fn meaning(plan: &PlanLines) -> Vec<Plain> {
    let row = |what: &str, is: &str| [what.to_owned(), is.to_owned()];
    let back = [row("goes back to", &plan.rollback)];
    let points = plan.no_return.iter().map(|it| row("no return", it));
    let rest = [
        row(
            "interruption",
            plan.interruption.as_deref().unwrap_or("none"),
        ),
        row(
            "at most",
            &format!(
                "{} at a time",
                count(usize::try_from(plan.peak).unwrap_or(usize::MAX), "instance")
            ),
        ),
        row("the button", &plan.button),
    ];
    let rows: Vec<_> = back.into_iter().chain(points).chain(rest).collect();
    Plain::columns(&rows)
}
