//! How much of a plan is used: its windows, as headers, as an event and as the usage document tell them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::Timestamp;

/// The windows of an account. Either may stand in either slot, or be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quota {
    /// The first slot.
    pub primary: Option<Window>,
    /// The second slot.
    pub secondary: Option<Window>,
}

/// One window. It begins anew once `reset_at` has passed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// How much of it is used, 0 to 100.
    pub used_percent: f64,
    /// Its length.
    pub window_minutes: u64,
    /// When it ends, in unix seconds.
    pub reset_at: i64,
}

/// What can be spent beyond the windows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credits {
    /// Whether there are any.
    pub has_credits: bool,
    /// Whether they never end.
    pub unlimited: bool,
    /// How many, as text.
    pub balance: Option<String>,
}

impl Quota {
    /// Five hours and a week, both unused.
    pub(super) fn fresh(now: Timestamp) -> Quota {
        let window = |window_minutes: u64| Window {
            used_percent: 0.0,
            window_minutes,
            reset_at: now.after(Duration::from_secs(60 * window_minutes)).as_millis() / 1000,
        };
        Quota { primary: Some(window(300)), secondary: Some(window(10_080)) }
    }

    /// Begins anew what has ended.
    pub(super) fn roll(&mut self, now: Timestamp) {
        let now = now.as_millis() / 1000;
        for window in self.windows_mut() {
            let length = i64::try_from(60 * window.window_minutes.max(1)).unwrap_or(i64::MAX);
            if window.reset_at <= now {
                window.used_percent = 0.0;
                window.reset_at += ((now - window.reset_at) / length + 1) * length;
            }
        }
    }

    /// Uses so much more of every window.
    pub(super) fn spend(&mut self, percent: f64) {
        for window in self.windows_mut() {
            window.used_percent = (window.used_percent + percent).min(100.0);
        }
    }

    /// Uses all of the first window there is, until `reset_at`.
    pub(super) fn exhaust(&mut self, reset_at: i64) {
        if let Some(window) = self.windows_mut().next() {
            window.used_percent = 100.0;
            window.reset_at = reset_at;
        }
    }

    /// When every window that is used up has ended, in unix seconds; `None` when none is.
    pub(super) fn full_until(&self) -> Option<i64> {
        let windows = self.primary.iter().chain(&self.secondary);
        windows.filter(|window| window.used_percent >= 100.0).map(|window| window.reset_at).max()
    }

    fn windows_mut(&mut self) -> impl Iterator<Item = &mut Window> {
        self.primary.iter_mut().chain(&mut self.secondary)
    }

    /// The headers that tell it, of the limit with this name.
    pub(super) fn headers(&self, limit: &str, now: Timestamp) -> Vec<(String, String)> {
        let mut headers = Vec::with_capacity(16);
        for (slot, window) in [("primary", self.primary), ("secondary", self.secondary)] {
            let mut header = |name: &str, value: String| headers.push((format!("x-{limit}-{slot}-{name}"), value));
            match window {
                Some(window) => {
                    header("used-percent", window.used_percent.to_string());
                    header("window-minutes", window.window_minutes.to_string());
                    header("reset-at", window.reset_at.to_string());
                    header("reset-after-seconds", window.reset_after(now).to_string());
                }
                // A slot without a window is not left out by the real server: it says nothing in all of its headers.
                None => {
                    header("used-percent", "0".to_owned());
                    header("window-minutes", "0".to_owned());
                    header("reset-at", String::new());
                    header("reset-after-seconds", "0".to_owned());
                }
            }
        }
        headers
    }

    /// The event that tells the same inside a stream.
    pub(super) fn event(&self, credits: &Credits, plan: &str) -> Value {
        let window = |window: Window| {
            json!({
                "used_percent": number(window.used_percent),
                "window_minutes": window.window_minutes,
                "reset_at": window.reset_at,
            })
        };
        let full = self.full_until().is_some();
        json!({
            "type": "codex.rate_limits",
            "plan_type": plan,
            "rate_limits": {
                "allowed": !full,
                "limit_reached": full,
                "primary": self.primary.map(window),
                "secondary": self.secondary.map(window),
            },
            "credits": credits.has_credits.then(|| credits.document()),
        })
    }

    /// The usage document's part about it.
    pub(super) fn rate_limit(&self, now: Timestamp) -> Value {
        let window = |window: Window| {
            json!({
                "used_percent": number(window.used_percent),
                "limit_window_seconds": 60 * window.window_minutes,
                "reset_after_seconds": window.reset_after(now),
                "reset_at": window.reset_at,
            })
        };
        let full = self.full_until().is_some();
        json!({
            "allowed": !full,
            "limit_reached": full,
            "primary_window": self.primary.map(window),
            "secondary_window": self.secondary.map(window),
        })
    }
}

impl Window {
    fn reset_after(&self, now: Timestamp) -> i64 {
        (self.reset_at - now.as_millis() / 1000).max(0)
    }
}

impl Credits {
    /// The headers that tell them.
    pub(super) fn headers(&self) -> [(String, String); 3] {
        let truth = |truth: bool| if truth { "True" } else { "False" }.to_owned();
        [
            ("x-codex-credits-has-credits".to_owned(), truth(self.has_credits)),
            ("x-codex-credits-unlimited".to_owned(), truth(self.unlimited)),
            ("x-codex-credits-balance".to_owned(), self.balance.clone().unwrap_or_default()),
        ]
    }

    pub(super) fn document(&self) -> Value {
        json!({ "has_credits": self.has_credits, "unlimited": self.unlimited, "balance": self.balance })
    }

    /// Takes so many of them.
    pub(super) fn spend(&mut self, amount: f64) {
        let balance = self.balance.as_deref().and_then(|balance| balance.parse::<f64>().ok());
        if let Some(balance) = balance.filter(|_| !self.unlimited) {
            let left = (balance - amount).max(0.0);
            self.has_credits = left > 0.0;
            self.balance = Some(left.to_string());
        }
    }
}

/// A whole number without a point, as the real documents have it.
fn number(percent: f64) -> Value {
    percent.to_string().parse::<i64>().map_or_else(|_| json!(percent), |whole| json!(whole))
}
