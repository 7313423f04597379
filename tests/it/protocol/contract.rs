//! Whole conversations as snapshots.

use serde_json::json;

use crate::snapshot;
use crate::support::{Pool, Sandbox, Sidecar};

#[test]
fn the_handshake_tells_the_proxy_the_session_and_the_commands() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    sidecar.wait_notification("proxy/ready");
    assert_eq!(sidecar.end(), 0);
    snapshot!("protocol_handshake", sidecar.transcript.text());
    sidecar.conversation.check_valid(&pool.sandbox);
}

#[test]
fn the_handshake_without_accounts_has_no_start_account() {
    let sandbox = Sandbox::new();
    let mut sidecar = Sidecar::start(&sandbox);
    let ready = sidecar.wait_notification("proxy/ready");
    assert_eq!(ready["session"]["startAccount"], json!(null));
    assert!(ready["proxy"].get("apiKey").is_none(), "a notification has no key: {ready}");
    assert_eq!(sidecar.info["session"]["startAccount"], json!(null));
    let listed = sidecar.request("accounts/list", &json!({})).unwrap();
    assert_eq!((&listed["activeIndex"], &listed["accounts"]), (&json!(0), &json!([])));
    let status = sidecar.request("status/read", &json!({})).unwrap();
    assert_eq!(status["accounts"], json!({ "total": 0, "available": 0 }));
}

#[test]
fn reading_is_told_whole() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    sidecar.transcript.begin();
    for (method, params) in [
        ("accounts/list", json!({})),
        ("accounts/read", json!({ "account": 2 })),
        ("accounts/read", json!({ "account": "2" })),
        ("accounts/read", json!({ "account": "ACCOUNT-2" })),
        ("accounts/read", json!({ "account": pool.ids[1] })),
        ("routing/explain", json!({})),
        ("usage/read", json!({})),
        ("status/read", json!({})),
        ("config/read", json!({})),
    ] {
        sidecar.request(method, &params).unwrap();
    }
    snapshot!("protocol_reading", sidecar.transcript.text());
    sidecar.conversation.check_valid(&pool.sandbox);
}

#[test]
fn switching_is_told_whole() {
    let pool = Pool::new(3);
    let mut sidecar = pool.sidecar();
    sidecar.transcript.begin();
    for (params, changes) in [
        (json!({ "account": 2 }), true),
        (json!({ "account": "account-3", "family": "codex" }), false),
        (json!({ "account": 3, "scope": "everywhere" }), true),
        (json!({ "account": 1, "family": "gpt-5.1", "scope": "everywhere" }), true),
        (json!({ "account": null, "scope": "everywhere" }), true),
        (json!({ "account": null }), false),
    ] {
        sidecar.request("accounts/switch", &params).unwrap();
        if changes {
            sidecar.wait_notification("accounts/didChange");
        }
    }
    snapshot!("protocol_switching", sidecar.transcript.text());
    sidecar.conversation.check_valid(&pool.sandbox);
}

#[test]
fn changing_is_told_whole() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    sidecar.transcript.begin();
    let all = json!({
        "label": "everything", "apiKey": "sk-0", "baseUrl": "http://127.0.0.1:1/x", "organization": "org-1",
        "project": "proj-1", "priority": -3, "models": ["gpt-5*"], "dailyLimitUsd": 1.5, "monthlyLimitUsd": 20,
    });
    for (method, params) in [
        ("accounts/add", json!({ "label": "second", "apiKey": "sk-1" })),
        ("accounts/add", all),
        ("accounts/update", json!({ "account": 2, "label": "renamed", "priority": 7, "enabled": false })),
        ("accounts/update", json!({ "account": "renamed", "enabled": true, "apiKey": "sk-2" })),
        (
            "accounts/update",
            json!({
                "account": 3, "apiKey": "sk-0", "baseUrl": null, "organization": null, "project": null,
                "priority": null, "models": null, "dailyLimitUsd": null, "monthlyLimitUsd": null,
            }),
        ),
        ("accounts/remove", json!({ "account": 2 })),
        ("accounts/remove", json!({ "account": "everything" })),
    ] {
        sidecar.request(method, &params).unwrap();
        sidecar.wait_notification("accounts/didChange");
    }
    snapshot!("protocol_changing", sidecar.transcript.text());
    sidecar.conversation.check_valid(&pool.sandbox);
}
