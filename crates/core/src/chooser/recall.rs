use crate::decisions::{Decisions, PathKey};

/// Looks answers up in recorded decisions, quickly where they are asked for in the recorded order.
pub struct Recall<'d> {
    decisions: &'d Decisions,
    next: usize,
}

impl<'d> Recall<'d> {
    /// Looks up in these.
    #[must_use]
    pub fn new(decisions: &'d Decisions) -> Self {
        Self { decisions, next: 0 }
    }

    /// The answer to a question, where it was asked.
    pub fn answer(&mut self, key: PathKey) -> Option<usize> {
        if let Some((expected, answer)) = self.decisions.iter().nth(self.next)
            && expected == key
        {
            self.next += 1;
            return Some(usize::from(answer));
        }
        let place = self.decisions.iter().position(|(k, _)| k == key)?;
        self.next = place + 1;
        self.decisions.iter().nth(place).map(|(_, answer)| usize::from(answer))
    }
}
