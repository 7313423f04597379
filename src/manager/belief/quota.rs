//! What the provider reports of a login's quota: believed at once, and written where siblings and people have to know it.

use super::facts::{Change, Reported};
use super::known::Known;
use super::limits::ended_by;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::{KnownQuota, QuotaReport};

/// How a quota is weighed.
#[derive(Clone, Copy, Debug)]
pub struct QuotaRule {
    /// So much of each window is left unused, in percent.
    pub reserve_percent: f64,
    /// Requests may be paid with credits.
    pub uses_credits: bool,
}

/// A report of an account's quota, and what the file says of it.
#[derive(Debug)]
pub struct QuotaNews {
    /// What was reported.
    pub report: QuotaReport,
    /// It names another plan than the file.
    pub is_new_plan: bool,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// The quota of the file.
    pub of_file: Reported,
    /// The keys of the limits of the file.
    pub limited: Vec<String>,
}

impl Known {
    /// The quota of an account, of which the file says `of_file`.
    pub fn quota(&self, account: &AccountId, of_file: Reported, now: Timestamp) -> Reported {
        of_file.or_later(self.accounts.get(account).and_then(|own| own.quota.as_ref()), now)
    }

    /// Takes in a report of an account's quota. Room in every window of the plan ends a usage limit that was known before it
    /// was asked for, and so do credits that came since; room in a meter ends the limit of its model. `None` when siblings
    /// and people need not know.
    pub fn note_quota(
        &mut self,
        account: &AccountId,
        news: QuotaNews,
        rule: QuotaRule,
        now: Timestamp,
    ) -> Option<Change> {
        let QuotaNews { report, is_new_plan, asked_at, of_file, mut limited } = news;
        let before = self.quota(account, of_file, now).known;
        let after = before.updated(&report, now);
        let own = self.accounts.entry(account.clone()).or_default();
        limited.extend(own.limits.keys().cloned());
        let mut ended = ended_by(&report, &before, &after, &limited, now);
        ended.retain(|key| own.limited_since.get(key).is_none_or(|since| *since < asked_at));
        let exhaustion = |known: &KnownQuota| known.exhaustion(rule.reserve_percent, rule.uses_credits, now);
        if ended.is_empty() && !is_new_plan && !after.differs_from(&before) && exhaustion(&after) == exhaustion(&before)
        {
            own.asked_at = Some(now);
            return None;
        }
        own.end_limits(&ended);
        own.quota = Some(Reported { known: after, at: now });
        self.touch();
        Some(Change::Quota { report, at: now, limits: ended })
    }

    /// This process asks for the account's quota.
    pub fn asks_for_quota(&mut self, account: &AccountId, now: Timestamp) {
        self.accounts.entry(account.clone()).or_default().asked_at = Some(now);
    }

    /// When this process asked for the account's quota last, or was reported one that was no news.
    pub fn asked_for_quota(&self, account: &AccountId) -> Option<Timestamp> {
        self.accounts.get(account)?.asked_at
    }
}
