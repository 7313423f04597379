//! What the sessions of a project may spend together, whatever account and whatever process it is.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::http::{self, Response};
use crate::support::sandbox::output;
use crate::support::{Pool, Sidecar, eventually};

/// With this price a request of 400 bytes in and 32 bytes out costs 1.08 cents.
const PRICES: &str = "[[pricing]]\nmodel = \"gpt-5.4\"\ninput = 100\noutput = 100\n";

fn configure(pool: &Pool, rules: &str) {
    let rules = rules.replace('~', &pool.sandbox.home().display().to_string());
    std::fs::write(pool.sandbox.path("config.toml"), format!("{PRICES}{rules}")).unwrap();
}

fn rule(what: &str) -> String {
    format!("[[projects]]\npath = \"~/work/**\"\naccounts = [\"account-1\", \"account-2\"]\n{what}\n")
}

fn folder(pool: &Pool, name: &str) -> PathBuf {
    let folder = pool.sandbox.home().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn sidecar_in(pool: &Pool, name: &str) -> Sidecar {
    let uri = format!("file://{}", folder(pool, name).display());
    let params = json!({ "workspaceFolders": [{ "uri": uri, "name": name }] });
    Sidecar::start_with(pool.sandbox.command(&["sidecar", "--stdio"]), &params)
}

fn send(sidecar: &Sidecar, model: &str) -> Response {
    send_to(sidecar.port(), sidecar.api_key(), model)
}

fn send_to(port: u16, key: &str, model: &str) -> Response {
    let body = json!({ "model": model, "input": "x".repeat(340) });
    http::post(port, "/v1/responses", key, &body)
}

fn usage(pool: &Pool, by: &str) -> Value {
    pool.sandbox.run(&["usage", "--by", by, "--json"]).ok().json()
}

#[test]
fn a_budget_is_one_for_all_processes_and_accounts_of_a_project() {
    let pool = Pool::new(3);
    configure(&pool, &rule("daily_limit_usd = 0.3"));
    let processes = 4;
    let sidecars: Vec<Sidecar> = (0..processes).map(|_| sidecar_in(&pool, "work/site")).collect();
    let elsewhere = sidecar_in(&pool, "private");
    let mut used = std::collections::BTreeSet::new();
    std::thread::scope(|scope| {
        let clients: Vec<_> = sidecars
            .iter()
            .map(|sidecar| {
                let (port, key) = (sidecar.port(), sidecar.api_key());
                scope.spawn(move || {
                    let mut used = Vec::new();
                    for _ in 0..200 {
                        let response = send_to(port, key, "gpt-5.4");
                        if response.status() != 200 {
                            return (used, response);
                        }
                        used.push(response.header("x-account-id").unwrap().to_owned());
                    }
                    panic!("the limit never held");
                })
            })
            .collect();
        for client in clients {
            let (accounts, refused) = client.join().unwrap();
            used.extend(accounts);
            assert_eq!(
                (refused.status(), &refused.json()["error"]["code"]),
                (429, &json!("all_accounts_rate_limited"))
            );
            let told = refused.text();
            assert!(told.contains("Rule 1 (`") && told.contains("has spent its $0.30 of today ($0.3"), "{told}");
            let accounts = refused.json()["error"]["accounts"].clone();
            let reasons: Vec<&Value> = accounts.as_array().unwrap().iter().map(|account| &account["reasons"]).collect();
            assert_eq!(reasons, [&json!(["overLimit"]), &json!(["overLimit"]), &json!(["notAllowed", "overLimit"])]);
            assert!(refused.header("retry-after").is_some() && refused.json()["error"]["resets_at"].is_u64());
        }
    });
    assert!(used.len() == 2 && !used.contains(&pool.ids[2]), "the budget is of no account: {used:?}");
    let spent = usage(&pool, "project")["total"]["costUsd"].as_f64().unwrap();
    let price = spent / usage(&pool, "project")["total"]["requests"].as_f64().unwrap();
    assert!(spent >= 0.3 && spent < 0.3 + f64::from(processes) * price * 1.05, "{spent}, one costs {price}");
    assert_eq!(send(&elsewhere, "gpt-5.4").status(), 200, "another folder is not under the rule");
}

#[test]
fn a_limit_is_followed_and_one_of_nothing_serves_nothing() {
    let pool = Pool::new(2);
    configure(&pool, &rule("monthly_limit_usd = 0.01"));
    let mut sidecar = sidecar_in(&pool, "work");
    assert_eq!(send(&sidecar, "gpt-5.4").status(), 200);
    let refused = send(&sidecar, "gpt-5.4");
    assert!(
        refused.status() == 429 && refused.text().contains("has spent its $0.01 of this month"),
        "{}",
        refused.text()
    );
    let told = sidecar.wait_notification_where("window/showMessage", |params| {
        params["message"].as_str().unwrap().contains("has spent its $0.01 of this month")
    });
    assert!(told["message"].as_str().unwrap().starts_with("Rule 1 (`"), "{told}");
    let spent = |text: &str| text.contains("ule 1 (`") && text.contains("has spent its $0.01 of this month");
    let mut command = pool.sandbox.command(&["explain"]);
    command.current_dir(pool.sandbox.home().join("work"));
    let explained = output(command, b"").ok().stdout;
    assert!(spent(&explained) && explained.contains("is kept out by a spent budget for "), "{explained}");
    let found = pool.sandbox.run(&["doctor", "--json"]).json()["findings"].clone();
    let mut found = found.as_array().unwrap().iter().filter(|finding| finding["kind"] == "budgetSpent");
    assert!(
        found.next().is_some_and(|it| it["verdict"] == "warning" && spent(&it["message"].to_string())),
        "{found:?}"
    );
    for (what, status) in
        [("monthly_limit_usd = 5", 200), ("daily_limit_usd = 0", 429), ("", 200), ("daily_limit_usd = 0.001", 429)]
    {
        configure(&pool, &rule(what));
        eventually(what, || (send(&sidecar, "gpt-5.4").status() == status).then_some(()));
    }
}

#[test]
fn a_limit_of_nothing_holds_also_where_the_ledger_cannot_be_read() {
    let pool = Pool::new(2);
    configure(&pool, &rule("daily_limit_usd = 0"));
    std::fs::create_dir_all(pool.sandbox.path("cam-data/ledger.sqlite")).unwrap();
    let sidecar = sidecar_in(&pool, "work");
    let refused = send(&sidecar, "gpt-5.4");
    assert!(refused.status() == 429 && refused.text().contains("may spend nothing today"), "{}", refused.text());
}

#[test]
fn a_model_without_a_price_is_charged_at_the_highest_under_a_budget() {
    let pool = Pool::new(2);
    configure(&pool, &rule("daily_limit_usd = 100"));
    let mut sidecar = sidecar_in(&pool, "work");
    assert_eq!(send(&sidecar, "house-model").status(), 200);
    sidecar.wait_notification_where("window/showMessage", |params| {
        params["message"].as_str().unwrap().contains("has no price and a spending limit is over it")
    });
    let used = usage(&pool, "project");
    assert!(used["rows"][0]["costUsd"].as_f64().unwrap() > 0.0, "{used}");
}

#[test]
fn a_rule_that_moves_keeps_what_was_spent_and_a_request_for_two_counts_once() {
    let pool = Pool::new(2);
    let by_remote = "[[projects]]\nremote = \"github.com/acme/*\"\naccounts = [\"account-1\"]\n";
    configure(&pool, &(rule("daily_limit_usd = 0.02") + by_remote));
    let repository = folder(&pool, "work/site");
    for args in [&["init", "-q"][..], &["remote", "add", "origin", "git@github.com:acme/site.git"]] {
        let mut git = std::process::Command::new("git");
        assert!(git.args(args).current_dir(&repository).status().unwrap().success());
    }
    let both = sidecar_in(&pool, "work/site");
    let one = sidecar_in(&pool, "work/other");
    let none = sidecar_in(&pool, "private");
    for sidecar in [&both, &one, &none] {
        assert_eq!(send(sidecar, "gpt-5.4").status(), 200);
    }
    let used = eventually("all is in the ledger", || {
        let used = usage(&pool, "project");
        (used["total"]["requests"] == 3).then_some(used)
    });
    let rows = used["rows"].as_array().unwrap();
    let row = |project: Option<&str>| {
        let is_it = |row: &&Value| row.get("project").and_then(Value::as_str) == project;
        rows.iter().find(is_it).unwrap_or_else(|| panic!("{project:?} {used}"))["requests"].clone()
    };
    let work = format!("{}/work/**", pool.sandbox.home().display());
    assert_eq!([row(Some(&work)), row(Some("github.com/acme/*")), row(None)], [json!(2), json!(1), json!(1)]);
    // Two requests have spent it. Behind another rule it is the same project.
    configure(&pool, &(by_remote.to_owned() + &rule("daily_limit_usd = 0.02")));
    let moved = sidecar_in(&pool, "work/other");
    let refused = send(&moved, "gpt-5.4");
    assert!(refused.status() == 429 && refused.text().contains("Rule 2 (`"), "{}", refused.text());
}
