//! One quota window: how much of it is used and when it resets. A window is known by its length, never by the slot it is
//! reported in: which slot has which differs by plan.

use std::time::Duration;

use serde_json::Value;

use crate::domain::time::Timestamp;

/// No plan has a longer window than a year.
const LONGEST_WINDOW: u64 = 366 * DAY;
/// The clocks of two machines differ by this at most.
const SLACK_SECONDS: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// One window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuotaWindow {
    /// 0 to 100.
    pub used_percent: f64,
    /// Its length in seconds.
    pub window_seconds: u64,
    /// When it resets.
    pub reset_at: Timestamp,
}

impl QuotaWindow {
    /// What people call it.
    pub fn name(&self) -> String {
        name_of_length(self.window_seconds)
    }

    /// How much is used at `now`: nothing after its reset. A window that would take longer to reset than it is long came
    /// from a clock that jumped.
    pub fn used_at(&self, now: Timestamp) -> f64 {
        let longest = Duration::from_secs(self.window_seconds.saturating_add(SLACK_SECONDS));
        if self.reset_at > now && self.reset_at <= now.after(longest) { self.used_percent } else { 0.0 }
    }

    /// Whether `other` is the same window at another time: the backend rounds lengths.
    pub(super) fn is_same(&self, other: &QuotaWindow) -> bool {
        self.window_seconds.abs_diff(other.window_seconds) <= (self.window_seconds / 100).max(60)
    }
}

/// What people call a window of so many seconds: `5h`, `day`, `week`, `month`, else its length.
pub fn name_of_length(seconds: u64) -> String {
    match seconds {
        DAY => "day".to_owned(),
        seconds if (7 * DAY).abs_diff(seconds) <= HOUR => "week".to_owned(),
        seconds if (28 * DAY..=31 * DAY).contains(&seconds) => "month".to_owned(),
        seconds if seconds % DAY == 0 => format!("{}d", seconds / DAY),
        seconds if seconds >= HOUR => format!("{}h", seconds.div_ceil(HOUR)),
        seconds => format!("{}min", seconds.div_ceil(60)),
    }
}

/// When a window resets, as far as it is reported.
struct Resets {
    /// In unix seconds.
    at: Option<f64>,
    /// In seconds from now.
    after: Option<f64>,
}

/// The windows that headers report whose names begin with `prefix`, such as `x-codex`.
pub(super) fn from_headers<'h>(
    prefix: &str,
    header: &dyn Fn(&str) -> Option<&'h str>,
    now: Timestamp,
) -> Vec<QuotaWindow> {
    let slot = |slot: &str| {
        let field = |name: &str| header(&format!("{prefix}-{slot}-{name}"))?.trim().parse::<f64>().ok();
        let resets = Resets { at: field("reset-at"), after: field("reset-after-seconds") };
        window(field("used-percent")?, field("window-minutes")? * 60.0, &resets, now)
    };
    ["primary", "secondary"].into_iter().filter_map(slot).collect()
}

/// The windows of an object that has them as `slots`. When it says that its limit is reached the fullest is full, since
/// the numbers are rounded.
pub(super) fn from_limits(limits: &Value, slots: [&str; 2], now: Timestamp) -> Vec<QuotaWindow> {
    let slot = |slot: &str| {
        let slot = limits.get(slot)?;
        let field = |name: &str| slot.get(name).and_then(Value::as_f64);
        let resets = Resets { at: field("reset_at"), after: field("reset_after_seconds") };
        let seconds = field("limit_window_seconds").or_else(|| Some(field("window_minutes")? * 60.0))?;
        window(field("used_percent")?, seconds, &resets, now)
    };
    let mut windows: Vec<QuotaWindow> = slots.into_iter().filter_map(slot).collect();
    if limits.get("limit_reached") == Some(&Value::Bool(true))
        && let Some(fullest) = windows.iter_mut().max_by(|one, other| one.used_percent.total_cmp(&other.used_percent))
    {
        fullest.used_percent = 100.0;
    }
    windows
}

/// A window, if its numbers can be ones. The seconds from now come first: they hold whatever our clock says. A reset that
/// is further away than the window is long came from a clock that is wrong, the provider's or ours.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "bounded before; a float's cast saturates"
)]
fn window(used_percent: f64, seconds: f64, resets: &Resets, now: Timestamp) -> Option<QuotaWindow> {
    if !used_percent.is_finite() || !(1.0..=LONGEST_WINDOW as f64).contains(&seconds) {
        return None;
    }
    let latest = now.0.saturating_add((seconds * 1_000.0) as i64);
    let in_time = |at: f64| (at.is_finite() && at <= latest as f64 + 60_000.0).then_some(at as i64);
    let after = resets.after.filter(|after| *after >= 0.0).and_then(|after| in_time(now.0 as f64 + after * 1_000.0));
    let at = resets.at.filter(|at| *at > 0.0).and_then(|at| in_time(at * 1_000.0));
    Some(QuotaWindow {
        used_percent: used_percent.clamp(0.0, 100.0),
        window_seconds: seconds as u64,
        reset_at: Timestamp(after.or(at)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_named_by_their_length() {
        for (seconds, name) in [
            (18_000, "5h"),
            (604_800, "week"),
            (604_740, "week"),
            (2_592_000, "month"),
            (2_678_400, "month"),
            (86_400, "day"),
            (172_800, "2d"),
            (10_800, "3h"),
            (900, "15min"),
        ] {
            let window = QuotaWindow { used_percent: 0.0, window_seconds: seconds, reset_at: Timestamp(0) };
            assert_eq!(window.name(), name, "{seconds}");
        }
    }
}
