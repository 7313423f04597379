//! The quota of a ChatGPT login: the quota windows of its plan, the meters of single models, its credits.

pub mod credits;
mod known;
pub mod meter;
mod report;
mod window;

pub use credits::Credits;
pub use known::{Exhaustion, KnownQuota};
pub use meter::Meter;
pub use report::{QuotaReport, is_reached, meter_of_event};
pub use window::{QuotaWindow, name_of_length};

use crate::domain::time::Timestamp;

/// Quota windows, the shortest first. A plan that is paid by what is used has none, and none is no limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quota {
    /// The shortest first.
    pub windows: Vec<QuotaWindow>,
}

/// What a used-up quota means for the account's requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsedUp {
    /// When the last of the windows that are used up resets.
    pub until: Option<Timestamp>,
    /// Until when credits pay for what it serves.
    pub on_credits: Option<Timestamp>,
}

impl UsedUp {
    /// Until when it keeps the account from serving, if it does at `now`.
    pub fn blocks_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| *until > now && !self.is_on_credits(now))
    }

    /// Whether credits pay for what the account serves at `now`.
    pub fn is_on_credits(&self, now: Timestamp) -> bool {
        self.on_credits.is_some_and(|until| until > now)
    }
}

impl Quota {
    /// These windows, in their order.
    pub fn of(mut windows: Vec<QuotaWindow>) -> Quota {
        windows.sort_by_key(|window| window.window_seconds);
        Quota { windows }
    }

    /// The same, if there are any.
    fn if_any(windows: Vec<QuotaWindow>) -> Option<Quota> {
        (!windows.is_empty()).then(|| Quota::of(windows))
    }

    /// The highest used percent of all windows at `now`.
    pub fn used_at(&self, now: Timestamp) -> f64 {
        self.windows.iter().map(|window| window.used_at(now)).fold(0.0, f64::max)
    }

    /// Until when the account has less than `reserve_percent` left in some window; `None` when it has more in all.
    pub fn spent_until(&self, reserve_percent: f64, now: Timestamp) -> Option<Timestamp> {
        let is_spent = |window: &&QuotaWindow| window.used_at(now) >= 100.0 - reserve_percent.clamp(0.0, 100.0);
        self.windows.iter().filter(is_spent).map(|window| window.reset_at).filter(|at| *at > now).max()
    }

    /// What follows when so much is to be left unused. Credits pay only for what is beyond all of it: a reserve that they
    /// were to save would be used first.
    pub fn used_up(&self, reserve_percent: f64, has_credits: bool, now: Timestamp) -> UsedUp {
        UsedUp {
            until: self.spent_until(reserve_percent, now),
            on_credits: self.spent_until(0.0, now).filter(|_| has_credits),
        }
    }

    /// Whether `other` says something that siblings and people should know: another whole percent, another window, a
    /// reset that moved by more than a minute.
    pub fn differs_from(&self, other: &Quota) -> bool {
        self.windows.len() != other.windows.len()
            || self.windows.iter().zip(&other.windows).any(|(one, other)| {
                (one.used_percent - other.used_percent).abs() >= 1.0
                    || (one.used_percent >= 100.0) != (other.used_percent >= 100.0)
                    || one.window_seconds != other.window_seconds
                    || one.reset_at.0.abs_diff(other.reset_at.0) > 60_000
            })
    }

    /// The windows of `news` and of these those that it does not name and that are not over.
    fn updated(&self, news: &Quota, now: Timestamp) -> Quota {
        let is_kept = |window: &&QuotaWindow| {
            window.reset_at > now && !news.windows.iter().any(|reported| reported.is_same(window))
        };
        Quota::of(news.windows.iter().chain(self.windows.iter().filter(is_kept)).copied().collect())
    }
}

#[cfg(test)]
mod tests;
