//! Lengths of time, as people read them.

use std::time::Duration;

/// A length to come, in its two largest units and rounded up: `45 s`, `12 min`, `3 h 12 min`, `2 days 3 h`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1_000);
    let minutes = seconds.div_ceil(60);
    let hours = minutes.div_ceil(60);
    let two = |large: u128, one: &str, many: &str, small: u128, unit: &str| {
        let name = if large == 1 { one } else { many };
        if small == 0 { format!("{large} {name}") } else { format!("{large} {name} {small} {unit}") }
    };
    match seconds {
        0..=90 => format!("{seconds} s"),
        91..=3_540 => format!("{minutes} min"),
        3_541..=86_340 => two(minutes / 60, "h", "h", minutes % 60, "min"),
        _ => two(hours / 24, "day", "days", hours % 24, "h"),
    }
}

/// The same in few letters and one unit, for a column: `45s`, `12m`, `3h`, `2d`.
pub fn brief(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1_000);
    match seconds {
        0..=90 => format!("{seconds}s"),
        91..=5_400 => format!("{}m", seconds.div_ceil(60)),
        5_401..=172_800 => format!("{}h", seconds.div_ceil(3_600)),
        _ => format!("{}d", seconds.div_ceil(86_400)),
    }
}

/// How long something took: `230 ms`, `1.2 s`, `75 s`, `3 min 20 s`.
pub fn took(milliseconds: u64) -> String {
    match milliseconds {
        0..=999 => format!("{milliseconds} ms"),
        1_000..=9_949 => format!("{}.{} s", (milliseconds + 50) / 1_000, (milliseconds + 50) / 100 % 10),
        9_950..=119_499 => format!("{} s", (milliseconds + 500) / 1_000),
        _ => {
            let seconds = milliseconds.saturating_add(500) / 1_000;
            let (minutes, rest) = (seconds / 60, seconds % 60);
            if minutes >= 60 {
                format!("{} h {} min", minutes / 60, minutes % 60)
            } else {
                format!("{minutes} min {rest} s")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_units_that_count() {
        for (seconds, long, short) in [
            (0, "0 s", "0s"),
            (90, "90 s", "90s"),
            (91, "2 min", "2m"),
            (3_540, "59 min", "59m"),
            (3_541, "1 h", "60m"),
            (11_520, "3 h 12 min", "4h"),
            (86_341, "1 day", "24h"),
            (90_000, "1 day 1 h", "25h"),
            (604_800, "7 days", "7d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), long);
            assert_eq!(brief(Duration::from_secs(seconds)), short);
        }
    }

    #[test]
    fn what_took_longer_is_shown_less_exactly() {
        for (milliseconds, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (1_250, "1.3 s"),
            (9_949, "9.9 s"),
            (9_950, "10 s"),
            (119_499, "119 s"),
            (119_500, "2 min 0 s"),
            (200_000, "3 min 20 s"),
            (7_260_000, "2 h 1 min"),
            (u64::MAX, "5124095576030 h 25 min"),
        ] {
            assert_eq!(took(milliseconds), text);
        }
    }
}
