//! Runs a pattern's program over a text: depth first, the preferred way first.

use super::Refused;
use super::class::{self, ends_line, is_word};
use super::compile::{Code, Program};

/// Most steps of one search. A person's pattern on a tag takes some hundreds; this is a few milliseconds.
const STEPS: usize = 1_000_000;
/// Most bits that remember what has failed; a larger table would cost more than it saves.
const REMEMBERED: usize = 1 << 23;
/// Most loops whose state goes into what is remembered: each one doubles it.
const LOOPS: usize = 4;
/// Lookaround inside lookaround, at most as deep as groups may be.
const DEEPEST: usize = 100;

/// One search: its steps are counted over all places it starts from.
pub(super) struct Search<'a> {
    program: &'a Program,
    text: &'a [char],
    steps: usize,
    /// Which (code, place, state of loops) have failed. Empty where that is not known to be all that matters.
    failed: Vec<u64>,
}

/// What to do when the present way fails.
enum Retreat {
    Try { code: usize, place: usize },
    Restore { slot: usize, was: Option<usize> },
}

type Slots = Vec<Option<usize>>;

impl<'a> Search<'a> {
    pub(super) fn new(program: &'a Program, text: &'a [char]) -> Self {
        let states = (program.code.len() * (text.len() + 1)) << program.loops.min(LOOPS);
        let remembers = program.forgetful && program.loops <= LOOPS && states <= REMEMBERED;
        Self {
            program,
            text,
            steps: 0,
            failed: vec![0; if remembers { states.div_ceil(64) } else { 0 }],
        }
    }

    pub(super) const fn end(&self) -> usize {
        self.text.len()
    }

    /// The match that begins at a place.
    pub(super) fn at(&mut self, place: usize) -> Result<Option<Slots>, Refused> {
        let mut slots = vec![None; (self.program.groups + 1) * 2 + self.program.loops];
        let found = self.run(0, place, &mut slots, 0)?;
        if found {
            // The way that led here was noted like those that failed, and the next search may need it.
            self.failed.fill(0);
        }
        Ok(found.then_some(slots))
    }

    /// Whether the code from here on matches. Slots are as they were where it does not.
    fn run(
        &mut self,
        code: usize,
        place: usize,
        slots: &mut Slots,
        depth: usize,
    ) -> Result<bool, Refused> {
        if depth > DEEPEST {
            return Err(Refused::TooLarge);
        }
        let mut retreats = Vec::new();
        let (mut at, mut place) = (code, place);
        loop {
            self.steps += 1;
            if self.steps > STEPS {
                return Err(Refused::TooSlow);
            }
            // What follows inside lookaround ends elsewhere than the same code would outside, so only the outside remembers.
            let goes_on = if depth == 0 && self.has_failed(at, place, slots) {
                None
            } else {
                match self.program.code.get(at) {
                    None | Some(Code::Done) => return Ok(true),
                    Some(code) => self.step(code, at, place, slots, &mut retreats, depth)?,
                }
            };
            if let Some(next) = goes_on {
                (at, place) = next;
                continue;
            }
            loop {
                match retreats.pop() {
                    None => return Ok(false),
                    Some(Retreat::Restore { slot, was }) => set(slots, slot, was),
                    Some(Retreat::Try { code, place: from }) => {
                        (at, place) = (code, from);
                        break;
                    }
                }
            }
        }
    }

