//! Logins whose token is refused to questions, a renewed one too: another renewal would not help, and each one is a risk.
//! The token is left alone for a while then, longer each time, as where requests are refused.

use crate::domain::account::AccountId;
use crate::domain::health::{Cooldown, refusal_bench};
use crate::domain::time::Timestamp;
use crate::manager::Manager;

/// Only this process leaves it alone.
const REASON: &str = "question_refused";

impl Manager {
    /// Whether no question may renew the account's token now, for what questions or requests met.
    pub(in crate::manager) fn is_left_alone(&self, account: &AccountId) -> bool {
        let now = self.clock.now();
        let view = self.view();
        let position = view.pool.position(account);
        let of_requests = position.and_then(|position| view.pool.members[position].cooldown.as_ref());
        let memory = self.memory();
        let of_questions = memory.refused_questions.get(account);
        of_requests.into_iter().chain(of_questions).any(|cooldown| cooldown.is_refusal() && cooldown.holds(now))
    }

    /// A question that began at `began` was refused, with a renewed token too.
    pub(in crate::manager) fn question_was_refused(&self, account: &AccountId, began: Timestamp) {
        let now = self.clock.now();
        let mut memory = self.memory();
        if let Some(length) = refusal_bench(memory.refused_questions.get(account), began, now) {
            let cooldown = Cooldown { until: now.after(length), since: Some(now), reason: REASON.to_owned() };
            memory.refused_questions.insert(account.clone(), cooldown);
        }
    }

    /// A question was answered.
    pub(in crate::manager) fn question_was_taken(&self, account: &AccountId) {
        self.memory().refused_questions.remove(account);
    }
}
