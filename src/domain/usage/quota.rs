//! The quota windows of a ChatGPT plan: how much of each is used and when it begins anew, in every form the backend
//! tells it. A window is known by its length, never by the slot it comes in: which slot has which differs by plan.

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
    /// When it begins anew.
    pub reset_at: Timestamp,
}

impl QuotaWindow {
    /// What people call it: `5h`, `day`, `week`, `month`, else its length.
    pub fn name(&self) -> String {
        match self.window_seconds {
            DAY => "day".to_owned(),
            seconds if (7 * DAY).abs_diff(seconds) <= HOUR => "week".to_owned(),
            seconds if (28 * DAY..=31 * DAY).contains(&seconds) => "month".to_owned(),
            seconds if seconds % DAY == 0 => format!("{}d", seconds / DAY),
            seconds if seconds >= HOUR => format!("{}h", seconds.div_ceil(HOUR)),
            seconds => format!("{}min", seconds.div_ceil(60)),
        }
    }

    /// How much is used at `now`: nothing any more once it has begun anew. A window that would take longer to do so than
    /// it is long came from a clock that jumped.
    pub fn used_at(&self, now: Timestamp) -> f64 {
        let longest = Duration::from_secs(self.window_seconds.saturating_add(SLACK_SECONDS));
        if self.reset_at > now && self.reset_at <= now.after(longest) { self.used_percent } else { 0.0 }
    }
}

/// Every window that was told, the shortest first, and whose they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quota {
    /// The shortest first.
    pub windows: Vec<QuotaWindow>,
    /// The plan, where it was told with them.
    pub plan: Option<String>,
}

impl Quota {
    fn of(windows: impl Iterator<Item = QuotaWindow>, plan: Option<&str>) -> Option<Quota> {
        let mut windows: Vec<QuotaWindow> = windows.collect();
        windows.sort_by_key(|window| window.window_seconds);
        let plan = plan.filter(|plan| !plan.is_empty() && plan.len() <= 64 && !plan.contains(char::is_control));
        (!windows.is_empty()).then(|| Quota { windows, plan: plan.map(str::to_owned) })
    }

    /// As the headers of an answer tell it. `None` when they tell no window.
    pub fn from_headers<'h>(header: &dyn Fn(&str) -> Option<&'h str>, now: Timestamp) -> Option<Quota> {
        let windows = ["primary", "secondary"].into_iter().filter_map(|slot| {
            let field = |name: &str| header(&format!("x-codex-{slot}-{name}"))?.trim().parse::<f64>().ok();
            let resets = Resets { at: field("reset-at"), after: field("reset-after-seconds") };
            window(field("used-percent")?, field("window-minutes")? * 60.0, &resets, now)
        });
        Quota::of(windows, header("x-codex-plan-type"))
    }

    /// As the event `codex.rate_limits` tells it. `None` when it tells no window.
    pub fn from_event(event: &Value, now: Timestamp) -> Option<Quota> {
        let limits = event.get("rate_limits")?;
        let windows = ["primary", "secondary"].into_iter().filter_map(|slot| {
            let slot = limits.get(slot)?;
            let field = |name: &str| slot.get(name).and_then(Value::as_f64);
            let resets = Resets { at: field("reset_at"), after: field("reset_after_seconds") };
            window(field("used_percent")?, field("window_minutes")? * 60.0, &resets, now)
        });
        Quota::of(windows, event.get("plan_type").and_then(Value::as_str))
    }

    /// As the usage endpoint tells it. `None` when it tells no window.
    pub fn from_usage(usage: &Value, now: Timestamp) -> Option<Quota> {
        let limits = usage.get("rate_limit")?;
        let is_reached = limits.get("limit_reached") == Some(&Value::Bool(true));
        let windows = ["primary_window", "secondary_window"].into_iter().filter_map(|slot| {
            let slot = limits.get(slot)?;
            let field = |name: &str| slot.get(name).and_then(Value::as_f64);
            let resets = Resets { at: field("reset_at"), after: field("reset_after_seconds") };
            window(field("used_percent")?, field("limit_window_seconds")?, &resets, now)
        });
        let mut quota = Quota::of(windows, usage.get("plan_type").and_then(Value::as_str))?;
        if is_reached
            && let Some(fullest) = quota.windows.iter_mut().max_by(|a, b| a.used_percent.total_cmp(&b.used_percent))
        {
            // The numbers are rounded; this is what counts.
            fullest.used_percent = 100.0;
        }
        Some(quota)
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
}

/// When a window begins anew, as far as it is told.
struct Resets {
    /// In unix seconds.
    at: Option<f64>,
    /// In seconds from now.
    after: Option<f64>,
}

