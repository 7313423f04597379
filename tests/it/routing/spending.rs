//! Limits in USD, kept by all processes together.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::Answer;

use super::ledger::days;
use crate::support::http::{self, Response};
use crate::support::{Pool, Sidecar, eventually, within};

/// With this price a request of 400 bytes in and 32 bytes out costs 1.08 cents.
const PRICES: &str = "[[pricing]]\nmodel = \"gpt-5.4\"\ninput = 100\noutput = 100\n";

fn limited(daily: &str) -> Pool {
    let pool = Pool::new(1);
    std::fs::write(pool.sandbox.path("config.toml"), PRICES).unwrap();
    pool.sandbox.run(&["edit", "1", "--daily-limit", daily]).ok();
    pool
}

fn send(sidecar: &Sidecar, stream: bool) -> Response {
    let body = json!({"model": "gpt-5.4", "input": "x".repeat(340), "stream": stream});
    http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &body)
}

#[expect(clippy::cast_precision_loss, reason = "a test spends cents")]
fn usd(pool: &Pool) -> f64 {
    days(&pool.sandbox).cost as f64 / 1e12
}

#[test]
fn a_daily_limit_under_many_processes_is_overshot_by_the_requests_in_flight_at_most() {
    let pool = limited("1.00");
    let processes = if crate::support::full() { 50 } else { 8 };
    let mut sidecars: Vec<Sidecar> = (0..processes).map(|_| pool.sidecar()).collect();
    let price_of_one = {
        assert_eq!(send(&sidecars[0], false).status(), 200);
        usd(&pool)
    };
    assert!((0.005..0.05).contains(&price_of_one), "{price_of_one}");
    std::thread::scope(|scope| {
        for (place, sidecar) in sidecars.iter_mut().enumerate() {
            scope.spawn(move || {
                for number in 0..1_000 {
                    let response = send(sidecar, (place + number) % 2 == 0);
                    if response.status() != 200 {
                        assert_eq!(response.status(), 429, "{}", response.text());
                        assert!(response.text().contains("overLimit"), "{}", response.text());
                        return;
                    }
                }
                panic!("the limit never held");
            });
        }
    });
    let spent = usd(&pool);
    // One request of each client: what all of them had in flight when the limit was reached.
    assert!(spent >= 1.0, "{spent}");
    assert!(spent < 1.0 + f64::from(processes) * price_of_one * 1.05, "{spent}, one costs {price_of_one}");
}

#[test]
fn an_account_over_its_limit_says_until_when_and_a_higher_limit_takes_it_back() {
    let pool = limited("0.01");
    let mut sidecar = pool.sidecar();
    assert_eq!(send(&sidecar, true).status(), 200);
    let refused = send(&sidecar, true);
    // Shortly before midnight it is worth a retry.
    let wait: u64 = refused.header("retry-after").expect("it says when").parse().unwrap();
    let worth = if wait <= 120 { "true" } else { "false" };
    assert_eq!((refused.status(), refused.header("x-should-retry")), (429, Some(worth)));
    let account = sidecar.request("accounts/read", &json!({"account": 1})).unwrap();
    assert_eq!(account["state"], "overLimit");
    let ends = account["availableAt"].as_i64().unwrap();
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    assert!(ends > now && ends - now <= 25 * 3_600_000, "{ends}");
    pool.sandbox.run(&["edit", "1", "--daily-limit", "5"]).ok();
    eventually("the new limit holds", || (send(&sidecar, true).status() == 200).then_some(()));
    pool.sandbox.run(&["edit", "1", "--daily-limit", "none", "--monthly-limit", "0.001"]).ok();
    eventually("the month's limit holds", || (send(&sidecar, true).status() == 429).then_some(()));
}

#[test]
fn the_charge_is_there_before_the_answer_is_over() {
    let pool = limited("100");
    let sidecar = pool.sidecar();
    for number in 1..=10 {
        assert_eq!(send(&sidecar, number % 2 == 0).status(), 200);
        assert_eq!(days(&pool.sandbox).requests, number);
    }
}

#[test]
fn a_limit_that_is_taken_away_holds_no_next_request() {
    let pool = limited("0.01");
    let sidecar = pool.sidecar();
    assert_eq!(send(&sidecar, false).status(), 200);
    let refused = send(&sidecar, false);
    assert_eq!(refused.status(), 429);
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains(" h. ") || message.contains(" min. ") || message.contains(" s. "), "{message}");
    pool.sandbox.run(&["edit", "1", "--daily-limit", "none"]).ok();
    assert_eq!(send(&sidecar, false).status(), 200);
}