    /// Where one step leads; `None`: nowhere.
    fn step(
        &mut self,
        code: &Code,
        at: usize,
        place: usize,
        slots: &mut Slots,
        retreats: &mut Vec<Retreat>,
        depth: usize,
    ) -> Result<Option<(usize, usize)>, Refused> {
        let text = self.text;
        let here = |holds: bool| holds.then_some((at + 1, place));
        Ok(match code {
            Code::Char {
                c,
                ignore_case: false,
                back,
            } => self.takes(at, place, *back, |found| found == *c),
            Code::Char {
                c,
                ignore_case: true,
                back,
            } => self.takes(at, place, *back, |found| class::same_but_case(found, *c)),
            Code::Class { class, back } => self.takes(at, place, *back, |found| class.has(found)),
            Code::Any { dot_all, back } => {
                self.takes(at, place, *back, |found| *dot_all || !ends_line(found))
            }
            Code::Split(first, second) => {
                retreats.push(Retreat::Try {
                    code: *second,
                    place,
                });
                Some((*first, place))
            }
            Code::Jump(to) => Some((*to, place)),
            Code::Mark(slot) => {
                remember(slots, *slot, Some(place), retreats);
                here(true)
            }
            Code::Forget { first, last } => {
                for slot in first * 2..=last * 2 + 1 {
                    remember(slots, slot, None, retreats);
                }
                here(true)
            }
            Code::Progress(slot) => here(slots.get(*slot).copied().flatten() != Some(place)),
            Code::Begin { multiline } => here(
                place == 0 || *multiline && text.get(place - 1).copied().is_some_and(ends_line),
            ),
            Code::End { multiline } => here(
                place == text.len()
                    || *multiline && text.get(place).copied().is_some_and(ends_line),
            ),
            Code::Edge { negated } => {
                let before = place > 0 && text.get(place - 1).copied().is_some_and(is_word);
                let after = text.get(place).copied().is_some_and(is_word);
                here((before != after) != *negated)
            }
            Code::Again {
                groups,
                ignore_case,
                back,
            } => self
                .again(groups, *ignore_case, *back, place, slots)
                .map(|place| (at + 1, place)),
            Code::Look { negated, after } => {
                let mut inner = slots.clone();
                let found = self.run(at + 1, place, &mut inner, depth + 1)?;
                if found && !negated {
                    for (slot, is) in inner.into_iter().enumerate() {
                        remember(slots, slot, is, retreats);
                    }
                }
                (found != *negated).then_some((*after, place))
            }
            Code::Done => here(true),
        })
    }

    fn takes(
        &self,
        at: usize,
        place: usize,
        back: bool,
        fits: impl Fn(char) -> bool,
    ) -> Option<(usize, usize)> {
        let (found, next) = match back {
            false => (place, place + 1),
            true => (place.checked_sub(1)?, place.checked_sub(1)?),
        };
        fits(*self.text.get(found)?).then_some((at + 1, next))
    }

    /// Where a reference leads. A group that took no part matches the empty text.
    fn again(
        &self,
        groups: &[usize],
        ignore_case: bool,
        back: bool,
        place: usize,
        slots: &Slots,
    ) -> Option<usize> {
        let taken = groups
            .iter()
            .find_map(|group| match slots.get(group * 2..group * 2 + 2) {
                Some([Some(begin), Some(end)]) => self.text.get(*begin..*end),
                _ => None,
            });
        let taken = taken.unwrap_or_default();
        let (begin, end) = match back {
            false => (place, place + taken.len()),
            true => (place.checked_sub(taken.len())?, place),
        };
        let found = self.text.get(begin..end)?;
        let same = |(one, two): (&char, &char)| {
            if ignore_case {
                class::same_but_case(*one, *two)
            } else {
                one == two
            }
        };
        found
            .iter()
            .zip(taken)
            .all(same)
            .then_some(if back { begin } else { end })
    }

    /// Whether this was tried before, and failed, since otherwise nobody would come back. From now on it was.
    fn has_failed(&mut self, at: usize, place: usize, slots: &Slots) -> bool {
        if self.failed.is_empty() {
            return false;
        }
        let mut state = at * (self.text.len() + 1) + place;
        // Of a loop it matters only whether its round has taken something yet.
        for slot in slots.iter().skip((self.program.groups + 1) * 2) {
            state = state * 2 + usize::from(*slot == Some(place));
        }
        let Some(word) = self.failed.get_mut(state / 64) else {
            return false;
        };
        let bit = 1 << (state % 64);
        let known = *word & bit != 0;
        *word |= bit;
        known
    }
}

fn remember(slots: &mut Slots, slot: usize, is: Option<usize>, retreats: &mut Vec<Retreat>) {
    let was = slots.get(slot).copied().flatten();
    if was != is {
        retreats.push(Retreat::Restore { slot, was });
        set(slots, slot, is);
    }
}

fn set(slots: &mut Slots, slot: usize, is: Option<usize>) {
    if let Some(place) = slots.get_mut(slot) {
        *place = is;
    }
}
