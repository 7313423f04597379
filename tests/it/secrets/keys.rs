//! The master key: where it comes from, and the three ways in which a secret does not open.

use serde_json::{Value, json};

use crate::support::keys::random_key;
use crate::support::upstream::{answer, ask};
use crate::support::{Pool, Sandbox, Sidecar};

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// What was sealed under these variables opens under those.
#[track_caller]
fn check(sealed_under: &[(&str, &str)], opened_under: &[(&str, &str)], opens: bool) {
    let mut sandbox = Sandbox::new();
    for name in ["key", "other"] {
        std::fs::write(sandbox.path(name), format!("{name} passphrase\n")).unwrap();
    }
    let set = |sandbox: &mut Sandbox, variables: &[(&str, &str)]| {
        for (name, value) in variables {
            let value = value.replace("HOME", &sandbox.home().display().to_string());
            sandbox.set(name, &value);
        }
    };
    set(&mut sandbox, sealed_under);
    let key = random_key();
    sandbox.add("one", &key);
    sandbox.unset("CAM_MASTER_KEY").unset("CAM_MASTER_KEY_FILE");
    set(&mut sandbox, opened_under);
    let exported = sandbox.run(&["export", "--plain"]);
    let told = format!("sealed under {sealed_under:?}, opened under {opened_under:?}: {exported:?}");
    assert_eq!(exported.code, if opens { 0 } else { 3 }, "{told}");
    assert_eq!(exported.stdout.contains(&key), opens, "{told}");
}

#[test]
fn a_key_may_be_a_passphrase_hexadecimal_or_a_file() {
    let variable = |value| [("CAM_MASTER_KEY", value)];
    let file = [("CAM_MASTER_KEY_FILE", "HOME/key")];
    let (capitals, another) = (HEX.to_uppercase(), HEX.replace("00", "ff"));
    check(&variable("correct horse"), &variable("correct horse"), true);
    check(&variable("correct horse"), &variable("correct horse\n"), true);
    check(&variable("correct horse"), &variable("correct horses"), false);
    check(&variable(HEX), &variable(HEX), true);
    check(&variable(HEX), &variable(&capitals), true);
    check(&variable(HEX), &variable(&another), false);
    check(&file, &file, true);
    check(&file, &variable("key passphrase"), true);
    check(&file, &[("CAM_MASTER_KEY_FILE", "HOME/other")], false);
    check(&file, &[("CAM_MASTER_KEY_FILE", "HOME/missing")], false);
    check(&file, &[], false);
    check(&[], &[], true);
    check(&[], &variable(""), true);
    check(&[], &variable("not that one, but the key file fits"), true);
    check(&file, &[("CAM_MASTER_KEY", "wrong"), ("CAM_MASTER_KEY_FILE", "HOME/key")], true);
}

#[test]
fn an_editors_master_key_opens_and_seals() {
    let pool = Pool::new(0);
    let options = json!({ "initializationOptions": { "masterKey": "from the editor" } });
    let mut sidecar = Sidecar::start_with(pool.sandbox.command(&["sidecar"]), &options);
    sidecar.request("accounts/add", &json!({ "label": "one", "apiKey": random_key() })).unwrap();
    let without = pool.sandbox.run(&["export", "--plain"]);
    assert_eq!(without.code, 3, "{without:?}");
    let values = sidecar.request("config/read", &json!({})).unwrap();
    assert!(!values.to_string().contains("from the editor"));
    assert!(!pool.sandbox.path("cam-data/master.key").exists());
}

