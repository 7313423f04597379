//! Which accounts a project may use: no request ever leaves them, whatever happens.

mod begun;
mod hostile;
mod living;
mod logins;
mod orders;
mod real;
mod seen;
mod storm;
mod ways;

use std::path::PathBuf;
use std::time::Duration;

use api::{Answer, LimitKind, Wait};
use serde_json::{Value, json};
use simulated_openai::api;

use crate::support::upstream::{answer, ask};
use crate::support::{Pool, Sidecar, eventually, within};

/// Looks once a second, what says less than before is to stand for two, and a busy machine takes its time.
const SOON: Duration = Duration::from_secs(10);

/// Four accounts, of which 1 and 2 are of the group `work`, and 4 of `spare`.
fn pool(rules: &str) -> Pool {
    let pool = Pool::new(4);
    pool.group(&[&["work"], &["work"], &[], &["spare"]]);
    write(&pool, rules);
    pool
}

fn write(pool: &Pool, rules: &str) {
    std::fs::write(pool.sandbox.path("config.toml"), rules.replace('~', &pool.sandbox.home().display().to_string()))
        .unwrap();
}

fn folder(pool: &Pool, name: &str) -> PathBuf {
    let folder = pool.sandbox.home().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// An editor's sidecar with these workspace folders.
fn sidecar_in(pool: &Pool, folders: &[&str], options: &Value) -> Sidecar {
    let uri = |name: &&str| json!({ "uri": format!("file://{}", folder(pool, name).display()), "name": name });
    let folders: Vec<Value> = folders.iter().map(uri).collect();
    let params = json!({ "workspaceFolders": folders, "initializationOptions": options });
    Sidecar::start_with(pool.sandbox.command(&["sidecar", "--stdio"]), &params)
}

/// The accounts that serve while each that does is limited after its first answer, and the last answer's text.
fn exhausted(pool: &Pool, sidecar: &Sidecar) -> (Vec<usize>, u16, String) {
    let mut served = Vec::new();
    loop {
        let response = answer(sidecar, "gpt-5");
        if response.status() != 200 {
            return (served, response.status(), response.text());
        }
        let number = pool.ids.iter().position(|id| Some(id.as_str()) == response.header("x-account-id")).unwrap() + 1;
        pool.script(
            number,
            Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(600)), kind: LimitKind::Tokens },
        );
        served.push(number);
    }
}

const WORK: &str = "[[projects]]\npath = \"~/work/**\"\naccounts = [\"work\"]\n";

#[test]
fn a_failover_stays_within_what_the_rule_of_the_folder_allows() {
    let pool = pool(WORK);
    let sidecar = sidecar_in(&pool, &["work/site"], &json!({}));
    let (mut served, status, told) = exhausted(&pool, &sidecar);
    served.sort_unstable();
    assert_eq!((served, status), (vec![1, 2], 429));
    assert!(
        told.contains("What may be used here is narrowed by rule 1 (`") && told.contains("config.toml:1)"),
        "{told}"
    );
    assert!(told.contains("\"All accounts that rule 1 (`") && told.contains("allows are limited for "), "{told}");
    // Each of the others is named where programs read, not where people do.
    assert!(told.contains("\"notAllowed\"") && !told.contains("): notAllowed"), "{told}");
    // Another folder is not narrowed.
    let elsewhere = sidecar_in(&pool, &["private"], &json!({}));
    let (mut served, status, _) = exhausted(&pool, &elsewhere);
    served.sort_unstable();
    assert_eq!((served, status), (vec![3, 4], 429));
}

#[test]
fn everything_else_only_narrows() {
    let pool = pool(WORK);
    for (folders, options, expected) in [
        (&["work"][..], json!({ "accounts": ["2", "work"] }), &[][..]),
        (&["work"], json!({ "accounts": [pool.ids[1]] }), &[2]),
        (&["work"], json!({ "accounts": "!spare" }), &[1, 2]),
        (&["work"], json!({ "accounts": ["spare"] }), &[]),
        (&["private"], json!({ "accounts": ["spare"] }), &[4]),
        (&["private"], json!({ "accounts": [] }), &[]),
        (&["private"], json!({ "accounts": 7 }), &[]),
        // Of two folders each must allow an account.
        (&["work", "private"], json!({}), &[1, 2]),
    ] {
        let mut sidecar = sidecar_in(&pool, folders, &options);
        let listed = sidecar.request("accounts/list", &json!({})).unwrap();
        let accounts = listed["accounts"].as_array().unwrap();
        let allowed = accounts.iter().filter(|account| account["state"] != "notAllowed");
        let allowed: Vec<u64> = allowed.map(|account| account["index"].as_u64().unwrap()).collect();
        assert_eq!(allowed, expected.to_vec(), "{folders:?} {options}");
        if expected.is_empty() {
            let refused = answer(&sidecar, "gpt-5");
            assert_eq!(refused.status(), 503);
            // The list of accounts is of all of them.
            assert!(refused.text().contains("`codex-account-manager doctor` says what to do."), "{}", refused.text());
        }
    }
    let mut command = pool.sandbox.command(&["sidecar", "--stdio", "--accounts", "work", "--accounts", "!1"]);
    command.env("CAM_ACCOUNTS", "work");
    let sidecar = Sidecar::start_with(command, &json!({}));
    let refused = answer(&sidecar, "gpt-5");
    // A number is no name here: it would mean another account once one is removed.
    assert!(
        refused.status() == 503
            && refused.text().contains("`--accounts`: `1` is a number, which changes when accounts are removed;")
    );
}

