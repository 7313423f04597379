//! Every error of the table that can be reached, and that no refused operation changes a byte of the file.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::texts::chatgpt_file;
use crate::support::keys::random_key;
use crate::support::sidecar::frame;
use crate::support::upstream::ask;
use crate::support::{Pool, RpcError, Sandbox, Sidecar, eventually, process, require};

/// The call fails with this code and kind, says what to do, and leaves the file as it is.
#[track_caller]
fn check(sandbox: &Sandbox, sidecar: &mut Sidecar, call: (&str, &Value), expected: (i64, &str)) -> RpcError {
    let before = sandbox.bytes();
    let (method, params) = call;
    let error = match sidecar.request(method, params) {
        Err(error) => error,
        Ok(result) => panic!("{method} {params} was not refused: {result}"),
    };
    assert_eq!(
        (error.code, error.data["kind"].as_str()),
        (expected.0, Some(expected.1)),
        "{method} {params}: {error:?}"
    );
    assert!(error.data["retryable"].is_boolean() && error.data["hint"].is_string(), "{error:?}");
    if expected.0 != -32602 {
        assert!(!error.data["hint"].as_str().unwrap().is_empty(), "it says what to do: {error:?}");
    }
    assert_eq!(sandbox.bytes(), before, "{method} {params} was refused and wrote");
    error
}

#[test]
fn an_account_that_is_not_there_is_32010() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    for account in [json!(0), json!(3), json!("3"), json!("nobody"), json!(""), json!("99999999999999999999999999")] {
        for method in ["accounts/read", "accounts/switch", "accounts/update", "accounts/remove"] {
            let params = json!({ "account": account });
            check(&pool.sandbox, &mut sidecar, (method, &params), (-32010, "accountNotFound"));
        }
    }
    let empty = Sandbox::new();
    let mut lonely = Sidecar::start(&empty);
    let error = check(&empty, &mut lonely, ("accounts/read", &json!({ "account": 1 })), (-32010, "accountNotFound"));
    assert!(error.data["hint"].as_str().unwrap().contains("add LABEL"), "{error:?}");
}

#[test]
fn a_name_of_several_accounts_is_32011_and_lists_them() {
    let sandbox = Sandbox::new();
    sandbox.without_polling();
    let mut file = chatgpt_file();
    file["accounts"][1]["email"] = json!("A@B.C");
    sandbox.write_accounts(file.to_string().as_bytes());
    let mut sidecar = Sidecar::start(&sandbox);
    for method in ["accounts/read", "accounts/switch", "accounts/update", "accounts/remove"] {
        let params = json!({ "account": "a@b.c" });
        let error = check(&sandbox, &mut sidecar, (method, &params), (-32011, "ambiguousAccount"));
        assert!(error.message.contains("1 (") && error.message.contains("2 ("), "{error:?}");
    }
}

#[test]
fn a_missing_and_a_wrong_key_are_32012_and_different() {
    let mut pool = Pool::new(1);
    std::fs::remove_file(pool.sandbox.path("cam-data/master.key")).unwrap();
    let add = json!({ "label": "new", "apiKey": random_key() });
    let mut sidecar = pool.sidecar();
    let missing = check(&pool.sandbox, &mut sidecar, ("accounts/add", &add), (-32012, "locked"));
    assert!(missing.message.contains("no master key"), "{missing:?}");
    let listed = sidecar.request("accounts/list", &json!({})).unwrap();
    assert_eq!(listed["accounts"][0]["state"], "locked");
    sidecar.request("accounts/update", &json!({ "account": 1, "priority": 3 })).expect("what needs no secret works");
    assert!(!pool.sandbox.path("cam-data/master.key").exists(), "no key is made beside a sealed file");

    pool.sandbox.set("CAM_MASTER_KEY", &"0f".repeat(32));
    let mut sidecar = pool.sidecar();
    let wrong = check(&pool.sandbox, &mut sidecar, ("accounts/add", &add), (-32012, "locked"));
    assert!(wrong.message.contains("not the one"), "{wrong:?}");
    for error in [missing, wrong] {
        assert!(error.data["hint"].as_str().unwrap().contains("CAM_MASTER_KEY"), "{error:?}");
    }
}

