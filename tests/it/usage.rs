//! What was used and what it cost, by every door that tells it.

use serde_json::{Value, json};

use crate::support::terminal::Terminal;
use crate::support::upstream::ask;
use crate::support::{Pool, Sidecar, eventually};

/// What the requests so far took, as `routing/didFinish` told it: input, cached, output, USD.
#[track_caller]
fn finish(sidecar: &mut Sidecar) -> (u64, u64, u64, Option<f64>) {
    let done = sidecar.wait_notification("routing/didFinish");
    let count = |name: &str| done["usage"][name].as_u64().unwrap();
    (count("inputTokens"), count("cachedInputTokens"), count("outputTokens"), done["costUsd"].as_f64())
}

#[track_caller]
fn rows(sidecar: &mut Sidecar, params: &Value) -> Vec<Value> {
    let told = sidecar.request("usage/read", params).unwrap();
    told["rows"].as_array().unwrap().clone()
}

#[test]
fn every_account_tells_what_it_used_and_usage_read_sums_it() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    assert_eq!(rows(&mut sidecar, &json!({})), Vec::<Value>::new());
    let (mut input, mut output, mut cost) = (0, 0, 0.0);
    for _ in 0..3 {
        assert_eq!(ask(&pool, &sidecar, "gpt-5.2-codex"), 1);
        let took = finish(&mut sidecar);
        (input, output, cost) = (input + took.0, output + took.2, cost + took.3.unwrap());
    }
    sidecar.request("accounts/switch", &json!({ "account": 2 })).unwrap();
    assert_eq!(ask(&pool, &sidecar, "house-model"), 2);
    let unpriced = finish(&mut sidecar);
    assert_eq!(unpriced.3, None);

    let first = sidecar.request("accounts/read", &json!({ "account": 1 })).unwrap();
    let used = &first["usage"]["today"];
    assert_eq!(
        (&used["requests"], &used["inputTokens"], &used["outputTokens"]),
        (&json!(3), &json!(input), &json!(output))
    );
    assert!((used["costUsd"].as_f64().unwrap() - cost).abs() < 1e-9 && cost > 0.0, "{first}");
    assert_eq!(first["usage"]["month"], *used);
    let listed = sidecar.request("accounts/list", &json!({})).unwrap();
    assert_eq!(listed["accounts"][0]["usage"], first["usage"]);
    let second = &listed["accounts"][1]["usage"]["today"];
    assert_eq!((&second["requests"], second["costUsd"].as_f64()), (&json!(1), Some(0.0)));
    let updated = sidecar.request("accounts/update", &json!({ "account": 1, "priority": 1 })).unwrap();
    assert_eq!(updated["usage"], first["usage"]);

    let mut by_account = rows(&mut sidecar, &json!({ "days": 1 }));
    by_account.sort_by_key(|row| row["requests"].as_u64());
    assert_eq!((&by_account[0]["account"], &by_account[0]["unpriced"]), (&json!(pool.ids[1]), &json!(1)));
    let mut whole = used.clone();
    whole["account"] = json!(pool.ids[0]);
    whole["unpriced"] = json!(0);
    assert_eq!(by_account[1], whole);
    let models: Vec<Value> =
        rows(&mut sidecar, &json!({ "by": "model" })).iter().map(|row| row["model"].clone()).collect();
    assert_eq!(models, ["gpt-5.2-codex", "house-model"]);
    let days = rows(&mut sidecar, &json!({ "by": "day", "days": 400 }));
    assert_eq!((days.len(), &days[0]["requests"], days[0]["day"].as_str().unwrap().len()), (1, &json!(4), 10));

    let removed = sidecar.request("accounts/remove", &json!({ "account": 1 })).unwrap();
    assert_eq!(removed["removed"]["usage"], first["usage"]);
    check_command_line(&pool);
}

/// The same by the command line, after the first account was removed.
#[track_caller]
fn check_command_line(pool: &Pool) {
    let run = |words: &[&str]| pool.sandbox.run(&[&["usage"], words].concat()).ok();
    let text = run(&[]).stdout;
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(text.lines().next(), Some("Used in the last 30 days:"));
    assert_eq!(lines[2], ["ACCOUNT", "REQUESTS", "INPUT", "CACHED", "OUTPUT", "USD"]);
    let line = |first: &str| lines.iter().find(|line| line.first() == Some(&first)).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(line("account-2")[1], "1");
    assert_eq!(*line("account-2").last().unwrap(), "unpriced");
    assert_eq!(line("account-1")[1..3], ["(removed)", "3"], "it is called as it was");
    let total = line("total");
    assert_eq!(total[1], "4");
    assert!(total[5].starts_with('$') && total[6..] == ["+", "1", "unpriced"], "{text}");
    assert!(!text.contains('█') && !text.contains('#'), "bars are for terminals: {text}");
    let told = run(&["--by", "model", "--days", "1", "--json"]).json();
    assert_eq!(told["rows"][1]["model"], "house-model");
    assert!(run(&["--by", "day"]).stdout.contains("\n20"));
    let Some(terminal) = Terminal::start(&pool.sandbox, &["usage", "--by", "model"]) else { return };
    let shown = terminal.finish().ok().stdout;
    assert!(shown.contains(&"#".repeat(8)), "a bar for the whole: {shown}");
}

