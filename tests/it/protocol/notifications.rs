//! What a client is told without asking.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::{Answer, LimitKind, Wait};

use crate::snapshot;
use crate::support::upstream::{answer, ask};
use crate::support::{Pool, Sidecar};

fn limited(seconds: u64) -> Answer {
    Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(seconds)), kind: LimitKind::Tokens }
}

#[test]
fn a_request_its_failover_and_the_end_of_the_pool_are_told() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    sidecar.wait_notification("proxy/ready");
    sidecar.transcript.begin();
    sidecar.transcript.note("a request");
    assert_eq!(ask(&pool, &sidecar, "gpt-5.2-codex"), 1);
    sidecar.wait_notification("window/showMessage");
    sidecar.wait_notification("routing/didSelect");
    sidecar.wait_notification("routing/didFinish");
    sidecar.transcript.note("the next of the same family: no second message for people");
    assert_eq!(ask(&pool, &sidecar, "gpt-5.2-codex"), 1);
    sidecar.wait_notification("routing/didSelect");
    sidecar.wait_notification("routing/didFinish");
    sidecar.transcript.note("a limit on the first account");
    pool.script(1, limited(1_000));
    assert_eq!(ask(&pool, &sidecar, "gpt-5.2-codex"), 2);
    sidecar.wait_notification("routing/didSelect");
    sidecar.wait_notification_where("routing/didSelect", |params| params["attempt"] == 2);
    let toast = sidecar.wait_notification("window/showMessage");
    assert_eq!(
        toast["message"],
        "Account 1 (account-1) is rate limited for gpt-5.2-codex for 17 min; switched to account 2 (account-2)"
    );
    sidecar.wait_notification("routing/didFinish");
    sidecar.transcript.note("a limit on the second as well");
    pool.script(2, limited(1_000));
    assert_eq!(answer(&sidecar, "gpt-5.2-codex").status(), 429);
    sidecar.wait_notification("routing/didSelect");
    sidecar.wait_notification_where("window/showMessage", |params| {
        params["message"].as_str().unwrap().starts_with("All 2 accounts are limited")
    });
    sidecar.wait_notification("routing/didFinish");
    sidecar.transcript.note("one that no account can serve");
    assert_eq!(answer(&sidecar, "gpt-5.2-codex").status(), 429);
    sidecar.wait_notification("routing/didFinish");
    snapshot!("protocol_notifications", sidecar.transcript.text());
    sidecar.conversation.check_valid(&pool.sandbox);
}

#[test]
fn quiet_silences_what_is_for_people_alone() {
    let pool = Pool::new(2);
    pool.script(1, limited(1_000));
    let options = json!({ "initializationOptions": { "notifications": { "quiet": true } } });
    let mut sidecar = Sidecar::start_with(pool.sandbox.command(&["sidecar"]), &options);
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 2);
    sidecar.wait_notification("routing/didFinish");
    assert_eq!(sidecar.notifications_so_far("window/showMessage"), Vec::<Value>::new());
    assert_eq!(sidecar.end(), 0);
    assert_eq!(sidecar.notifications_so_far("window/showMessage"), Vec::<Value>::new());
}

/// The next change must have this cause and be of these accounts alone.
#[track_caller]
fn check_change(sidecar: &mut Sidecar, cause: &str, accounts: &[&str]) {
    let change = sidecar.wait_notification("accounts/didChange");
    assert_eq!((change["cause"].as_str().unwrap(), &change["accounts"]), (cause, &json!(accounts)), "{change}");
}

#[test]
fn a_change_says_who_made_it() {
    let pool = Pool::new(2);
    let (mut first, mut second) = (pool.sidecar(), pool.sidecar());
    let (one, two) = (pool.ids[0].as_str(), pool.ids[1].as_str());
    first.request("accounts/update", &json!({ "account": 1, "priority": 5 })).unwrap();
    check_change(&mut first, "self", &[one]);
    check_change(&mut second, "sibling", &[one]);
    pool.sandbox.run(&["edit", "2", "--priority", "4"]).ok();
    check_change(&mut first, "sibling", &[two]);
    check_change(&mut second, "sibling", &[two]);

    let mut accounts = pool.sandbox.accounts();
    accounts["accounts"][0]["label"] = json!("by hand");
    pool.sandbox.write_accounts(accounts.to_string().as_bytes());
    check_change(&mut first, "file", &[one]);
    check_change(&mut second, "file", &[one]);

    std::fs::remove_file(pool.sandbox.accounts_file()).unwrap();
    let mut both = [one, two];
    both.sort_unstable();
    check_change(&mut first, "file", &both);
    check_change(&mut second, "file", &both);
    assert!(pool.sandbox.bytes().is_none(), "nobody brings the file back");
}

#[test]
fn a_value_that_cannot_be_used_is_told_and_the_process_starts() {
    let pool = Pool::new(1);
    std::fs::write(pool.sandbox.path("config.toml"), "[routing]\nstrategy = \"best\"\n").unwrap();
    let mut sidecar = pool.sidecar();
    let warning = sidecar.wait_notification("window/showMessage");
    let text = warning["message"].as_str().unwrap();
    for part in ["config.toml", "2", "routing.strategy", "sticky"] {
        assert!(text.contains(part), "`{part}` in: {text}");
    }
    assert_eq!(sidecar.request("status/read", &json!({})).unwrap()["strategy"], "sticky");
}
