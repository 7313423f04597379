//! The quota of an account, merged from one report after another.

use std::collections::BTreeMap;

use super::report::MOST_METERS;
use super::{Credits, Meter, Quota, QuotaReport, UsedUp};
use crate::domain::time::Timestamp;

/// Everything that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownQuota {
    /// The plan's own windows.
    pub quota: Quota,
    /// The meters of single models.
    pub meters: Vec<Meter>,
    /// The credits, if something is known of them.
    pub credits: Option<Credits>,
}

/// What a used-up plan and used-up meters mean for requests.
#[derive(Debug, Default, PartialEq)]
pub struct Exhaustion {
    /// Of the plan.
    pub plan: UsedUp,
    /// Of single models, by the model.
    pub models: BTreeMap<String, UsedUp>,
}

impl KnownQuota {
    /// What is known once `report` came: what it does not name stays, unless it is all there is. Meters whose windows are
    /// over fall away.
    #[must_use = "this returns what is known now"]
    pub fn updated(&self, report: &QuotaReport, now: Timestamp) -> KnownQuota {
        let quota = match &report.quota {
            Some(news) if !report.is_whole => self.quota.updated(news, now),
            None if !report.is_whole => self.quota.clone(),
            news => news.clone().unwrap_or_default(),
        };
        let reported = report.meters.iter().map(|meter| self.with_news_of(meter, report.is_whole, now));
        let is_kept = |meter: &&Meter| !report.is_whole && !report.meters.iter().any(|news| news.name == meter.name);
        let kept = self.meters.iter().filter(is_kept).filter_map(|meter| meter.current(now));
        let mut meters: Vec<Meter> = reported.chain(kept).take(MOST_METERS).collect();
        meters.sort_by(|one, other| one.name.cmp(&other.name));
        let credits = match &report.credits {
            Some(credits) => Some(credits.clone().completed_by(self.credits.as_ref())),
            None if report.is_whole => None,
            None => self.credits.clone(),
        };
        KnownQuota { quota, meters, credits }
    }

    /// A meter as it is known with `news` of it. Which model it counts is learned once.
    fn with_news_of(&self, news: &Meter, is_whole: bool, now: Timestamp) -> Meter {
        let Some(before) = self.meters.iter().find(|meter| meter.name == news.name) else { return news.clone() };
        Meter {
            name: news.name.clone(),
            model: news.model.clone().or_else(|| before.model.clone()),
            quota: if is_whole { news.quota.clone() } else { before.quota.updated(&news.quota, now) },
        }
    }

    /// The same without the meters whose windows are over.
    #[must_use = "this returns what still holds"]
    pub fn current(self, now: Timestamp) -> KnownQuota {
        KnownQuota { meters: self.meters.iter().filter_map(|meter| meter.current(now)).collect(), ..self }
    }

    /// Whether there are credits that the backend serves on with.
    pub fn has_credits(&self) -> bool {
        self.credits.as_ref().is_some_and(Credits::are_usable)
    }

    /// What follows when so much is to be left unused of each window, and credits may pay for more.
    pub fn exhaustion(&self, reserve_percent: f64, uses_credits: bool, now: Timestamp) -> Exhaustion {
        let has_credits = uses_credits && self.has_credits();
        let of_meters = self.meters.iter().filter_map(|meter| {
            let used_up = meter.quota.used_up(reserve_percent, has_credits, now);
            Some((meter.model.clone()?, used_up)).filter(|(_, used_up)| *used_up != UsedUp::default())
        });
        Exhaustion { plan: self.quota.used_up(reserve_percent, has_credits, now), models: of_meters.collect() }
    }

    /// Whether `other` says something that siblings and people should know.
    pub fn differs_from(&self, other: &KnownQuota) -> bool {
        let is_other = |(one, other): (&Meter, &Meter)| {
            one.name != other.name || one.model != other.model || one.quota.differs_from(&other.quota)
        };
        let credits = match (&self.credits, &other.credits) {
            (Some(one), Some(other)) => one.differs_from(other),
            (one, other) => one.is_some() != other.is_some(),
        };
        credits
            || self.quota.differs_from(&other.quota)
            || self.meters.len() != other.meters.len()
            || self.meters.iter().zip(&other.meters).any(is_other)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::usage::quota::QuotaWindow;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);
    const HOURS: u64 = 3_600;

    fn window(used_percent: f64, hours: u64, resets_in: u64) -> QuotaWindow {
        let reset_at = NOW.after(Duration::from_secs(resets_in));
        QuotaWindow { used_percent, window_seconds: hours * HOURS, reset_at }
    }

