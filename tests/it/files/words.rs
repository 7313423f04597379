//! Labels, emails and models are text of other hands: at no door do they move a cursor, turn a line round or begin a new one.

use serde_json::{Value, json};

use crate::support::upstream::ask;
use crate::support::{Pool, Sidecar, eventually, http};

/// An escape sequence, a new line, a bell, and marks that turn the direction of text.
const NASTY: &str = "x\u{1b}[31mred\u{1b}]0;t\u{7}\nlog: ok\r\u{202e}evil\u{2066}\u{9b}1m";

#[track_caller]
fn check(door: &str, text: &str) {
    assert!(text.contains("red"), "{door} shows the label: {text:?}");
    let obeyed = |letter: char| {
        (letter.is_control() && letter != '\n') || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(obeyed), "{door}: {text:?}");
    assert!(!text.contains("\nlog: ok"), "{door} begins no line of its own: {text:?}");
}

/// Two accounts that other hands wrote, the first of them limited for ever.
fn pool() -> Pool {
    let pool = Pool::new(2);
    let mut accounts = pool.sandbox.accounts();
    for number in [0, 1] {
        accounts["accounts"][number]["label"] = json!(format!("{NASTY}{number}"));
    }
    pool.sandbox.write_accounts(accounts.to_string().as_bytes());
    pool
}

#[test]
fn labels_are_harmless_at_every_door() {
    let mut pool = pool();
    pool.sandbox.set("CAM_LOG", "debug");
    let mut command = pool.sandbox.command(&["sidecar", "--stdio"]);
    command.stderr(std::process::Stdio::piped());
    let mut sidecar = Sidecar::start_with(command, &json!({}));
    let mut stderr = sidecar.take_stderr();
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stderr, &mut text).unwrap();
        text
    });
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1);
    let shown = sidecar.wait_notification("window/showMessage");
    check("a toast", shown["message"].as_str().unwrap());
    let table = sidecar.request("workspace/executeCommand", &json!({ "command": "openai-accounts" })).unwrap();
    check("the table", table.as_str().unwrap());
    let switched = json!({ "command": "openai-accounts-switch", "arguments": ["2"] });
    check("the switch", sidecar.request("workspace/executeCommand", &switched).unwrap().as_str().unwrap());
    let odd = json!({ "command": "openai-accounts-switch", "arguments": [NASTY] });
    check("the refused switch", sidecar.request("workspace/executeCommand", &odd).unwrap().as_str().unwrap());
    for params in [json!({ "account": format!("{NASTY}9") }), json!({ "account": NASTY })] {
        let error = sidecar.request("accounts/read", &params).unwrap_err();
        check("an RPC error", &error.message);
        assert!(!error.data["hint"].as_str().unwrap().contains('\u{1b}'), "{error:?}");
    }
    let metrics = http::get(sidecar.port(), "/metrics", sidecar.api_key()).text();
    check("the metrics", &metrics);
    for number in ["1", "2"] {
        pool.sandbox.run(&["edit", number, "--disable"]).ok();
    }
    let refused = eventually("nothing can serve", || {
        let answer = http::post(
            sidecar.port(),
            "/v1/responses",
            sidecar.api_key(),
            &json!({ "model": "gpt-5.4", "input": "x" }),
        );
        (answer.status() == 503).then_some(answer)
    });
    check("a refusal", refused.json()["error"]["message"].as_str().unwrap());
    let listed = sidecar.request("accounts/list", &json!({})).unwrap();
    assert_eq!(listed["accounts"][0]["label"], json!(format!("{NASTY}0")), "a field is exact");
    sidecar.notifications_so_far("window/showMessage");
    sidecar.end();
    let log = log.join().unwrap();
    for line in log.lines() {
        let obeyed: Vec<char> = line.chars().filter(|letter| letter.is_control() || *letter == '\u{202e}').collect();
        assert_eq!(obeyed, Vec::<char>::new(), "a log line: {line:?}");
    }
    for words in [vec!["list"], vec!["show", "1"], vec!["status"]] {
        let printed = pool.sandbox.run(&words).ok();
        check("the command line", &printed.stdout);
    }
    for words in [&["edit", "1", "--enable"][..], &["edit", "2", "--enable"], &["switch", "1"]] {
        check("what was done", &pool.sandbox.run(words).ok().stdout);
    }
    for words in [&["list", "--json"][..], &["show", "1", "--json"], &["switch", "1", "--json"]] {
        check("JSON on a terminal", &pool.sandbox.run(words).ok().stdout);
    }
    let error = pool.sandbox.run(&["show", NASTY]);
    check("an error of the command line", &error.stderr);
}

#[test]
fn the_header_of_an_answer_is_ascii() {
    let pool = pool();
    let mut sidecar = pool.sidecar();
    let body: Value = json!({ "model": "gpt-5.4", "input": "x" });
    let answer = http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &body);
    let label = answer.header("x-account-label").unwrap();
    assert!(label.bytes().all(|byte| byte.is_ascii_graphic()) && label.contains("%1B"), "{label}");
    sidecar.end();
    sidecar.notifications_so_far("window/showMessage");
}