#[test]
fn a_limit_of_nothing_holds_also_where_the_ledger_cannot_be_read() {
    let pool = limited("0");
    std::fs::create_dir_all(pool.sandbox.path("cam-data/ledger.sqlite")).unwrap();
    let sidecar = pool.sidecar();
    assert_eq!(send(&sidecar, false).status(), 429);
}

#[test]
fn a_limit_holds_also_where_the_ledger_can_be_read_and_not_written() {
    let pool = limited("0.05");
    let sidecar = pool.sidecar();
    assert_eq!(send(&sidecar, false).status(), 200);
    // As on a full disk: what is there is read, and nothing is added.
    let full = "CREATE TRIGGER full BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'full'); END";
    super::ledger::open(&pool.sandbox).execute_batch(full).unwrap();
    let statuses: Vec<u16> = (0..8).map(|_| send(&sidecar, false).status()).collect();
    assert!(statuses.starts_with(&[200, 200, 200]) && statuses.ends_with(&[429, 429]), "{statuses:?}");
    assert_eq!(days(&pool.sandbox).requests, 1);
}

#[test]
fn what_sessions_spent_that_ended_while_the_ledger_was_held_counts_after() {
    for is_killed in [false, true] {
        let pool = limited("0.03");
        let mut sidecar = pool.sidecar();
        assert_eq!(send(&sidecar, false).status(), 200);
        let held = super::ledger::open(&pool.sandbox);
        held.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!([(); 2].map(|()| send(&sidecar, false).status()), [200, 200]);
        if is_killed {
            // What waits is set down once it has waited for a second.
            let folder = pool.sandbox.path("cam-data");
            let is_set_down = |name: &str| name.contains("unwritten");
            eventually("it is set down", || {
                let names = std::fs::read_dir(&folder).unwrap().flatten();
                names.map(|entry| entry.file_name()).find(|name| is_set_down(&name.to_string_lossy())).map(drop)
            });
            sidecar.kill();
        } else {
            sidecar.end();
        }
        held.execute_batch("COMMIT").unwrap();
        drop(held);
        let other = pool.sidecar();
        assert_eq!(send(&other, false).status(), 429, "killed: {is_killed}");
        assert_eq!(days(&pool.sandbox).requests, 3);
    }
}

#[test]
fn of_a_usage_that_grows_from_chunk_to_chunk_the_last_is_charged() {
    let pool = limited("100");
    let sidecar = pool.sidecar();
    let chunk = |usage: Value| format!("data: {}\n\n", json!({"choices": [{"delta": {}}], "usage": usage}));
    // Long enough that the proxy reads the two in different pieces.
    let between = format!(": {}\n\n", "x".repeat(1024 * 1024));
    let first = chunk(json!({"prompt_tokens": 10, "completion_tokens": 1}));
    let last = chunk(json!({"prompt_tokens": 10, "completion_tokens": 5_000}));
    let body = format!("{first}{between}{last}data: [DONE]\n\n").into();
    let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
    pool.script(1, Answer::Raw { status: 200, headers, body });
    let asked = json!({"model": "gpt-5.4", "messages": [], "stream": true});
    let response = http::post(sidecar.port(), "/v1/chat/completions", sidecar.api_key(), &asked);
    assert_eq!(response.status(), 200);
    let sums = days(&pool.sandbox);
    assert_eq!((sums.requests, sums.input, sums.output), (1, 10, 5_000));
}

#[test]
fn a_limit_moves_the_session_to_the_next_account() {
    let mut pool = limited("0.01");
    pool.add();
    let sidecar = pool.sidecar();
    let numbers: Vec<String> =
        (0..4).map(|_| send(&sidecar, false).header("x-account-id").map(str::to_owned).unwrap_or_default()).collect();
    assert_eq!(numbers, [&pool.ids[0], &pool.ids[1], &pool.ids[1], &pool.ids[1]].map(String::as_str));
    let listed: Value = pool.sandbox.run(&["list", "--json"]).ok().json();
    let told = within(Duration::from_secs(2), || (listed["accounts"][0]["state"] == "overLimit").then_some(()));
    assert!(told.is_some(), "{}", listed["accounts"][0]);
}