#[test]
fn a_stopped_holder_is_32013_by_its_pid_while_siblings_serve_on() {
    if !require("flock") {
        return;
    }
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    // As if it had been stopped between taking the lock and giving it back.
    let lock = pool.sandbox.cam_folder().join("lock");
    let mut command = pool.sandbox.program("flock");
    let mut holder = command.arg("--no-fork").arg(&lock).args(["sleep", "600"]).spawn().unwrap();
    eventually("the lock is held", || {
        let tried = std::fs::File::open(&lock).ok()?.try_lock();
        matches!(tried, Err(std::fs::TryLockError::WouldBlock)).then_some(())
    });
    std::fs::write(&lock, json!({ "pid": holder.id(), "sessionId": "s" }).to_string()).unwrap();
    process::signal(holder.id(), Signal::STOP);
    let update = json!({ "account": 1, "priority": 1 });
    let waiting = sidecar.send_request("accounts/update", &update);
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1, "serving goes on");
    let busy = sidecar.answer(waiting).unwrap_err();
    assert_eq!((busy.code, &busy.data["kind"], &busy.data["retryable"]), (-32013, &json!("storeBusy"), &json!(true)));
    assert!(busy.message.contains(&format!("process {}", holder.id())), "{busy:?}");
    assert!(process::runs(holder.id()), "a stopped holder is not robbed");
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(sidecar.request("accounts/update", &update).unwrap()["priority"], 1);
}

#[test]
fn a_file_that_cannot_be_read_is_32014_and_stays_as_it_is() {
    let pool = Pool::new(1);
    let good = pool.sandbox.bytes().unwrap();
    let mut newer = pool.sandbox.accounts();
    newer["version"] = json!(4);
    let contents =
        [Vec::new(), b"  \n".to_vec(), b"[]".to_vec(), good[..good.len() / 2].to_vec(), newer.to_string().into_bytes()];
    let mut sidecar = pool.sidecar();
    let with_session = pool.sandbox.bytes().unwrap();
    for (number, content) in contents.iter().enumerate() {
        // A write of the sidecar that is under way would put its own content in this one's place.
        let lock = std::fs::File::open(pool.sandbox.cam_folder().join("lock")).unwrap();
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
        pool.sandbox.write_accounts(content);
        drop(lock);
        for (method, params) in [
            ("accounts/list", json!({})),
            ("accounts/add", json!({ "label": "new", "apiKey": "sk-new" })),
            ("accounts/update", json!({ "account": 1, "priority": 9 })),
            ("accounts/switch", json!({ "account": 1 })),
            ("accounts/remove", json!({ "account": 1 })),
        ] {
            check(&pool.sandbox, &mut sidecar, (method, &params), (-32014, "storeUnreadable"));
        }
        assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1, "serving goes on from memory");
        let names: Vec<_> =
            std::fs::read_dir(pool.sandbox.cam_folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
        let is_copy = |path: &std::path::PathBuf| {
            path.file_name().unwrap().to_string_lossy().starts_with("unreadable-")
                && std::fs::read(path).unwrap() == *content
        };
        assert!(names.iter().any(is_copy), "a copy of content {number} is set aside: {names:?}");
        let second = Sidecar::start(&pool.sandbox);
        assert_eq!(second.start_account(), None);
        drop(second);
        let run = pool.sandbox.run(&["list"]);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run:?}");
        assert_eq!(pool.sandbox.bytes().as_ref(), Some(content), "content {number} is untouched");
        pool.sandbox.write_accounts(&with_session);
        sidecar.request("accounts/list", &json!({})).expect("a file that was mended is read at once");
    }
}

#[test]
fn a_label_or_key_that_is_taken_is_32018() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    for (method, params) in [
        ("accounts/add", json!({ "label": "ACCOUNT-1", "apiKey": random_key() })),
        ("accounts/add", json!({ "label": " account-1 ", "apiKey": random_key() })),
        ("accounts/add", json!({ "label": "new", "apiKey": pool.keys[1] })),
        ("accounts/update", json!({ "account": 1, "label": "account-2" })),
        ("accounts/update", json!({ "account": 1, "apiKey": pool.keys[1] })),
    ] {
        check(&pool.sandbox, &mut sidecar, (method, &params), (-32018, "conflict"));
    }
    sidecar.request("accounts/update", &json!({ "account": 1, "label": "Account-1", "apiKey": pool.keys[0] })).unwrap();
}

