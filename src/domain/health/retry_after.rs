//! The wait that an upstream asks for, in each of its forms.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::LONGEST_WAIT;
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::meter;

/// The wait when an answer names none.
pub const UNSAID_WAIT: Duration = Duration::from_secs(60);

/// A wait of no time that was tried in vain counts as this one.
pub const SHORTEST_LIMIT: Duration = Duration::from_secs(5);

/// The wait an answer asks for. The forms are read in this order: `retry-after-ms`, `retry-after` (seconds or an
/// HTTP date), the error's `resets_in_seconds` and `resets_at`, the exhausted `x-codex-*` window, `try again
/// in …` in the message, `x-ratelimit-reset-*`. Values that are absurd are passed over; the result is at most
/// [`LONGEST_WAIT`], and [`UNSAID_WAIT`] when nothing was said. Lengths of time come before points in time, which are
/// read by the clock of the `Date` header where there is one: ours may be wrong.
pub fn requested_wait<'h>(header: &dyn Fn(&str) -> Option<&'h str>, error: &Value, now: Timestamp) -> Duration {
    let now = header("date").and_then(http_date).unwrap_or(now);
    from_retry_after(header, now)
        .or_else(|| from_error(error, now))
        .or_else(|| from_codex_window(header, now))
        .or_else(|| from_message(error.get("message")?.as_str()?))
        .or_else(|| from_rate_limit_headers(header, error))
        .unwrap_or(UNSAID_WAIT)
        .min(LONGEST_WAIT)
}

fn from_retry_after<'h>(header: &dyn Fn(&str) -> Option<&'h str>, now: Timestamp) -> Option<Duration> {
    if let Some(wait) = header("retry-after-ms").and_then(number).and_then(|ms| seconds(ms / 1000.0)) {
        return Some(wait);
    }
    let value = header("retry-after")?;
    number(value).and_then(seconds).or_else(|| Some(http_date(value)?.since(now)))
}

fn http_date(text: &str) -> Option<Timestamp> {
    let date: SystemTime = httpdate::parse_http_date(text.trim()).ok()?;
    let at = date.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp(i64::try_from(at.as_millis()).ok()?))
}

fn from_error(error: &Value, now: Timestamp) -> Option<Duration> {
    let after = error.get("resets_in_seconds").and_then(Value::as_f64).and_then(seconds);
    after.or_else(|| until_unix_seconds(error.get("resets_at").and_then(Value::as_f64)?, now))
}

/// Of the windows that are used up, the one that resets last: until then the account cannot serve. Where a model's meter
/// counted the request they are that meter's.
fn from_codex_window<'h>(header: &dyn Fn(&str) -> Option<&'h str>, now: Timestamp) -> Option<Duration> {
    let prefix = meter::active(header).map_or("x-codex".to_owned(), |name| meter::prefix(&name));
    ["primary", "secondary"]
        .into_iter()
        .filter_map(|slot| {
            let field = |name: &str| header(&format!("{prefix}-{slot}-{name}")).and_then(number);
            if field("used-percent")? < 100.0 {
                return None;
            }
            field("reset-after-seconds").and_then(seconds).or_else(|| until_unix_seconds(field("reset-at")?, now))
        })
        .max()
}

fn from_message(message: &str) -> Option<Duration> {
    let lower = message.to_ascii_lowercase();
    let rest = &lower[lower.find("try again in ")? + "try again in ".len()..];
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == 'µ')).unwrap_or(rest.len());
    let (token, after) = rest.split_at(end);
    go_duration(token.trim_end_matches('.')).or_else(|| {
        // "try again in 20 seconds"
        let unit = match after.trim_start().get(..3)? {
            "sec" => 1.0,
            "min" => 60.0,
            "hou" => 3600.0,
            "day" => 86_400.0,
            _ => return None,
        };
        seconds(number(token)? * unit)
    })
}

/// The reset of the budget that is used up; when the headers do not say which one it is, the error's type does.
fn from_rate_limit_headers<'h>(header: &dyn Fn(&str) -> Option<&'h str>, error: &Value) -> Option<Duration> {
    let reset = |budget: &str| header(&format!("x-ratelimit-reset-{budget}")).and_then(|text| go_duration(text.trim()));
    let spent = |budget: &str| header(&format!("x-ratelimit-remaining-{budget}")).and_then(number) == Some(0.0);
    let kind = error.get("type").and_then(Value::as_str);
    let budgets = ["requests", "tokens"];
    budgets
        .into_iter()
        .filter(|budget| spent(budget))
        .filter_map(reset)
        .max()
        .or_else(|| budgets.into_iter().find(|budget| kind == Some(budget)).and_then(reset))
        .or_else(|| budgets.into_iter().filter_map(reset).max())
}

/// A Go duration: `12ms`, `1s`, `6m0s`, `1h23m31.5s`.
pub fn go_duration(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let value: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let units = [
            ("ms", 1e-3),
            ("us", 1e-6),
            ("µs", 1e-6),
            ("ns", 1e-9),
            ("h", 3600.0),
            ("m", 60.0),
            ("s", 1.0),
            ("d", 86_400.0),
        ];
        let (unit, scale) = units.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        total += value * scale;
        rest = &rest[unit.len()..];
    }
    if text.is_empty() { None } else { seconds(total) }
}

