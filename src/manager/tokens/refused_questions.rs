//! Logins whose token is refused to questions, a renewed one too: another renewal would not help, and each one is a risk.
//! The token is left alone for a while then, longer each time, as where requests are refused.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use super::Tokens;
use crate::domain::account::AccountId;
use crate::domain::health::{Cooldown, refusal_bench};
use crate::domain::time::Timestamp;

/// Logins whose renewed token was refused to a question, and until when no question renews it.
pub(super) type RefusedQuestions = HashMap<AccountId, Cooldown>;

/// Only this process leaves it alone.
const REASON: &str = "question_refused";

impl Tokens {
    /// Whether no question may renew the account's token now, for what questions or requests met.
    pub(super) fn is_left_alone(&self, account: &AccountId) -> bool {
        let now = self.session.now();
        let view = self.accounts.view();
        let position = view.pool.position(account);
        let of_requests = position.and_then(|position| view.pool.members[position].cooldown.as_ref());
        let refused = self.refused_questions();
        let of_questions = refused.get(account);
        of_requests.into_iter().chain(of_questions).any(|cooldown| cooldown.is_refusal() && cooldown.holds(now))
    }

    /// A question that began at `began` was refused, with a renewed token too.
    pub(super) fn question_was_refused(&self, account: &AccountId, began: Timestamp) {
        let now = self.session.now();
        let state = self.accounts.view().state;
        let mut refused = self.refused_questions();
        refused.retain(|id, _| state.position(id.as_str()).is_some());
        if let Some(length) = refusal_bench(refused.get(account), began, now) {
            let cooldown = Cooldown { until: now.after(length), since: Some(now), reason: REASON.to_owned() };
            refused.insert(account.clone(), cooldown);
        }
    }

    /// A question was answered.
    pub(super) fn question_was_taken(&self, account: &AccountId) {
        self.refused_questions().remove(account);
    }

    fn refused_questions(&self) -> MutexGuard<'_, RefusedQuestions> {
        self.refused_questions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