#[test]
fn params_of_the_wrong_form_are_32602() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let add = |label: &str| ("accounts/add", json!({ "label": label, "apiKey": "sk-x" }));
    let with_url = |url: &str| ("accounts/add", json!({ "label": "new", "apiKey": "sk-x", "baseUrl": url }));
    for (method, params) in [
        ("accounts/list", json!({ "x": 1 })),
        ("accounts/list", json!([1])),
        ("status/read", json!({ "verbose": true })),
        ("routing/explain", json!({ "model": 5 })),
        ("routing/explain", json!({ "family": "codex" })),
        ("routing/setStrategy", json!({})),
        ("routing/setStrategy", json!({ "strategy": "fastest" })),
        ("routing/setStrategy", json!({ "strategy": null })),
        ("routing/setStrategy", json!({ "strategy": "sticky", "scope": "galaxy" })),
        ("usage/read", json!({ "days": 0 })),
        ("usage/read", json!({ "days": 401 })),
        ("usage/read", json!({ "days": -1 })),
        ("usage/read", json!({ "days": 1.5 })),
        ("usage/read", json!({ "days": 99_999_999_999_u64 })),
        ("usage/read", json!({ "by": "hour" })),
        ("usage/read", json!({ "since": 1 })),
        ("accounts/read", json!({})),
        ("accounts/read", json!({ "account": null })),
        ("accounts/read", json!({ "account": 1.5 })),
        ("accounts/read", json!({ "account": -1 })),
        ("accounts/read", json!({ "account": 1, "extra": 2 })),
        ("accounts/switch", json!({})),
        ("accounts/switch", json!({ "account": 1, "scope": "galaxy" })),
        ("accounts/switch", json!({ "account": 1, "family": 5 })),
        ("accounts/add", json!({ "label": "new" })),
        ("accounts/add", json!({ "apiKey": "sk-x" })),
        ("accounts/add", json!({ "label": "new", "apiKey": "" })),
        ("accounts/add", json!({ "label": "new", "apiKey": "two words" })),
        ("accounts/add", json!({ "label": "new", "apiKey": "sk-x", "priority": "high" })),
        ("accounts/add", json!({ "label": "new", "apiKey": "sk-x", "dailyLimitUsd": -1 })),
        ("accounts/add", json!({ "label": "new", "apiKey": "sk-x", "models": [" "] })),
        ("accounts/add", json!({ "label": "new", "apiKey": "sk-x", "enabled": true })),
        add(""),
        add("   "),
        add("12"),
        add("a\u{7}b"),
        add("a\nb"),
        add(&"x".repeat(65)),
        with_url("http://example.com"),
        with_url("ftp://127.0.0.1"),
        with_url("nonsense"),
        with_url("https://user:password@example.com"),
        ("accounts/update", json!({ "account": 1, "baseUrl": "https://example.com" })),
        ("accounts/update", json!({ "account": 1, "baseUrl": null })),
        ("accounts/update", json!({ "account": 1, "apiKey": "sk-x", "baseUrl": "http://example.com" })),
        ("accounts/update", json!({ "account": 1, "label": "7" })),
        ("accounts/update", json!({ "account": 1, "unknown": true })),
    ] {
        check(&pool.sandbox, &mut sidecar, (method, &params), (-32602, "invalidParams"));
    }
    for label in ["x", &"x".repeat(64), "ä ö 1"] {
        sidecar.request("accounts/add", &json!({ "label": label, "apiKey": random_key() })).unwrap();
    }
}

#[test]
fn a_command_without_its_number_or_of_another_name_is_32602() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let before = pool.sandbox.bytes();
    for params in [
        json!({ "command": "openai-accounts-switch" }),
        json!({ "command": "openai-accounts-switch", "arguments": [{}] }),
        json!({ "command": "something-else" }),
        json!({}),
    ] {
        assert_eq!(sidecar.request("workspace/executeCommand", &params).unwrap_err().code, -32602, "{params}");
    }
    assert_eq!(pool.sandbox.bytes(), before);
}

#[test]
fn an_unknown_method_is_32601() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let at = json!({ "textDocument": { "uri": "file:///a" }, "position": { "line": 0, "character": 0 } });
    for method in ["accounts/nothing", "textDocument/hover", "$/nothing"] {
        assert_eq!(sidecar.request(method, &at).unwrap_err().code, -32601, "`{method}`");
    }
}

#[test]
fn what_is_no_json_is_32700_and_what_is_no_request_32600() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    for (body, code) in [
        ("{", -32700),
        ("", -32700),
        ("nonsense", -32700),
        ("\"text\"", -32600),
        ("5", -32600),
        ("[]", -32600),
        (r#"{"jsonrpc":"2.0","id":"#, -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"accounts/list","params":1e999}"#, -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"accounts/list","params":"\ud800"}"#, -32700),
        ("{}", -32600),
        (r#"{"jsonrpc":"2.0","id":1}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":""}"#, -32600),
        (r#"{"id":1,"method":"accounts/list"}"#, -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"accounts/list"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":5}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"accounts/list"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":{},"method":"accounts/list"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"accounts/list"}"#, -32600),
    ] {
        sidecar.send_raw(frame(body).as_bytes());
        let answer = sidecar.next_answer(&Value::Null);
        assert_eq!(answer["error"]["code"], code, "`{body}`: {answer}");
        sidecar.request("accounts/list", &json!({})).expect("in step again");
    }
    // An answer to nothing is nobody's.
    sidecar.send(&json!({ "jsonrpc": "2.0", "id": 77, "result": null }));
    sidecar.request("accounts/list", &json!({})).expect("in step again");
}
