//! The one source of time, and of which day a moment belongs to: days and months are local.
#![expect(clippy::disallowed_methods, reason = "this file wraps the clock")]

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::time::{Day, Timestamp};

/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;

/// Reads the time. Cloning is cheap; tests hand in one that stands still.
#[derive(Clone)]
pub struct Clock {
    read: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Read at the first need: the files it comes from are not worth a start's time.
    zone: Arc<OnceLock<TimeZone>>,
}

impl Clock {
    /// The machine's wall clock.
    pub fn system() -> Clock {
        Clock::from_fn(|| {
            let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// A clock that is read by `read`, in the machine's time zone.
    pub fn from_fn(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Clock {
        Clock { read: Arc::new(read), zone: Arc::default() }
    }

    /// This clock in another time zone, named as the variable `TZ` names it. One that is not known is UTC.
    #[must_use]
    pub fn in_zone(self, name: &str) -> Clock {
        let zone = TimeZone::get(name).or_else(|_| TimeZone::posix(name)).unwrap_or(TimeZone::UTC);
        Clock { zone: Arc::new(OnceLock::from(zone)), ..self }
    }

    /// The wall-clock time now.
    pub fn now(&self) -> Timestamp {
        (self.read)()
    }

    /// `at` as people read it, in local time: `2026-11-21 09:05:07`.
    pub fn spelled(&self, at: Timestamp) -> String {
        let time = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
        self.zone().to_datetime(time).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The local day of `at`.
    pub fn day(&self, at: Timestamp) -> Day {
        self.date(at).into()
    }

    /// When the local day of `at` ends: its next midnight, or the moment that stands for it where the hands skip it.
    pub fn day_ends(&self, at: Timestamp) -> Timestamp {
        self.date(at).tomorrow().map_or(Timestamp(i64::MAX), |next| self.begin(next))
    }

    /// When the local hour of `at` began: the moment at which the hands showed it full, or were set to a time within it.
    pub fn hour_began(&self, at: Timestamp) -> Timestamp {
        let Ok(moment) = jiff::Timestamp::from_millisecond(at.0) else { return at };
        let offset = i64::from(self.zone().to_offset(moment).seconds()) * 1_000;
        let full = at.0 - (at.0 + offset).rem_euclid(HOUR);
        // At the moment of a change itself the new hands are in force.
        let before = moment.checked_add(SignedDuration::from_nanos(1)).unwrap_or(moment);
        let set = self.zone().preceding(before).next().map_or(i64::MIN, |set| set.timestamp().as_millisecond());
        Timestamp(full.max(set))
    }

    /// When the local month of `at` ends.
    pub fn month_ends(&self, at: Timestamp) -> Timestamp {
        self.date(at).last_of_month().tomorrow().map_or(Timestamp(i64::MAX), |next| self.begin(next))
    }

    /// `TZ` as a zone's name, a POSIX rule or a file, else what the system is set to, else UTC.
    fn zone(&self) -> &TimeZone {
        self.zone.get_or_init(TimeZone::system)
    }

    /// The local date of `at`; a time outside the years -9999 to 9999 counts as the end of them that is nearer.
    fn date(&self, at: Timestamp) -> Date {
        let bound = if at.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        self.zone().to_datetime(jiff::Timestamp::from_millisecond(at.0).unwrap_or(bound)).date()
    }

    /// The first moment of `date`.
    fn begin(&self, date: Date) -> Timestamp {
        let midnight = date.to_zoned(self.zone().clone()).and_then(|midnight| midnight.start_of_day());
        midnight.map_or(Timestamp(i64::MAX), |midnight| Timestamp(midnight.timestamp().as_millisecond()))
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Clock")
    }
}

/// How much of a wait a stop of the process can use up.
const STEP: Duration = Duration::from_secs(1);

/// Until this process has run for `time`. While it is stopped (Ctrl-Z, a laptop that sleeps) no time passes: what came
/// meanwhile is looked at before a deadline is.
pub async fn run_for(time: Duration) {
    let mut left = time;
    while !left.is_zero() {
        let step = left.min(STEP);
        tokio::time::sleep(step).await;
        left -= step;
    }
}

/// A monotonic instant, for measuring how long something took.
pub fn instant() -> Instant {
    Instant::now()
}

/// A moment by two clocks: one that nobody sets, and one that goes on while the machine sleeps.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// By the monotonic clock.
    pub steady: Instant,
    /// By the wall clock.
    pub wall: SystemTime,
}

impl Moment {
    /// This moment.
    pub fn now() -> Moment {
        Moment { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// How long ago `earlier` was, by the clock that says more.
    pub fn since(&self, earlier: &Moment) -> Duration {
        self.awake_since(earlier).max(self.wall.duration_since(earlier.wall).unwrap_or_default())
    }

    /// How much of the time since `earlier` the machine slept. A wall clock that was set forward looks the same.
    pub fn slept_since(&self, earlier: &Moment) -> Duration {
        self.since(earlier).saturating_sub(self.awake_since(earlier))
    }

    fn awake_since(&self, earlier: &Moment) -> Duration {
        self.steady.saturating_duration_since(earlier.steady)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(zone: &str) -> Clock {
        Clock::from_fn(|| Timestamp(0)).in_zone(zone)
    }

    /// The moment of an instant such as `2026-03-08T12:00:00Z`.
    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[track_caller]
    fn check(zone: &str, moment: &str, day: &str, ends: &str, month_ends: &str) {
        let (clock, moment) = (clock(zone), at(moment));
        assert_eq!(clock.day(moment).to_string(), day);
        assert_eq!(clock.day_ends(moment), at(ends));
        assert_eq!(clock.month_ends(moment), at(month_ends));
        let end = clock.day_ends(moment);
        assert_ne!(clock.day(end), clock.day(Timestamp(end.0 - 1)));
        assert_eq!(clock.day(Timestamp(end.0 - 1)).to_string(), day);
    }

    #[test]
    fn days_and_months_end_at_local_midnight() {
        check("UTC", "2026-11-21T04:00:00Z", "2026-11-21", "2026-11-22T00:00:00Z", "2026-12-01T00:00:00Z");
        check("UTC", "2026-12-31T23:59:59.999Z", "2026-12-31", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        check("UTC", "2028-02-29T00:00:00Z", "2028-02-29", "2028-03-01T00:00:00Z", "2028-03-01T00:00:00Z");
        check("Asia/Tokyo", "2026-11-30T15:00:00Z", "2026-12-01", "2026-12-01T15:00:00Z", "2026-12-31T15:00:00Z");
        check("Asia/Tokyo", "2026-11-30T14:59:59Z", "2026-11-30", "2026-11-30T15:00:00Z", "2026-11-30T15:00:00Z");
        check("America/New_York", "2026-11-01T03:30:00Z", "2026-10-31", "2026-11-01T04:00:00Z", "2026-11-01T04:00:00Z");
        // `EST5EDT` as a POSIX rule, and a half-hour zone that is west of it by name and east of it in truth.
        check(
            "EST5EDT,M3.2.0,M11.1.0",
            "2026-11-21T04:00:00Z",
            "2026-11-20",
            "2026-11-21T05:00:00Z",
            "2026-12-01T05:00:00Z",
        );
        check("IST-5:30", "2026-11-21T18:30:00Z", "2026-11-22", "2026-11-22T18:30:00Z", "2026-11-30T18:30:00Z");
    }

    #[test]
    fn a_day_with_a_change_of_the_hands_is_23_or_25_hours_long() {
        let clock = clock("Europe/Berlin");
        for (noon, hours) in [("2026-03-29T10:00:00Z", 23), ("2026-10-25T11:00:00Z", 25), ("2026-11-21T11:00:00Z", 24)]
        {
            let ends = clock.day_ends(at(noon));
            let began = clock.day_ends(Timestamp(at(noon).0 - 24 * HOUR));
            assert_eq!(ends.0 - began.0, hours * HOUR, "{noon}");
        }
        // Where the hands go forward at midnight the day begins at one o'clock; where they go back, at the first zero.
        check("America/Santiago", "2026-09-06T02:00:00Z", "2026-09-05", "2026-09-06T04:00:00Z", "2026-10-01T03:00:00Z");
        check("America/Havana", "2026-10-31T12:00:00Z", "2026-10-31", "2026-11-01T04:00:00Z", "2026-11-01T04:00:00Z");
    }

    #[test]
    fn hours_are_local_and_begin_anew_where_the_hands_are_set() {
        for (zone, moment, began) in [
            ("UTC", "2026-11-21T04:59:59.999Z", "2026-11-21T04:00:00Z"),
            ("UTC", "2026-11-21T04:00:00Z", "2026-11-21T04:00:00Z"),
            ("IST-5:30", "2026-11-21T04:29:59Z", "2026-11-21T03:30:00Z"),
            ("Asia/Kathmandu", "2026-11-21T04:15:00Z", "2026-11-21T04:15:00Z"),
            // Of the hour that comes twice each is one of its own.
            ("Europe/Berlin", "2026-10-25T00:59:00Z", "2026-10-25T00:00:00Z"),
            ("Europe/Berlin", "2026-10-25T01:01:00Z", "2026-10-25T01:00:00Z"),
            // From two o'clock the hands go back to half past one, and forward to half past two.
            ("Australia/Lord_Howe", "2026-04-04T14:59:00Z", "2026-04-04T14:00:00Z"),
            ("Australia/Lord_Howe", "2026-04-04T15:00:00Z", "2026-04-04T15:00:00Z"),
            ("Australia/Lord_Howe", "2026-04-04T15:29:00Z", "2026-04-04T15:00:00Z"),
            ("Australia/Lord_Howe", "2026-10-03T15:45:00Z", "2026-10-03T15:30:00Z"),
        ] {
            assert_eq!(clock(zone).hour_began(at(moment)), at(began), "{zone} at {moment}");
        }
    }

    #[test]
    fn hours_follow_each_other_without_a_gap() {
        for zone in ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"] {
            let clock = clock(zone);
            for around in ["2026-03-29T12:00:00Z", "2026-04-05T12:00:00Z", "2026-10-04T12:00:00Z"] {
                let mut began = clock.hour_began(at(around));
                for _ in 0..72 {
                    let before = clock.hour_began(Timestamp(began.0 - 1));
                    assert_eq!(clock.hour_began(before), before, "{zone}");
                    assert!(before < began && began.0 - before.0 <= HOUR, "{zone}: {before:?} {began:?}");
                    began = before;
                }
            }
        }
    }

    #[test]
    fn an_unknown_zone_is_utc_and_absurd_times_are_borne() {
        assert_eq!(clock("Mars/Olympus").day(at("2026-11-21T23:59:59Z")).to_string(), "2026-11-21");
        for absurd in [Timestamp(i64::MIN), Timestamp(i64::MAX)] {
            let clock = clock("Asia/Tokyo");
            let _ = (clock.day(absurd), clock.day_ends(absurd), clock.month_ends(absurd), clock.hour_began(absurd));
        }
        assert_eq!(clock("UTC").day_ends(Timestamp(i64::MAX)), Timestamp(i64::MAX));
    }

    #[test]
    fn sleep_is_what_the_wall_clock_alone_has_seen() {
        let before = Moment::now();
        let seconds = Duration::from_secs;
        for (steady, wall, since, slept) in [(5, 5, 5, 0), (5, 3_600, 3_600, 3_595), (7, 0, 7, 0)] {
            let later = Moment { steady: before.steady + seconds(steady), wall: before.wall + seconds(wall) };
            assert_eq!((later.since(&before), later.slept_since(&before)), (seconds(since), seconds(slept)));
        }
        let set_back = Moment { steady: before.steady + seconds(5), wall: before.wall - seconds(3_600) };
        assert_eq!((set_back.since(&before), set_back.slept_since(&before)), (seconds(5), Duration::ZERO));
    }

    #[test]
    #[ignore = "another test starts this in a process of its own"]
    fn child_tells_when_its_day_ends() {
        println!("\nends {}", Clock::system().day_ends(at("2026-11-21T04:00:00Z")).0);
    }

    #[test]
    fn the_zone_is_what_the_variable_says() {
        for (zone, ends) in [
            ("Asia/Tokyo", "2026-11-21T15:00:00Z"),
            (":Asia/Tokyo", "2026-11-21T15:00:00Z"),
            ("/usr/share/zoneinfo/Asia/Tokyo", "2026-11-21T15:00:00Z"),
            ("EST5EDT,M3.2.0,M11.1.0", "2026-11-21T05:00:00Z"),
            ("<+0330>-3:30", "2026-11-21T20:30:00Z"),
            ("Mars/Olympus", "2026-11-22T00:00:00Z"),
            ("", "2026-11-22T00:00:00Z"),
        ] {
            let child = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "clock::tests::child_tells_when_its_day_ends", "--ignored", "--nocapture"])
                .env("TZ", zone)
                .output()
                .unwrap();
            let output = String::from_utf8(child.stdout).unwrap();
            assert!(output.contains(&format!("\nends {}\n", at(ends).0)), "{zone}: {output}");
        }
    }
}
