//! From the tree of a pattern to a program for the backtracking run.

use super::Refused;
use super::class::Class;
use super::parse::{Node, Parsed, Times};

/// Longest program. A person's patterns take some hundred steps; counted repetitions are written out.
const LONGEST: usize = 20_000;

#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) code: Vec<Code>,
    /// How many groups capture, without the whole.
    pub(super) groups: usize,
    /// Loops whose body may take nothing. Each remembers where its round began, behind the slots of the groups.
    pub(super) loops: usize,
    /// Whether what comes after a place depends on nothing but the place: no references.
    pub(super) forgetful: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Code {
    Char {
        c: char,
        ignore_case: bool,
        back: bool,
    },
    Class {
        class: Class,
        back: bool,
    },
    Any {
        dot_all: bool,
        back: bool,
    },
    /// First one way, then the other.
    Split(usize, usize),
    Jump(usize),
    /// A slot becomes the present place.
    Mark(usize),
    /// What these groups took is forgotten: a round of a loop begins.
    Forget {
        first: usize,
        last: usize,
    },
    /// Goes on only if the round has taken something.
    Progress(usize),
    Begin {
        multiline: bool,
    },
    End {
        multiline: bool,
    },
    Edge {
        negated: bool,
    },
    Again {
        groups: Vec<usize>,
        ignore_case: bool,
        back: bool,
    },
    /// What follows up to `after` is tried for itself.
    Look {
        negated: bool,
        after: usize,
    },
    Done,
}

pub(super) fn compile(parsed: &Parsed) -> Result<Program, Refused> {
    let mut compiler = Compiler {
        code: Vec::new(),
        groups: parsed.groups,
        loops: 0,
        forgetful: true,
        back: false,
    };
    compiler.push(Code::Mark(0))?;
    compiler.node(&parsed.node)?;
    compiler.push(Code::Mark(1))?;
    compiler.push(Code::Done)?;
    Ok(Program {
        code: compiler.code,
        groups: parsed.groups,
        loops: compiler.loops,
        forgetful: compiler.forgetful,
    })
}

struct Compiler {
    code: Vec<Code>,
    groups: usize,
    loops: usize,
    forgetful: bool,
    /// Inside lookbehind, which JavaScript matches from its end to its beginning.
    back: bool,
}

impl Compiler {
    fn push(&mut self, code: Code) -> Result<usize, Refused> {
        if self.code.len() >= LONGEST {
            return Err(Refused::TooLarge);
        }
        self.code.push(code);
        Ok(self.code.len() - 1)
    }

    fn node(&mut self, node: &Node) -> Result<(), Refused> {
        let back = self.back;
        match node {
            Node::Empty => return Ok(()),
            Node::Char { c, ignore_case } => self.push(Code::Char {
                c: *c,
                ignore_case: *ignore_case,
                back,
            }),
            Node::Class(class) => self.push(Code::Class {
                class: class.clone(),
                back,
            }),
            Node::Any { dot_all } => self.push(Code::Any {
                dot_all: *dot_all,
                back,
            }),
            Node::Begin { multiline } => self.push(Code::Begin {
                multiline: *multiline,
            }),
            Node::End { multiline } => self.push(Code::End {
                multiline: *multiline,
            }),
            Node::Edge { negated } => self.push(Code::Edge { negated: *negated }),
            Node::Again {
                groups,
                ignore_case,
            } => {
                self.forgetful = false;
                self.push(Code::Again {
                    groups: groups.clone(),
                    ignore_case: *ignore_case,
                    back,
                })
            }
            Node::Each(parts) if back => {
                return parts.iter().rev().try_for_each(|part| self.node(part));
            }
            Node::Each(parts) => return parts.iter().try_for_each(|part| self.node(part)),
            Node::Either(branches) => return self.either(branches),
            Node::Capture { group, inner } => {
                let (first, last) = (group * 2, group * 2 + 1);
                self.push(Code::Mark(if back { last } else { first }))?;
                self.node(inner)?;
                self.push(Code::Mark(if back { first } else { last }))
            }
            Node::Look {
                ahead,
                negated,
                inner,
            } => return self.look(*ahead, *negated, inner),
            Node::Repeat {
                inner,
                times,
                groups,
            } => return self.repeat(inner, *times, *groups),
        }?;
        Ok(())
    }

    fn either(&mut self, branches: &[Node]) -> Result<(), Refused> {
        let mut ends = Vec::new();
        for (at, branch) in branches.iter().enumerate() {
            if at + 1 == branches.len() {
                self.node(branch)?;
                continue;
            }
            let split = self.push(Code::Split(0, 0))?;
            self.node(branch)?;
            ends.push(self.push(Code::Jump(0))?);
            self.code[split] = Code::Split(split + 1, self.code.len());
        }
        for end in ends {
            self.code[end] = Code::Jump(self.code.len());
        }
        Ok(())
    }

    fn look(&mut self, ahead: bool, negated: bool, inner: &Node) -> Result<(), Refused> {
        let start = self.push(Code::Look { negated, after: 0 })?;
        let back = std::mem::replace(&mut self.back, !ahead);
        self.node(inner)?;
        self.back = back;
        self.push(Code::Done)?;
        self.code[start] = Code::Look {
            negated,
            after: self.code.len(),
        };
        Ok(())
    }

    fn repeat(
        &mut self,
        inner: &Node,
        times: Times,
        groups: (usize, usize),
    ) -> Result<(), Refused> {
        let progress = nullable(inner).then(|| {
            self.loops += 1;
            (self.groups + 1) * 2 + self.loops - 1
        });
        for _ in 0..times.min {
            let before = self.code.len();
            self.round(inner, groups, None)?;
            // Rounds that are no code at all are one round.
            if self.code.len() == before {
                break;
            }
        }
        let Some(max) = times.max else {
            let split = self.push(Code::Split(0, 0))?;
            self.round(inner, groups, progress)?;
            self.push(Code::Jump(split))?;
            self.code[split] = self.split(split, times.greedy);
            return Ok(());
        };
        let mut splits = Vec::new();
        for _ in times.min..max {
            splits.push(self.push(Code::Split(0, 0))?);
            self.round(inner, groups, progress)?;
        }
        for split in splits {
            self.code[split] = self.split(split, times.greedy);
        }
        Ok(())
    }

    /// One round of a loop.
    fn round(
        &mut self,
        inner: &Node,
        (first, last): (usize, usize),
        progress: Option<usize>,
    ) -> Result<(), Refused> {
        if last > first {
            self.push(Code::Forget {
                first: first + 1,
                last,
            })?;
        }
        let Some(slot) = progress else {
            return self.node(inner);
        };
        self.push(Code::Mark(slot))?;
        self.node(inner)?;
        self.push(Code::Progress(slot))?;
        Ok(())
    }

    const fn split(&self, at: usize, greedy: bool) -> Code {
        let (inside, outside) = (at + 1, self.code.len());
        match greedy {
            true => Code::Split(inside, outside),
            false => Code::Split(outside, inside),
        }
    }
}

/// Whether it may match without taking anything.
fn nullable(node: &Node) -> bool {
    match node {
        Node::Char { .. } | Node::Class(_) | Node::Any { .. } => false,
        Node::Empty
        | Node::Look { .. }
        | Node::Begin { .. }
        | Node::End { .. }
        | Node::Edge { .. }
        | Node::Again { .. } => true,
        Node::Each(parts) => parts.iter().all(nullable),
        Node::Either(branches) => branches.iter().any(nullable),
        Node::Capture { inner, .. } => nullable(inner),
        Node::Repeat { inner, times, .. } => times.min == 0 || nullable(inner),
    }
}
