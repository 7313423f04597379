//! Quota, meters and credits as they stand in the accounts file.

use serde_json::{Value, json};

use crate::domain::health::CLOCK_SLACK;
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::{Credits, KnownQuota, Meter, Quota, QuotaWindow};
use crate::manager::belief::Reported;
use crate::store::StoredAccount;

/// When it was reported, in each of its objects.
const AT: &str = "toldAt";

/// What the accounts file has, as far as it is believed at `now`: what was reported at a time to come came before the
/// clock was set back, so that anything is newer. When that is further away than two clocks differ, its windows may be
/// over by now, and none is believed.
pub fn read(account: &StoredAccount, now: Timestamp) -> Reported {
    let known = written(account);
    match known.at {
        at if at <= now => known,
        at if at <= now.after(CLOCK_SLACK) => Reported { at: Timestamp(0), ..known },
        _ => Reported::default(),
    }
}

fn written(account: &StoredAccount) -> Reported {
    let list = |field: &Option<Value>| field.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    let (windows, metered) = (list(&account.quota), list(&account.meters));
    let mut meters: Vec<Meter> = Vec::new();
    for entry in &metered {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        let (Some(name), Some(window)) = (text("name"), window(entry)) else { continue };
        match meters.iter_mut().find(|meter| meter.name == name) {
            Some(meter) => meter.quota.windows.push(window),
            None => meters.push(Meter {
                name: name.to_owned(),
                model: text("model").map(str::to_owned),
                quota: Quota::of(vec![window]),
            }),
        }
    }
    let times = windows.iter().chain(&metered).chain(&account.credits);
    let at = times.filter_map(|object| object.get(AT)?.as_i64()).max().unwrap_or_default();
    let quota = Quota { windows: windows.iter().filter_map(window).collect() };
    let credits = account.credits.as_ref().and_then(credits);
    Reported { known: KnownQuota { quota, meters, credits }, at: Timestamp(at) }
}

fn window(window: &Value) -> Option<QuotaWindow> {
    Some(QuotaWindow {
        used_percent: window.get("usedPercent")?.as_f64()?,
        window_seconds: window.get("windowSeconds")?.as_u64()?,
        reset_at: Timestamp(window.get("resetAt")?.as_i64()?),
    })
}

fn credits(credits: &Value) -> Option<Credits> {
    let flag = |name: &str| credits.get(name).and_then(Value::as_bool);
    Some(Credits {
        has_credits: flag("hasCredits")?,
        unlimited: flag("unlimited").unwrap_or_default(),
        balance: credits.get("balance").and_then(Value::as_str).map(str::to_owned),
        overage_limit_reached: flag("overageLimitReached"),
        spend_control_reached: flag("spendControlReached"),
    })
}

/// Puts what is known into the file.
pub fn write(account: &mut StoredAccount, Reported { known, at }: &Reported) {
    let at = at.as_millis();
    let of_window = |name: &str, model: Option<&str>, window: &QuotaWindow| {
        let mut entry = json!({ "name": name });
        if let Some(model) = model {
            entry["model"] = json!(model);
        }
        entry["usedPercent"] = json!(window.used_percent);
        entry["windowSeconds"] = json!(window.window_seconds);
        entry["resetAt"] = json!(window.reset_at.as_millis());
        entry[AT] = json!(at);
        entry
    };
    let quota: Vec<Value> = known.quota.windows.iter().map(|window| of_window(&window.name(), None, window)).collect();
    let of_meter = |meter: &Meter| {
        let windows = meter.quota.windows.iter();
        windows.map(|window| of_window(&meter.name, meter.model.as_deref(), window)).collect::<Vec<_>>()
    };
    let meters: Vec<Value> = known.meters.iter().flat_map(of_meter).collect();
    account.quota = (!quota.is_empty()).then(|| Value::from(quota));
    account.meters = (!meters.is_empty()).then(|| Value::from(meters));
    account.credits = known.credits.as_ref().map(|credits| {
        let mut object = json!({ "hasCredits": credits.has_credits, "unlimited": credits.unlimited });
        for (name, value) in [
            ("balance", credits.balance.as_ref().map(|balance| json!(balance))),
            ("overageLimitReached", credits.overage_limit_reached.map(|reached| json!(reached))),
            ("spendControlReached", credits.spend_control_reached.map(|reached| json!(reached))),
        ] {
            if let Some(value) = value {
                object[name] = value;
            }
        }
        object[AT] = json!(at);
        object
    });
}

