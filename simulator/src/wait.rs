//! Each way in which a 429 says when to come back, one at a time, so that a reader of one form cannot lean on another.

use std::time::Duration;

use crate::clock::Timestamp;

/// How a 429 tells the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// In every way at once, as the real server does.
    Usual(Duration),
    /// `retry-after-ms` alone.
    RetryAfterMs(Duration),
    /// `retry-after` in seconds alone, rounded up.
    RetryAfterSeconds(Duration),
    /// `retry-after` as an HTTP date alone: the first whole second that is not before the wait's end.
    HttpDate(Duration),
    /// `x-ratelimit-reset-requests` or `-tokens` alone, as a Go duration; the other limit resets in 6 ms and is not used up.
    ResetHeaders(Duration),
    /// `Please try again in 1.2s.` in the message alone.
    Message(Duration),
    /// Nothing at all.
    None,
}

/// The limit that a 429 of the API names, in the error's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Tokens per minute.
    Tokens,
    /// Requests per minute.
    Requests,
}

impl Wait {
    /// What stands in the error's message, with a space behind it, or nothing.
    pub(crate) fn hint(self) -> String {
        match self {
            Wait::Usual(wait) | Wait::Message(wait) => format!("Please try again in {}. ", go_duration(wait)),
            Wait::RetryAfterMs(_)
            | Wait::RetryAfterSeconds(_)
            | Wait::HttpDate(_)
            | Wait::ResetHeaders(_)
            | Wait::None => String::new(),
        }
    }

    /// The headers that tell the wait.
    pub(crate) fn headers(self, kind: LimitKind, now: Timestamp) -> Vec<(&'static str, String)> {
        let (reset, other) = match kind {
            LimitKind::Tokens => ("x-ratelimit-reset-tokens", "x-ratelimit-reset-requests"),
            LimitKind::Requests => ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"),
        };
        let milliseconds = |wait: Duration| ("retry-after-ms", wait.as_millis().to_string());
        let seconds = |wait: Duration| ("retry-after", wait.as_millis().div_ceil(1000).to_string());
        let resets = |wait: Duration| [(reset, go_duration(wait)), (other, "6ms".to_owned())];
        match self {
            Wait::Usual(wait) => [milliseconds(wait), seconds(wait)].into_iter().chain(resets(wait)).collect(),
            Wait::RetryAfterMs(wait) => vec![milliseconds(wait)],
            Wait::RetryAfterSeconds(wait) => vec![seconds(wait)],
            Wait::HttpDate(wait) => vec![("retry-after", http_date(now.after(wait)))],
            Wait::ResetHeaders(wait) => resets(wait).into(),
            Wait::Message(_) | Wait::None => Vec::new(),
        }
    }
}

/// Spells a duration as Go does: `12ms`, `1.2s`, `6m0s`, `1h23m31s`.
pub(crate) fn go_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let (minutes, rest) = (millis / 60_000, millis % 60_000);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let fraction = format!("{:03}", rest % 1000);
    let seconds = match fraction.trim_end_matches('0') {
        "" => format!("{}s", rest / 1000),
        digits => format!("{}.{digits}s", rest / 1000),
    };
    match (hours, minutes) {
        (0, 0) if millis < 1000 && millis > 0 => format!("{millis}ms"),
        (0, 0) => seconds,
        (0, _) => format!("{minutes}m{seconds}"),
        _ => format!("{hours}h{minutes}m{seconds}"),
    }
}

/// Spells a time as HTTP does: `Sun, 06 Nov 1994 08:49:37 GMT`; the first whole second that is not before it.
fn http_date(time: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = time.as_millis().max(0).cast_unsigned().div_ceil(1000);
    let (days, clock) = (seconds / 86_400, seconds % 86_400);
    let (mut year, mut day) = (1970, days);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    let weekday = DAYS[usize::try_from(days % 7).unwrap_or(0)];
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!("{weekday}, {:02} {} {year} {hour:02}:{minute:02}:{second:02} GMT", day + 1, MONTHS[month])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spelled_as_go_does() {
        for (millis, text) in [
            (0, "0s"),
            (12, "12ms"),
            (1000, "1s"),
            (1200, "1.2s"),
            (1020, "1.02s"),
            (360_000, "6m0s"),
            (5_011_000, "1h23m31s"),
            (86_400_500, "24h0m0.5s"),
        ] {
            assert_eq!(go_duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn dates_are_spelled_as_http_does_and_rounded_up() {
        assert_eq!(http_date(Timestamp(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(Timestamp(784_111_776_001)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(Timestamp(1_709_164_800_000)), "Thu, 29 Feb 2024 00:00:00 GMT");
    }

    #[test]
    fn each_form_carries_the_wait_alone() {
        let wait = Duration::from_millis(1200);
        let names = |wait: Wait| {
            let headers = wait.headers(LimitKind::Tokens, Timestamp(0));
            headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
        };
        assert_eq!(names(Wait::RetryAfterMs(wait)), ["retry-after-ms: 1200"]);
        assert_eq!(names(Wait::RetryAfterSeconds(wait)), ["retry-after: 2"]);
        assert_eq!(names(Wait::HttpDate(wait)), ["retry-after: Thu, 01 Jan 1970 00:00:02 GMT"]);
        assert_eq!(
            names(Wait::ResetHeaders(wait)),
            ["x-ratelimit-reset-tokens: 1.2s", "x-ratelimit-reset-requests: 6ms"]
        );
        assert!(names(Wait::Message(wait)).is_empty() && names(Wait::None).is_empty());
        assert_eq!(Wait::Message(wait).hint(), "Please try again in 1.2s. ");
        assert_eq!(names(Wait::Usual(wait)).len(), 4);
    }
}
