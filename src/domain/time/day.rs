//! A day of the calendar. Which one a moment belongs to depends on the time zone, and is the clock's to say.

use std::fmt;
use std::str::FromStr;

use jiff::Span;
use jiff::civil::{Date, date};

/// The earliest day there is here.
const FIRST: Date = date(0, 1, 1);

/// A calendar day of the years 0 to 9999. It is spelled `2026-11-21`, so that days order alike as text and as values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl From<Date> for Day {
    fn from(date: Date) -> Day {
        Day(date.max(FIRST))
    }
}

impl Day {
    /// The first day of its month.
    #[must_use]
    pub fn first_of_month(self) -> Day {
        Day(self.0.first_of_month())
    }

    /// The day that is `days` before this one; no earlier than the first of the year 0.
    #[must_use]
    pub fn days_before(self, days: u32) -> Day {
        let before = Span::new().try_days(days).and_then(|span| self.0.checked_sub(span));
        Day::from(before.unwrap_or(FIRST))
    }

    /// How many days this one is after `other`; negative when it is before.
    pub fn days_since(self, other: Day) -> i64 {
        i64::from((self.0 - other.0).get_days())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The text is not a day such as `2026-11-21`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADay;

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Day, NotADay> {
        let date: Date = text.parse().map_err(|_| NotADay)?;
        // A date has other spellings too.
        if date >= FIRST && date.to_string() == text { Ok(Day(date)) } else { Err(NotADay) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_they_are_written_and_order_as_their_text() {
        for text in ["2026-11-21", "1970-01-01", "2000-02-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(text.parse::<Day>().unwrap().to_string(), text);
        }
        for text in ["2026-11-31", "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "2026/11/21", "", "2026-11-2é"]
        {
            assert_eq!(text.parse::<Day>(), Err(NotADay), "{text}");
        }
        let (earlier, later): (Day, Day) = ("2026-09-30".parse().unwrap(), "2026-10-01".parse().unwrap());
        assert!(earlier < later && earlier.to_string() < later.to_string());
        assert_eq!("2026-10-31".parse::<Day>().unwrap().first_of_month(), later);
    }

    #[test]
    fn counting_back_walks_over_months_years_and_leap_days() {
        for (from, days, to) in [
            ("2026-11-21", 0, "2026-11-21"),
            ("2026-11-21", 29, "2026-10-23"),
            ("2026-01-01", 1, "2025-12-31"),
            ("2024-03-01", 1, "2024-02-29"),
            ("2025-03-01", 1, "2025-02-28"),
            ("2026-11-21", 365, "2025-11-21"),
            ("2026-11-21", u32::MAX, "0000-01-01"),
        ] {
            let from: Day = from.parse().unwrap();
            assert_eq!(from.days_before(days).to_string(), to);
        }
        let mut day: Day = "2030-01-01".parse().unwrap();
        for _ in 0..20_000 {
            let before = day.days_before(1);
            assert!(before < day && day.days_since(before) == 1 && before.to_string().parse() == Ok(before));
            day = before;
        }
    }
}