#[test]
fn list_show_and_status_tell_todays_spending_and_its_limit() {
    let pool = Pool::new(2);
    pool.sandbox.run(&["edit", "1", "--daily-limit", "0.000001", "--monthly-limit", "5"]).ok();
    let mut sidecar = pool.sidecar();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.2-codex"), 1);
    let cost = finish(&mut sidecar).3.unwrap();
    let first = sidecar.request("accounts/read", &json!({ "account": 1 })).unwrap();
    assert_eq!(first["state"], "overLimit", "{first}");
    assert!(first["availableAt"].as_i64().is_some(), "{first}");
    assert_eq!(ask(&pool, &sidecar, "gpt-5.2-codex"), 2);

    let listed = pool.sandbox.run(&["list", "--json"]).ok().json();
    assert_eq!(
        (&listed["accounts"][0]["state"], &listed["accounts"][1]["state"]),
        (&json!("overLimit"), &json!("ready"))
    );
    assert!(listed["accounts"][0]["availableAt"].is_i64());
    assert!((listed["accounts"][0]["usage"]["today"]["costUsd"].as_f64().unwrap() - cost).abs() < 1e-9);
    for words in ["list", "status"] {
        let text = pool.sandbox.run(&[words]).ok().stdout;
        let line = text.lines().find(|line| line.contains("account-1") && line.contains("API key")).unwrap();
        assert!(line.contains(" of $0.000001 ") && line.contains(" of $5.00 "), "{text}");
        assert!(line.contains("over limit") && line.contains("free again in"), "{text}");
    }
    let shown = pool.sandbox.run(&["show", "1"]).ok().stdout;
    assert!(shown.contains("\ntoday         $") && shown.contains(" of $0.000001; 1 request, "), "{shown}");
    assert!(shown.contains("\nthis month    $") && shown.contains(" of $5.00; 1 request, "), "{shown}");
    assert!(pool.sandbox.run(&["show", "2"]).ok().stdout.contains("\ntoday         $"));
    let status = pool.sandbox.run(&["status"]).ok().stdout;
    assert!(status.contains("New sessions choose by `sticky`."), "{status}");
    assert_eq!(pool.sandbox.run(&["status", "--json"]).ok().json()["strategy"], "sticky");
}

#[test]
fn what_a_sibling_used_is_told_as_well() {
    let pool = Pool::new(1);
    let (first, mut second) = (pool.sidecar(), pool.sidecar());
    ask(&pool, &first, "gpt-5.4");
    eventually("the sibling's request is counted", || {
        let told = second.request("accounts/read", &json!({ "account": 1 })).unwrap();
        (told["usage"]["today"]["requests"] == 1).then_some(())
    });
}

#[test]
fn a_ledger_that_cannot_be_read_leaves_zeros_and_one_warning() {
    let pool = Pool::new(1);
    let data = pool.sandbox.path("cam-data");
    std::fs::create_dir(data.join("ledger.sqlite")).unwrap();
    let listed = pool.sandbox.run(&["list", "--json"]).ok();
    assert_eq!(listed.json()["accounts"][0]["usage"]["today"]["requests"], 0);
    let warnings = |stderr: &str| stderr.lines().filter(|line| line.contains("the usage cannot be read")).count();
    assert_eq!(warnings(&listed.stderr), 1, "{listed:?}");
    let refused = pool.sandbox.run(&["usage"]);
    assert_eq!((refused.code, refused.stdout.as_str(), warnings(&refused.stderr)), (1, "", 1), "{refused:?}");
    let mut sidecar = pool.sidecar();
    for _ in 0..3 {
        let told = sidecar.request("accounts/list", &json!({})).unwrap();
        assert_eq!(told["accounts"][0]["usage"]["month"]["costUsd"], 0.0);
    }
    let told = sidecar.notifications_so_far("window/showMessage");
    let warned = told.iter().filter(|params| warnings(params["message"].as_str().unwrap()) == 1).count();
    assert_eq!(warned, 1, "{told:?}");
    let error = sidecar.request("usage/read", &json!({})).unwrap_err();
    assert_eq!((error.code, &error.data["kind"]), (-32603, &json!("internal")), "{error:?}");
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1, "serving goes on");
}

#[test]
fn nothing_used_is_said_so() {
    let pool = Pool::new(1);
    assert_eq!(pool.sandbox.run(&["usage"]).ok().stdout, "Nothing was used in the last 30 days.\n");
    assert_eq!(pool.sandbox.run(&["usage", "--days", "1"]).ok().stdout, "Nothing was used today.\n");
    assert_eq!(pool.sandbox.run(&["usage", "--json"]).ok().json()["rows"], json!([]));
    assert!(!pool.sandbox.path("cam-data/ledger.sqlite").exists(), "asking makes no file");
}