/// Whether nothing later than what was reported at `at` was reported of the account by `now`, when it is written.
pub fn is_news(at: Timestamp, account: &StoredAccount, now: Timestamp) -> bool {
    read(account, now).at <= at
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Timestamp = Timestamp(1_000);

    fn of(used_percent: f64, at: i64) -> Reported {
        let window = QuotaWindow { used_percent, window_seconds: 18_000, reset_at: Timestamp(5_000) };
        let known = KnownQuota { quota: Quota::of(vec![window]), ..KnownQuota::default() };
        Reported { known, at: Timestamp(at) }
    }

    fn stored(known: &Reported) -> StoredAccount {
        let mut account = StoredAccount::default();
        write(&mut account, known);
        account
    }

    #[test]
    fn what_is_written_is_read_again() {
        let window = |used_percent, window_seconds, reset_at| QuotaWindow {
            used_percent,
            window_seconds,
            reset_at: Timestamp(reset_at),
        };
        let windows = vec![window(12.5, 18_000, 5_000), window(100.0, 604_800, 9_000)];
        let meter = |name: &str, model: Option<&str>| Meter {
            name: name.to_owned(),
            model: model.map(str::to_owned),
            quota: Quota::of(windows.clone()),
        };
        let all = Reported {
            known: KnownQuota {
                quota: Quota::of(windows.clone()),
                meters: vec![meter("codex_bengalfox", Some("gpt-5.3-codex-spark")), meter("codex_other", None)],
                credits: Some(Credits {
                    has_credits: true,
                    unlimited: false,
                    balance: Some("9.5".to_owned()),
                    overage_limit_reached: Some(false),
                    spend_control_reached: None,
                }),
            },
            at: Timestamp(7),
        };
        let credits_alone =
            KnownQuota { credits: Some(Credits { unlimited: true, ..Credits::default() }), ..KnownQuota::default() };
        let meter_alone = KnownQuota { meters: vec![meter("codex_other", None)], ..KnownQuota::default() };
        for known in [
            all.clone(),
            of(1.0, 7),
            Reported { known: credits_alone, at: Timestamp(8) },
            Reported { known: meter_alone, at: Timestamp(9) },
            Reported::default(),
        ] {
            assert_eq!(read(&stored(&known), FAR), known, "{:?}", stored(&known));
        }
        assert_eq!(stored(&all).quota.unwrap()[0]["name"], "5h");
        assert_eq!(stored(&Reported::default()), StoredAccount::default());
        for odd in [json!({}), json!([5, {"usedPercent": 1}]), json!("x"), json!({"balance": "x"}), Value::Null] {
            let (quota, meters, credits) = (Some(odd.clone()), Some(odd.clone()), Some(odd));
            let account = StoredAccount { quota, meters, credits, ..StoredAccount::default() };
            assert_eq!(read(&account, FAR), Reported::default());
        }
    }

    #[test]
    fn what_was_reported_to_a_sibling_later_is_not_overwritten() {
        let account = stored(&of(100.0, 200));
        for (at, now, expected) in [(100, 250, false), (200, 250, true), (220, 250, true), (100, 150, true)] {
            assert_eq!(is_news(Timestamp(at), &account, Timestamp(now)), expected, "{at} {now}");
        }
    }

    #[test]
    fn the_newer_of_file_and_memory_is_believed() {
        let account = stored(&of(50.0, 10));
        let newest =
            |account: &StoredAccount, own: Option<Reported>, now| read(account, now).or_later(own.as_ref(), now);
        let now = Timestamp(100);
        assert_eq!(newest(&account, None, now), of(50.0, 10));
        assert_eq!(newest(&account, Some(of(60.0, 9)), now), of(50.0, 10));
        assert_eq!(newest(&stored(&of(90.0, 200)), Some(of(60.0, 9)), now), of(60.0, 9));
        assert_eq!(newest(&account, Some(of(60.0, 11)), now), of(60.0, 11));
        // The clock was set back by a day since: how much of the window is over is not known.
        assert_eq!(newest(&stored(&of(100.0, 86_400_000)), None, now), Reported::default());
    }
}