fn until_unix_seconds(at: f64, now: Timestamp) -> Option<Duration> {
    #[expect(clippy::cast_precision_loss, reason = "unix milliseconds fit a double until the year 287396")]
    let wait = at - now.as_millis() as f64 / 1000.0;
    if at.is_finite() && at > 0.0 { seconds(wait.max(0.0)) } else { None }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// A wait of `value` seconds, or `None` for one that is negative or not a number. The clamp keeps the
/// conversion from overflowing.
fn seconds(value: f64) -> Option<Duration> {
    (value >= 0.0).then(|| Duration::from_secs_f64(value.min(LONGEST_WAIT.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], error: &Value, expected_millis: u128) {
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        assert_eq!(requested_wait(&header, error, NOW).as_millis(), expected_millis, "{headers:?} {error}");
    }

    #[test]
    fn every_form_is_read_in_its_order() {
        let none = json!({});
        check(&[("retry-after-ms", "1500"), ("retry-after", "9")], &none, 1_500);
        check(&[("retry-after", "9")], &json!({"resets_in_seconds": 70}), 9_000);
        check(&[("retry-after", "Tue, 14 Nov 2023 22:14:20 GMT")], &none, 60_000);
        check(&[], &json!({"resets_at": 1_700_000_030, "resets_in_seconds": 5}), 5_000);
        check(&[], &json!({"resets_at": 1_700_000_030}), 30_000);
        check(&[], &json!({"resets_in_seconds": 5}), 5_000);
        let window = ("x-codex-primary-used-percent", "100");
        check(&[window, ("x-codex-primary-reset-after-seconds", "90")], &none, 90_000);
        check(&[window, ("x-codex-primary-reset-at", "1700000010")], &none, 10_000);
        let spark = [
            ("x-codex-active-limit", "codex_bengalfox"),
            ("x-codex-bengalfox-primary-used-percent", "100"),
            ("x-codex-bengalfox-primary-window-minutes", "300"),
            ("x-codex-bengalfox-primary-reset-after-seconds", "40"),
        ];
        check(&[&spark[..], &[window, ("x-codex-primary-reset-after-seconds", "90")]].concat(), &none, 40_000);
        check(&[], &json!({"message": "Limit 3. Please try again in 1.2s. Visit"}), 1_200);
        check(&[], &json!({"message": "Please try again in 6m0s."}), 360_000);
        check(&[], &json!({"message": "try again in 20 seconds"}), 20_000);
        check(&[("x-ratelimit-reset-tokens", "12ms")], &json!({"type": "tokens"}), 12);
        let both = [("x-ratelimit-reset-tokens", "6m0s"), ("x-ratelimit-reset-requests", "1h23m31s")];
        check(&both, &json!({"type": "tokens"}), 360_000);
        check(&both, &none, 5_011_000);
        check(&[both[0], both[1], ("x-ratelimit-remaining-tokens", "0")], &json!({"type": "requests"}), 360_000);
        check(&[], &none, 60_000);
    }

    #[test]
    fn points_in_time_are_read_by_the_clock_that_wrote_them() {
        // Ours is two hours ahead.
        let date = ("date", "Tue, 14 Nov 2023 20:13:20 GMT");
        check(&[date, ("retry-after", "Tue, 14 Nov 2023 20:14:20 GMT")], &json!({}), 60_000);
        check(&[date], &json!({"resets_at": 1_699_992_900}), 100_000);
        let window = [date, ("x-codex-primary-used-percent", "100"), ("x-codex-primary-reset-at", "1699992810")];
        check(&window, &json!({}), 10_000);
        check(&[("date", "yesterday"), ("retry-after", "Tue, 14 Nov 2023 22:14:20 GMT")], &json!({}), 60_000);
    }

    #[test]
    fn absurd_past_and_negative_values_are_harmless() {
        let none = json!({});
        for absurd in ["-5", "NaN", "inf", "", "soon", "1e400"] {
            let expected = if matches!(absurd, "inf" | "1e400") { LONGEST_WAIT.as_millis() } else { 60_000 };
            check(&[("retry-after", absurd)], &none, expected);
        }
        check(&[("retry-after", "Tue, 14 Nov 2000 22:14:20 GMT")], &none, 0);
        check(&[("retry-after", "99999999999")], &none, LONGEST_WAIT.as_millis());
        check(&[], &json!({"resets_at": 1}), 0);
        check(&[], &json!({"resets_at": -1, "resets_in_seconds": -1}), 60_000);
        check(&[], &json!({"resets_at": "x"}), 60_000);
        check(&[("x-ratelimit-reset-tokens", "1x2")], &none, 60_000);
        check(&[("x-ratelimit-reset-tokens", "9999999999999h")], &none, LONGEST_WAIT.as_millis());
    }
}
