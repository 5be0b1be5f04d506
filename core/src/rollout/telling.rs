//! What the machine tells of itself.

use super::{Event, Happening, Rollout};

impl Rollout {
    pub(super) fn entered(&mut self) {
        let name = self.phase();
        if self.told != name {
            self.told = name;
            self.events.push(Event {
                at: self.now,
                what: Happening::Entered(name),
            });
        }
    }

    pub(super) fn decided(&mut self, decision: &str, because: Vec<String>) {
        let what = Happening::Decided {
            decision: decision.to_owned(),
            because,
        };
        self.events.push(Event { at: self.now, what });
    }

    pub(super) fn trouble(&mut self, trouble: String) {
        self.events.push(Event {
            at: self.now,
            what: Happening::Trouble(trouble),
        });
    }
}
