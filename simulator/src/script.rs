//! The answers that one account is due: those that are queued, then the standing one, then the normal one.

use std::collections::VecDeque;

use crate::answer::Answer;

#[derive(Default)]
pub(crate) struct Script {
    queued: VecDeque<Answer>,
    standing: Option<Answer>,
}

impl Script {
    /// Queues `answer` for the next request; first in, first out.
    pub(crate) fn queue(&mut self, answer: Answer) {
        self.queued.push_back(answer);
    }

    /// Gives every request that no queued answer is for this one, until `None`.
    pub(crate) fn stand(&mut self, answer: Option<Answer>) {
        self.standing = answer;
    }

    /// The answer to the next request.
    pub(crate) fn take(&mut self) -> Answer {
        self.queued.pop_front().or_else(|| self.standing.clone()).unwrap_or(Answer::Normal)
    }
}
