//! A day of the calendar. Which one a moment belongs to depends on the time zone, and is the clock's to say.

use std::fmt;
use std::str::FromStr;

/// A calendar day. It is spelled `2026-11-21`, so that days order alike as text and as values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    /// The year, 0 to 9999.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl Day {
    /// The first day of its month.
    #[must_use]
    pub fn first_of_month(self) -> Day {
        Day { day: 1, ..self }
    }

    /// The day that is `days` before this one; no earlier than the first of the year 0.
    #[must_use]
    pub fn days_before(self, days: u32) -> Day {
        let first = Day { year: 0, month: 1, day: 1 };
        Day::from_number((self.number() - i64::from(days)).max(first.number()))
    }

    /// How many days this one is after `other`; negative when it is before.
    pub fn days_since(self, other: Day) -> i64 {
        self.number() - other.number()
    }

    /// Days since 1970-01-01. Years begin in March here, so that the leap day comes last: Howard Hinnant's
    /// `days_from_civil`, <https://howardhinnant.github.io/date_algorithms.html>.
    fn number(self) -> i64 {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// The inverse of `number`, the same page's `civil_from_days`.
    fn from_number(number: i64) -> Day {
        let number = number + 719_468;
        let era = number.div_euclid(146_097);
        let day_of_era = number.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = (month_from_march + 2) % 12 + 1;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Day {
            year: i16::try_from(year).unwrap_or(i16::MAX),
            month: u8::try_from(month).unwrap_or(1),
            day: u8::try_from(day_of_year - (153 * month_from_march + 2) / 5 + 1).unwrap_or(1),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// The text is not a day such as `2026-11-21`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADay;

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Day, NotADay> {
        let shape = text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        if text.len() != 10 || !shape {
            return Err(NotADay);
        }
        let day = Day {
            year: text[..4].parse().map_err(|_| NotADay)?,
            month: text[5..7].parse().map_err(|_| NotADay)?,
            day: text[8..].parse().map_err(|_| NotADay)?,
        };
        // A day that does not exist comes back as another one.
        let exists = (1..=12).contains(&day.month) && day.day >= 1 && Day::from_number(day.number()) == day;
        if exists { Ok(day) } else { Err(NotADay) }
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