/// Each of the three says another thing and what to do, and changes no byte.
#[test]
fn a_missing_a_wrong_key_and_a_damaged_entry_are_three_errors() {
    let mut pool = Pool::new(2);
    let key_file = pool.sandbox.path("cam-data/master.key");
    let mut file = pool.sandbox.accounts();
    let envelope = file["accounts"][0]["apiKey"].as_str().unwrap().to_owned();
    file["accounts"][0]["apiKey"] = json!(format!("{}AAAA", &envelope[..envelope.len() - 4]));
    pool.sandbox.write_accounts(file.to_string().as_bytes());
    let damaged = pool.sandbox.run(&["export", "--plain"]);
    let sidecar = pool.sidecar();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 2, "a damaged entry is out alone");
    drop(sidecar);
    std::fs::rename(&key_file, pool.sandbox.path("away")).unwrap();
    let before = pool.sandbox.bytes();
    let missing = pool.sandbox.run(&["export", "--plain"]);
    pool.sandbox.set("CAM_MASTER_KEY", "not this one");
    let wrong = pool.sandbox.run(&["export", "--plain"]);
    for (output, words) in
        [(&damaged, "damaged"), (&missing, "there is no master key"), (&wrong, "not the one that sealed")]
    {
        assert_eq!((output.code, output.stdout.as_str()), (3, ""), "{output:?}");
        assert!(output.stderr.contains(words) && output.stderr.contains("hint: "), "`{words}` in {output:?}");
    }
    for args in [vec!["list"], vec!["status"], vec!["edit", "1", "--label", "x"]] {
        assert_eq!(pool.sandbox.run(&args).code, 0, "{args:?} needs no secret");
    }
    let refused = pool.sandbox.run_with(&["add", "new", "--key-stdin"], b"sk-new\n");
    assert_eq!(refused.code, 3, "{refused:?}");
    let mut after = pool.sandbox.accounts();
    let mut expected: serde_json::Value = serde_json::from_slice(&before.unwrap()).unwrap();
    for file in [&mut after, &mut expected] {
        file["revision"] = json!(0);
        file["sessions"] = json!([]);
        file["accounts"][0]["label"] = json!("");
    }
    assert_eq!(after, expected, "nothing but the label was changed");
}

#[test]
fn a_value_that_was_moved_or_redirected_fails_alone() {
    let pool = Pool::new(3);
    let good = pool.sandbox.accounts();
    let mut swapped = good.clone();
    swapped["accounts"][0]["apiKey"] = good["accounts"][1]["apiKey"].clone();
    let mut redirected = good.clone();
    redirected["accounts"][0]["baseUrl"] = json!("http://127.0.0.1:1");
    for file in [swapped, redirected] {
        pool.sandbox.write_accounts(file.to_string().as_bytes());
        let sidecar = pool.sidecar();
        assert_ne!(ask(&pool, &sidecar, "gpt-5.4"), 1);
        let refused = pool.sandbox.run(&["export", "--plain"]);
        assert!(refused.stderr.contains("damaged or was copied"), "{refused:?}");
    }
    let served = pool.served_by();
    assert!(served.iter().all(Option::is_some), "no stranger's key was sent anywhere");
}

/// The accounts whose state is `locked`, as a process that has asked for nothing else lists them.
fn locked(sandbox: &Sandbox) -> Vec<Value> {
    let listed = sandbox.run(&["list", "--json"]).ok().json();
    listed["accounts"].as_array().unwrap().iter().filter(|account| account["state"] == "locked").cloned().collect()
}

#[test]
fn a_secret_that_was_copied_from_another_account_locks_that_account_alone_and_says_so() {
    let pool = Pool::new(3);
    let mut sidecar = pool.sidecar();
    assert_eq!(locked(&pool.sandbox), Vec::<Value>::new());
    let mut file = pool.sandbox.accounts();
    file["accounts"][0]["apiKey"] = file["accounts"][1]["apiKey"].clone();
    pool.sandbox.write_accounts(file.to_string().as_bytes());

    let told = "its secret is damaged or was copied from another account; set its key again with `edit --key-stdin`";
    let listed = locked(&pool.sandbox);
    assert_eq!(
        listed.iter().map(|one| (&one["index"], &one["reason"])).collect::<Vec<_>>(),
        [(&json!(1), &json!(told))]
    );
    let of_session = sidecar.request("accounts/read", &json!({"account": 1})).unwrap();
    assert_eq!((&of_session["state"], &of_session["reason"]), (&json!("locked"), &json!(told)));
    assert_ne!(ask(&pool, &sidecar, "gpt-5"), 1);

    file["accounts"][1]["apiKey"] = file["accounts"][2]["apiKey"].clone();
    file["accounts"][2]["enabled"] = json!(false);
    pool.sandbox.write_accounts(file.to_string().as_bytes());
    let refused = answer(&sidecar, "gpt-5");
    assert_eq!(refused.status(), 503);
    assert!(refused.text().contains("`codex-account-manager list` says what to do."), "{}", refused.text());

    // The key itself, given again, is all that it takes.
    let key = random_key();
    pool.sandbox.run_with(&["edit", "1", "--key-stdin"], key.as_bytes()).ok();
    assert_eq!(locked(&pool.sandbox).iter().map(|one| &one["index"]).collect::<Vec<_>>(), [&json!(2)]);
}