/// A window, if its numbers can be ones. The seconds from now come first: they hold whatever our clock says. A reset that
/// lies further away than the window is long came from a clock that is wrong, the provider's or ours.
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
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn of(windows: &[(f64, u64, i64)]) -> Quota {
        let windows = windows.iter().map(|(used_percent, window_seconds, seconds)| QuotaWindow {
            used_percent: *used_percent,
            window_seconds: *window_seconds,
            reset_at: Timestamp(NOW.0 + seconds * 1_000),
        });
        Quota { windows: windows.collect(), plan: None }
    }

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
            let window = QuotaWindow { used_percent: 0.0, window_seconds: seconds, reset_at: NOW };
            assert_eq!(window.name(), name, "{seconds}");
        }
    }

    #[test]
    fn every_form_is_read_whichever_slot_a_window_is_in() {
        let headers = [
            ("x-codex-primary-used-percent", "73"),
            ("x-codex-primary-window-minutes", "10080"),
            ("x-codex-primary-reset-at", "1700600000"),
            ("x-codex-secondary-used-percent", "12.5"),
            ("x-codex-secondary-window-minutes", "300"),
            ("x-codex-secondary-reset-after-seconds", "9000"),
            ("x-codex-plan-type", "plus"),
        ];
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let expected = of(&[(12.5, 18_000, 9_000), (73.0, 604_800, 600_000)]);
        let told = Quota::from_headers(&header, NOW).unwrap();
        assert_eq!((told.windows, told.plan.as_deref()), (expected.windows.clone(), Some("plus")));
        let event = json!({"type": "codex.rate_limits", "plan_type": "pro", "rate_limits": {
            "primary": {"used_percent": 12.5, "window_minutes": 300, "reset_at": 1_700_009_000},
            "secondary": {"used_percent": 73, "window_minutes": 10080, "reset_at": 1_700_600_000}}});
        assert_eq!(Quota::from_event(&event, NOW).unwrap().windows, expected.windows);
        let usage = json!({"plan_type": "plus", "rate_limit": {"allowed": true, "limit_reached": false,
            "primary_window": {"used_percent": 12.5, "limit_window_seconds": 18_000, "reset_after_seconds": 9_000},
            "secondary_window": {"used_percent": 73, "limit_window_seconds": 604_800, "reset_at": 1_700_600_000}}});
        assert_eq!(Quota::from_usage(&usage, NOW).unwrap().windows, expected.windows);
        let one = json!({"rate_limit": {"primary_window": {"used_percent": 1, "limit_window_seconds": 2_592_000,
            "reset_at": 1_700_600_000}, "secondary_window": null}});
        assert_eq!(Quota::from_usage(&one, NOW).unwrap().windows[0].name(), "month");
        let mut reached = usage;
        reached["rate_limit"]["limit_reached"] = json!(true);
        let reached = Quota::from_usage(&reached, NOW).unwrap();
        assert_eq!(reached.windows.iter().map(|window| window.used_percent).collect::<Vec<_>>(), [12.5, 100.0]);
    }

    #[test]
    fn absurd_numbers_are_no_windows() {
        for (used, minutes, at) in
            [("NaN", "300", "1700009000"), ("5", "0", "1700009000"), ("5", "300", "-1"), ("5", "1e30", "1700009000")]
        {
            let header = |name: &str| match name {
                "x-codex-primary-used-percent" => Some(used),
                "x-codex-primary-window-minutes" => Some(minutes),
                "x-codex-primary-reset-at" => Some(at),
                _ => None,
            };
            assert_eq!(Quota::from_headers(&header, NOW), None, "{used} {minutes} {at}");
        }
        assert_eq!(Quota::from_usage(&json!({"rate_limit": 5}), NOW), None);
        // A clock that is a day off is not believed; the seconds from now are.
        let header = |name: &str| match name {
            "x-codex-primary-used-percent" => Some("250"),
            "x-codex-primary-window-minutes" => Some("300"),
            "x-codex-primary-reset-at" => Some("1700100000"),
            "x-codex-primary-reset-after-seconds" => Some("60"),
            _ => None,
        };
        assert_eq!(Quota::from_headers(&header, NOW).unwrap(), of(&[(100.0, 18_000, 60)]));
    }

    #[test]
    fn a_spent_window_keeps_the_account_out_until_it_begins_anew() {
        let quota = of(&[(100.0, 18_000, 60), (96.0, 604_800, 600)]);
        let at = |seconds: i64| Timestamp(NOW.0 + seconds * 1_000);
        assert_eq!(quota.spent_until(0.0, NOW), Some(at(60)));
        assert_eq!(quota.spent_until(5.0, NOW), Some(at(600)));
        assert_eq!(quota.spent_until(0.0, at(60)), None);
        assert_eq!(quota.spent_until(5.0, at(600)), None);
        // The clock was set back by a day since.
        assert_eq!(of(&[(100.0, 18_000, 86_400)]).spent_until(0.0, NOW), None);
        assert!((quota.used_at(NOW) - 100.0).abs() < 1e-9);
        assert!((quota.used_at(at(60)) - 96.0).abs() < 1e-9);
    }

    #[test]
    fn only_what_matters_to_others_is_a_difference() {
        let quota = of(&[(50.0, 18_000, 60)]);
        for (other, differs) in [
            (of(&[(50.9, 18_000, 90)]), false),
            (of(&[(51.0, 18_000, 60)]), true),
            (of(&[(50.0, 18_000, 200)]), true),
            (of(&[(50.0, 604_800, 60)]), true),
            (of(&[]), true),
        ] {
            assert_eq!(quota.differs_from(&other), differs, "{other:?}");
        }
        assert!(of(&[(99.5, 18_000, 60)]).differs_from(&of(&[(100.0, 18_000, 60)])));
    }
}
