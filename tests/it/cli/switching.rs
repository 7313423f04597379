//! `switch` and `status`, with sessions alive.

use serde_json::{Value, json};

use super::check_refused;
use crate::support::upstream::ask;
use crate::support::{Pool, eventually};

#[test]
fn a_switch_moves_every_running_session_and_auto_lets_go_of_them() {
    let pool = Pool::new(3);
    let sidecars = [pool.sidecar(), pool.sidecar()];
    let before = sidecars.each_ref().map(|sidecar| ask(&pool, sidecar, "gpt-5.4"));
    assert!(before[0] == 1 && before[1] != 1, "{before:?}");
    let done = pool.sandbox.run(&["switch", "account-3"]).ok();
    assert_eq!(done.stdout, "Switched every session to account 3 (account-3)\n");
    assert_eq!(sidecars.each_ref().map(|sidecar| ask(&pool, sidecar, "gpt-5.4")), [3, 3]);
    assert_eq!(pool.sandbox.accounts()["pin"]["account"], json!(pool.ids[2]));
    let done = pool.sandbox.run(&["switch", "--auto"]).ok();
    assert_eq!(done.stdout, "The strategy chooses again in every session\n");
    assert_eq!(pool.sandbox.accounts().get("pin"), None);
    for sidecar in sidecars {
        let mut sidecar = sidecar;
        assert_eq!(sidecar.end(), 0);
    }
}

#[test]
fn a_switch_of_one_family_leaves_the_others() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    // A model's name stands for its family.
    let done = pool.sandbox.run(&["switch", "2", "--family", "gpt-5.1-codex"]).ok();
    assert_eq!(done.stdout, "Switched every session to account 2 (account-2) for `codex`\n");
    assert_eq!([ask(&pool, &sidecar, "codex-mini-latest"), ask(&pool, &sidecar, "gpt-5.2")], [2, 1]);
    let list = pool.sandbox.run(&["list", "--json"]).ok().json();
    assert_eq!((&list["activeIndex"], &list["activeIndexByFamily"]["codex"]), (&json!(1), &json!(2)));
    let done = pool.sandbox.run(&["switch", "--auto", "--family", "codex"]).ok();
    assert_eq!(done.stdout, "The strategy chooses again in every session for `codex`\n");
    check_refused(&pool.sandbox.run(&["switch", "1", "--family", ""]), 2, &["--family"]);
    check_refused(&pool.sandbox.run(&["switch", "1", "--auto"]), 2, &["cannot be used with '--auto'"]);
    assert_eq!(sidecar.end(), 0);
}

#[test]
fn a_switch_to_an_account_that_cannot_serve_is_made_and_says_so() {
    let pool = Pool::new(2);
    pool.sandbox.run(&["edit", "2", "--disable"]).ok();
    let done = pool.sandbox.run(&["switch", "2"]).ok();
    assert!(done.stderr.starts_with("warning: it is used as soon as it can serve: disabled"), "{done:?}");
    let mut sidecar = pool.sidecar();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1);
    pool.sandbox.run(&["edit", "2", "--enable"]).ok();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 2);
    assert_eq!(sidecar.end(), 0);
}

#[test]
fn status_shows_each_session_with_its_accounts() {
    let pool = Pool::new(3);
    let mut sidecars = [pool.sidecar(), pool.sidecar()];
    let used = ask(&pool, &sidecars[1], "gpt-5.2");
    let status = eventually("the session's account is in the file", || {
        let status = pool.sandbox.run(&["status", "--json"]).ok().json();
        let told = |session: &Value| session["accounts"].as_object().is_some_and(|accounts| !accounts.is_empty());
        status["sessions"].as_array().unwrap().iter().any(told).then_some(status)
    });
    for sidecar in &sidecars {
        let number = sidecar.start_account().unwrap();
        let sessions = status["sessions"].as_array().unwrap();
        let session = sessions.iter().find(|session| session["id"] == sidecar.session_id()).unwrap();
        assert_eq!(session["pid"], sidecar.pid());
        assert_eq!(session["port"], sidecar.port());
        assert_eq!((&session["kind"], &session["self"]), (&json!("sidecar"), &json!(false)));
        assert_eq!(session["startAccount"]["index"], number);
        assert_eq!(status["accounts"][usize::try_from(number - 1).unwrap()]["sessions"][0]["pid"], sidecar.pid());
    }
    let text = pool.sandbox.run(&["status"]).ok().stdout;
    for text_of in sidecars.iter().flat_map(|sidecar| [sidecar.pid().to_string(), sidecar.port().to_string()]) {
        assert!(text.contains(&text_of), "{text}");
    }
    assert!(
        text.contains(&format!("gpt-5.2: account-{used}")) && text.contains("SESSION") && text.contains("LABEL"),
        "{text}"
    );
    for sidecar in &mut sidecars {
        assert_eq!(sidecar.end(), 0);
    }
    assert!(pool.sandbox.run(&["status"]).ok().stdout.starts_with("No session is alive.\n\n"));
}