#[test]
fn a_switch_to_an_account_outside_is_refused_and_one_from_elsewhere_passed_over() {
    let pool = pool(WORK);
    let mut inside = sidecar_in(&pool, &["work"], &json!({}));
    let mut outside = sidecar_in(&pool, &["private"], &json!({}));
    for scope in ["session", "everywhere"] {
        let refused = inside.request("accounts/switch", &json!({ "account": 3, "scope": scope })).unwrap_err();
        assert_eq!(refused.code, -32602);
        assert!(refused.message.contains("may not be used in this session: rule 1 (`"), "{refused:?}");
    }
    inside.request("accounts/switch", &json!({ "account": 2, "scope": "session" })).unwrap();
    assert_eq!(ask(&pool, &inside, "gpt-5"), 2);
    outside.request("accounts/switch", &json!({ "account": 3, "scope": "everywhere" })).unwrap();
    assert_eq!(ask(&pool, &outside, "gpt-5"), 3);
    let listed = |sidecar: &mut Sidecar| sidecar.request("accounts/list", &json!({})).unwrap();
    let switched = listed(&mut outside)["revision"].as_u64();
    let seen = eventually("the session has seen the switch", || {
        Some(listed(&mut inside)).filter(|list| list["revision"].as_u64() >= switched)
    });
    assert!(seen["pins"].to_string().contains(&pool.ids[1]) && !seen["pins"].to_string().contains(&pool.ids[2]));
    for _ in 0..3 {
        assert!(ask(&pool, &inside, "gpt-5") <= 2);
    }
}

#[test]
fn rules_are_followed_and_what_cannot_be_read_never_widens() {
    let pool = pool(WORK);
    let mut sidecar = sidecar_in(&pool, &["work"], &json!({}));
    assert!(ask(&pool, &sidecar, "gpt-5") <= 2);
    let allowed = |sidecar: &mut Sidecar| -> Vec<u64> {
        let listed = sidecar.request("accounts/list", &json!({})).unwrap();
        let accounts = listed["accounts"].as_array().unwrap().clone();
        accounts
            .iter()
            .filter(|account| account["state"] != "notAllowed")
            .map(|account| account["index"].as_u64().unwrap())
            .collect()
    };
    let mut becomes = |rules: &str, expected: &[u64]| {
        write(&pool, rules);
        let came = within(SOON, || (allowed(&mut sidecar) == expected).then_some(()));
        assert!(came.is_some(), "{rules}: {:?}", allowed(&mut sidecar));
    };
    becomes("[[projects]]\npath = \"~/**\"\naccounts = [\"spare\"]\n", &[4]);
    becomes("[[projects]]\npath = \"~/work\"\naccounts = [\"!work\"]\n", &[3, 4]);
    becomes("# none\n", &[1, 2, 3, 4]);
    becomes(WORK, &[1, 2]);
    for bad in ["[[projects]]\npath = \"~/work/**\"\n", "[[projects\n", "x = 1\n[[projects]]\npth = 1\n"] {
        write(&pool, bad);
        sidecar.wait_notification_where("window/showMessage", |params| {
            params["message"].as_str().unwrap().contains("that held before stay until that is mended")
        });
        assert_eq!(allowed(&mut sidecar), [1, 2], "{bad}");
        // A process that starts cannot tell what they said.
        let new = sidecar_in(&pool, &["private"], &json!({}));
        let refused = answer(&new, "gpt-5");
        assert_eq!(refused.status(), 503);
        assert!(refused.text().contains("config.toml:"), "{}", refused.text());
        write(&pool, WORK);
        eventually("the rules are good again", || {
            let config = sidecar.request("config/read", &json!({})).unwrap();
            (!config["warnings"].to_string().contains("projects")).then_some(())
        });
    }
}