    fn quota(windows: &[QuotaWindow]) -> Quota {
        Quota::of(windows.to_vec())
    }

    fn meter(name: &str, model: Option<&str>, windows: &[QuotaWindow]) -> Meter {
        Meter { name: name.to_owned(), model: model.map(str::to_owned), quota: quota(windows) }
    }

    fn known() -> KnownQuota {
        KnownQuota {
            quota: quota(&[window(10.0, 5, 100), window(20.0, 168, 5_000)]),
            meters: vec![meter("codex_bengalfox", Some("spark"), &[window(30.0, 5, 100)])],
            credits: Some(Credits { has_credits: true, ..Credits::default() }),
        }
    }

    #[test]
    fn an_answer_that_names_one_thing_keeps_what_is_known_of_the_others() {
        let five_hours = Some(quota(&[window(11.0, 5, 90)]));
        let spark = meter("codex_bengalfox", None, &[window(40.0, 168, 900)]);
        let other = meter("codex_other", None, &[window(1.0, 5, 90)]);
        for (report, expected) in [
            (
                QuotaReport { quota: five_hours.clone(), ..QuotaReport::default() },
                KnownQuota { quota: quota(&[window(11.0, 5, 90), window(20.0, 168, 5_000)]), ..known() },
            ),
            (
                QuotaReport { meters: vec![spark.clone()], ..QuotaReport::default() },
                KnownQuota {
                    meters: vec![meter(
                        "codex_bengalfox",
                        Some("spark"),
                        &[window(30.0, 5, 100), window(40.0, 168, 900)],
                    )],
                    ..known()
                },
            ),
            (
                QuotaReport { meters: vec![other.clone()], ..QuotaReport::default() },
                KnownQuota { meters: [known().meters, vec![other.clone()]].concat(), ..known() },
            ),
            (
                QuotaReport { credits: Some(Credits::default()), ..QuotaReport::default() },
                KnownQuota { credits: Some(Credits::default()), ..known() },
            ),
            // All there is: what it does not name is gone. Which model a meter counts is known on.
            (
                QuotaReport {
                    quota: five_hours.clone(),
                    meters: vec![spark.clone()],
                    is_whole: true,
                    ..Default::default()
                },
                KnownQuota {
                    quota: quota(&[window(11.0, 5, 90)]),
                    meters: vec![meter("codex_bengalfox", Some("spark"), &[window(40.0, 168, 900)])],
                    credits: None,
                },
            ),
        ] {
            assert_eq!(known().updated(&report, NOW), expected, "{report:?}");
        }
    }

    #[test]
    fn what_is_over_falls_away() {
        let later = NOW.after(Duration::from_secs(200));
        let week = Some(quota(&[window(21.0, 168, 5_000)]));
        let updated = known().updated(&QuotaReport { quota: week.clone(), ..QuotaReport::default() }, later);
        assert_eq!((Some(updated.quota), updated.meters), (week, Vec::new()));
        assert_eq!(known().current(later).meters, Vec::new());
        assert_eq!(known().current(NOW), known());
    }

    #[test]
    fn lengths_that_the_backend_rounds_are_one_window() {
        let week = Some(quota(&[QuotaWindow { window_seconds: 604_740, ..window(25.0, 168, 4_000) }]));
        let updated = known().updated(&QuotaReport { quota: week, ..QuotaReport::default() }, NOW);
        assert_eq!(updated.quota.windows.len(), 2, "{updated:?}");
    }

    #[test]
    fn a_flood_of_meters_is_bounded() {
        let mut known = KnownQuota::default();
        for number in 0..100 {
            let meters = vec![meter(&format!("codex_{number}"), None, &[window(1.0, 5, 90)])];
            known = known.updated(&QuotaReport { meters, ..QuotaReport::default() }, NOW);
        }
        assert_eq!(known.meters.len(), MOST_METERS);
    }

    #[test]
    fn only_what_matters_to_others_is_a_difference() {
        let but = |change: fn(&mut KnownQuota)| {
            let mut other = known();
            change(&mut other);
            other
        };
        for (other, differs) in [
            (known(), false),
            (but(|it| it.quota.windows[0].used_percent += 0.5), false),
            (but(|it| it.quota.windows[0].used_percent += 1.0), true),
            (but(|it| it.meters[0].quota.windows[0].used_percent = 100.0), true),
            (but(|it| it.meters[0].model = None), true),
            (but(|it| it.meters.clear()), true),
            (but(|it| it.credits = None), true),
            (but(|it| it.credits.as_mut().unwrap().unlimited = true), true),
        ] {
            assert_eq!(other.differs_from(&known()), differs, "{other:?}");
        }
    }
}
