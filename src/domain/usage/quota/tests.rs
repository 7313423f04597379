//! A quota that is used up, and what siblings should know of one.

use super::*;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn of(windows: &[(f64, u64, i64)]) -> Quota {
    let windows = windows.iter().map(|(used_percent, window_seconds, seconds)| QuotaWindow {
        used_percent: *used_percent,
        window_seconds: *window_seconds,
        reset_at: at(*seconds),
    });
    Quota { windows: windows.collect() }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000)
}

#[test]
fn a_spent_window_keeps_the_account_out_until_it_resets() {
    let quota = of(&[(100.0, 18_000, 60), (96.0, 604_800, 600)]);
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
fn credits_pay_for_what_is_beyond_all_of_the_quota_and_not_for_a_reserve() {
    let (full, nearly) = (of(&[(100.0, 18_000, 60), (20.0, 604_800, 600)]), of(&[(96.0, 18_000, 60)]));
    for (quota, reserve, has_credits, blocks_until, on_credits) in [
        (&full, 0.0, false, Some(at(60)), false),
        (&full, 0.0, true, None, true),
        (&full, 5.0, true, None, true),
        (&nearly, 0.0, true, None, false),
        (&nearly, 5.0, true, Some(at(60)), false),
        (&nearly, 5.0, false, Some(at(60)), false),
        (&Quota::default(), 5.0, false, None, false),
        (&Quota::default(), 5.0, true, None, false),
    ] {
        let used_up = quota.used_up(reserve, has_credits, NOW);
        let found = (used_up.blocks_until(NOW), used_up.is_on_credits(NOW));
        assert_eq!(found, (blocks_until, on_credits), "{quota:?} {reserve} {has_credits}");
        assert_eq!((used_up.blocks_until(at(60)), used_up.is_on_credits(at(60))), (None, false));
    }
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
