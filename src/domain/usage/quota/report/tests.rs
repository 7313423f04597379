//! Every form of a report, whichever slot a window is in and whosever it is.

use super::*;
use crate::domain::usage::quota::QuotaWindow;
use serde_json::json;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn of(windows: &[(f64, u64, i64)]) -> Quota {
    let windows = windows.iter().map(|(used_percent, window_seconds, seconds)| QuotaWindow {
        used_percent: *used_percent,
        window_seconds: *window_seconds,
        reset_at: Timestamp(NOW.0 + seconds * 1_000),
    });
    Quota { windows: windows.collect() }
}

fn read(headers: &[(&str, &'static str)], model: Option<&str>) -> Option<QuotaReport> {
    let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    QuotaReport::from_headers(headers.iter().map(|(name, _)| *name), &header, model, NOW)
}

fn meter(name: &str, model: Option<&str>, quota: Quota) -> Meter {
    Meter { name: name.to_owned(), model: model.map(str::to_owned), quota }
}

const PLAN: [(&str, &str); 7] = [
    ("x-codex-primary-used-percent", "73"),
    ("x-codex-primary-window-minutes", "10080"),
    ("x-codex-primary-reset-at", "1700600000"),
    ("x-codex-secondary-used-percent", "12.5"),
    ("x-codex-secondary-window-minutes", "300"),
    ("x-codex-secondary-reset-after-seconds", "9000"),
    ("x-codex-plan-type", "plus"),
];

const SPARK: [(&str, &str); 4] = [
    ("x-codex-bengalfox-primary-used-percent", "100"),
    ("x-codex-bengalfox-primary-window-minutes", "300"),
    ("x-codex-bengalfox-primary-reset-at", "1700009000"),
    ("x-codex-bengalfox-limit-name", "GPT-5.3-Codex-Spark"),
];

#[test]
fn every_form_is_read_whichever_slot_a_window_is_in() {
    let expected = of(&[(12.5, 18_000, 9_000), (73.0, 604_800, 600_000)]);
    let reported = read(&PLAN, None).unwrap();
    assert_eq!((reported.quota.as_ref(), reported.plan.as_deref()), (Some(&expected), Some("plus")));
    let event = json!({"type": "codex.rate_limits", "plan_type": "pro", "rate_limits": {
        "primary": {"used_percent": 12.5, "window_minutes": 300, "reset_at": 1_700_009_000},
        "secondary": {"used_percent": 73, "window_minutes": 10080, "reset_at": 1_700_600_000}}});
    let reported = QuotaReport::from_event(&event, NOW).unwrap();
    assert_eq!((reported.quota.as_ref(), reported.plan.as_deref()), (Some(&expected), Some("pro")));
    let usage = json!({"plan_type": "plus", "rate_limit": {"allowed": true, "limit_reached": false,
        "primary_window": {"used_percent": 12.5, "limit_window_seconds": 18_000, "reset_after_seconds": 9_000},
        "secondary_window": {"used_percent": 73, "limit_window_seconds": 604_800, "reset_at": 1_700_600_000}}});
    assert_eq!(QuotaReport::from_usage(&usage, NOW).unwrap().quota, Some(expected));
    let one = json!({"rate_limit": {"primary_window": {"used_percent": 1, "limit_window_seconds": 2_592_000,
        "reset_at": 1_700_600_000}, "secondary_window": null}});
    assert_eq!(QuotaReport::from_usage(&one, NOW).unwrap().quota.unwrap().windows[0].name(), "month");
    let mut reached = usage;
    reached["rate_limit"]["limit_reached"] = json!(true);
    let reached = QuotaReport::from_usage(&reached, NOW).unwrap().quota.unwrap();
    assert_eq!(reached.windows.iter().map(|window| window.used_percent).collect::<Vec<_>>(), [12.5, 100.0]);
}

#[test]
fn an_answer_that_a_meter_counted_has_its_windows_in_the_place_of_the_plans() {
    let spark = of(&[(100.0, 18_000, 9_000)]);
    let plan = of(&[(12.5, 18_000, 9_000), (73.0, 604_800, 600_000)]);
    let limit = |name| ("x-codex-active-limit", name);
    for (active, quota, model) in [
        // The model of the request is what it counts.
        (Some("codex_bengalfox"), None, Some("gpt-5.3-codex-spark-mini")),
        // It is named along with the plan's: by the name of its limit.
        (Some("premium"), Some(&plan), Some("gpt-5.3-codex-spark")),
        (Some("codex"), Some(&plan), Some("gpt-5.3-codex-spark")),
        (Some("codex_unknown"), Some(&plan), Some("gpt-5.3-codex-spark")),
        (None, Some(&plan), Some("gpt-5.3-codex-spark")),
    ] {
        let headers = [&PLAN[..], &SPARK, &active.map(limit).into_iter().collect::<Vec<_>>()].concat();
        let reported = read(&headers, Some("gpt-5.3-codex-spark-mini")).unwrap();
        assert_eq!(reported.quota.as_ref(), quota, "{active:?}");
        assert_eq!(reported.meters, [meter("codex_bengalfox", model, spark.clone())], "{active:?}");
        assert_eq!(reported.plan.as_deref(), Some("plus"));
    }
}

#[test]
fn an_event_of_another_limit_is_not_the_plans() {
    let windows = json!({"primary": {"used_percent": 100, "window_minutes": 300, "reset_at": 1_700_009_000},
        "secondary": null});
    let full = of(&[(100.0, 18_000, 9_000)]);
    for (names, expected) in [
        (json!({}), None),
        (json!({"metered_limit_name": null, "limit_name": ""}), None),
        (json!({"metered_limit_name": "codex"}), None),
        (json!({"metered_limit_name": "codex", "limit_name": "GPT-5.2"}), None),
        (json!({"limit_name": "premium"}), None),
        (
            json!({"metered_limit_name": "codex_bengalfox", "limit_name": "GPT-5.3-Codex-Spark"}),
            Some(("codex_bengalfox", Some("gpt-5.3-codex-spark"))),
        ),
        (json!({"limit_name": "codex_bengalfox"}), Some(("codex_bengalfox", None))),
        (json!({"metered_limit_name": "codex-other"}), Some(("codex_other", None))),
    ] {
        let mut event = json!({"type": "codex.rate_limits", "rate_limits": windows});
        event.as_object_mut().unwrap().extend(names.as_object().unwrap().clone());
        let reported = QuotaReport::from_event(&event, NOW).unwrap();
        let (quota, meters) = match expected {
            None => (Some(full.clone()), vec![]),
            Some((name, model)) => (None, vec![meter(name, model, full.clone())]),
        };
        assert_eq!((&reported.quota, &reported.meters), (&quota, &meters), "{names}");
        assert_eq!(meter_of_event(&event).as_deref(), expected.map(|(name, _)| name));
        assert!(is_reached(&event));
    }
    assert!(!is_reached(&json!({"rate_limits": {"primary": {"used_percent": 99}}})));
    assert!(is_reached(&json!({"rate_limits": {"limit_reached": true}})));
}

#[test]
fn the_usage_document_has_meters_and_credits() {
    let window = json!({"used_percent": 40, "limit_window_seconds": 18_000, "reset_at": 1_700_009_000});
    let limits = json!({"allowed": true, "limit_reached": false, "primary_window": window, "secondary_window": null});
    let usage = json!({"plan_type": "pro", "rate_limit": limits, "additional_rate_limits": [
            {"limit_name": "GPT-5.3-Codex-Spark", "metered_feature": "codex_bengalfox", "rate_limit": limits},
            {"limit_name": "Code review", "metered_feature": "code-review", "rate_limit": limits},
            {"limit_name": "codex", "rate_limit": limits}, {"limit_name": "x", "rate_limit": null}, 7],
        "credits": {"has_credits": true, "unlimited": false, "overage_limit_reached": false, "balance": "12.5"},
        "spend_control": {"reached": true}, "model_usage": {"gpt-6": {"available": true}}});
    let reported = QuotaReport::from_usage(&usage, NOW).unwrap();
    let quota = of(&[(40.0, 18_000, 9_000)]);
    assert_eq!(
        reported.meters,
        [
            meter("codex_bengalfox", Some("gpt-5.3-codex-spark"), quota.clone()),
            meter("code_review", None, quota.clone())
        ]
    );
    assert_eq!((reported.quota, reported.is_whole), (Some(quota), true));
    let credits = reported.credits.unwrap();
    assert_eq!((credits.balance.as_deref(), credits.spend_control_reached), (Some("12.5"), Some(true)));
    assert!(!credits.are_usable());
}

#[test]
fn a_plan_that_is_paid_by_what_is_used_has_no_windows() {
    for usage in [
        json!({"plan_type": "self_serve_business_usage_based", "rate_limit": null,
            "credits": {"has_credits": true, "unlimited": false, "balance": null}, "spend_control": {"reached": false}}),
        json!({"plan_type": "enterprise_cbp_usage_based", "credits": {"has_credits": true, "unlimited": true}}),
        json!({"plan_type": "business", "rate_limit": {"allowed": true, "limit_reached": false,
            "primary_window": null, "secondary_window": null}, "additional_rate_limits": null,
            "credits": {"has_credits": true, "unlimited": false}}),
        json!({"plan_type": "business", "rate_limit": {"allowed": false, "limit_reached": true, "primary_window":
            {"used_percent": 0, "limit_window_seconds": 0, "reset_after_seconds": 0, "reset_at": 0}},
            "credits": {"has_credits": true, "unlimited": false}}),
    ] {
        let reported = QuotaReport::from_usage(&usage, NOW).unwrap();
        assert_eq!((reported.quota, &reported.meters), (Some(Quota::default()), &vec![]), "{usage}");
        assert!(reported.credits.unwrap().are_usable(), "{usage}");
    }
    // The slots of a plan without windows.
    let empty = [
        ("x-codex-primary-used-percent", "0"),
        ("x-codex-primary-window-minutes", "0"),
        ("x-codex-primary-reset-at", ""),
        ("x-codex-primary-reset-after-seconds", "0"),
        ("x-codex-plan-type", "business"),
        ("x-codex-credits-has-credits", "True"),
        ("x-codex-credits-unlimited", "False"),
    ];
    let reported = read(&empty, Some("gpt-5.2")).unwrap();
    assert_eq!((reported.quota, reported.meters), (None, vec![]));
    assert!(reported.credits.unwrap().are_usable());
    assert_eq!(read(&empty[..5], None), None);
}

#[test]
fn absurd_numbers_are_no_windows() {
    for (used, minutes, at) in
        [("NaN", "300", "1700009000"), ("5", "0", "1700009000"), ("5", "300", "-1"), ("5", "1e30", "1700009000")]
    {
        let headers = [
            ("x-codex-primary-used-percent", used),
            ("x-codex-primary-window-minutes", minutes),
            ("x-codex-primary-reset-at", at),
        ];
        assert_eq!(read(&headers, None), None, "{used} {minutes} {at}");
    }
    for odd in [json!({"rate_limit": 5}), json!({}), json!([]), json!(null), json!({"error": {"code": "x"}})] {
        assert_eq!(QuotaReport::from_usage(&odd, NOW), None, "{odd}");
        assert_eq!(QuotaReport::from_event(&odd, NOW), None, "{odd}");
    }
    // A clock that is a day off is not believed; the seconds from now are.
    let headers = [
        ("x-codex-primary-used-percent", "250"),
        ("x-codex-primary-window-minutes", "300"),
        ("x-codex-primary-reset-at", "1700100000"),
        ("x-codex-primary-reset-after-seconds", "60"),
    ];
    assert_eq!(read(&headers, None).unwrap().quota, Some(of(&[(100.0, 18_000, 60)])));
}
