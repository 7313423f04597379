//! What stays in the memory of a sidecar of a key that came over RPC: nothing but the one copy that it is used with.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;

use serde_json::json;

use crate::support::keys::random_key;
use crate::support::{Pool, Sidecar, eventually, http, not_run};

/// How often `text` stands in the memory of process `pid`; `None` when this user may not read it.
fn copies(pid: u32, text: &str) -> Option<usize> {
    let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    let maps = BufReader::new(File::open(format!("/proc/{pid}/maps")).ok()?);
    let mut count = 0;
    for line in maps.lines() {
        let line = line.unwrap();
        let mut words = line.split_whitespace();
        let (range, modes) = (words.next()?, words.next()?);
        if !modes.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-')?;
        let address = |text| u64::from_str_radix(text, 16).unwrap();
        let (mut at, end) = (address(start), address(end));
        let mut bytes = vec![0; 1 << 20];
        while at < end {
            let length = usize::try_from(end - at).unwrap().min(bytes.len());
            // Pages that were never touched may not be there.
            let read = memory.read_at(&mut bytes[..length], at).unwrap_or(0);
            count += occurrences(&bytes[..read], text.as_bytes());
            // A copy may lie across two pieces.
            at += if length < bytes.len() { length as u64 } else { (length - text.len()) as u64 };
        }
    }
    Some(count)
}

fn occurrences(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).filter(|window| window == &text).count()
}

#[test]
fn a_key_that_came_over_rpc_is_wiped_with_what_it_came_in() {
    let pool = Pool::new(1);
    let mut sidecar = Sidecar::start_with(
        pool.sandbox.command(&["sidecar", "--stdio"]),
        &json!({ "initializationOptions": { "masterKey": "a passphrase that nobody else has" } }),
    );
    let marker = sidecar.session_id().to_owned();
    match copies(sidecar.pid(), &marker) {
        None | Some(0) => {
            not_run("the memory of another process cannot be read here; root may");
            sidecar.end();
            return;
        }
        Some(_) => {}
    }
    let (added, given) = (random_key(), random_key());
    sidecar.request("accounts/add", &json!({ "label": "new", "apiKey": added })).unwrap();
    sidecar.request("accounts/update", &json!({ "account": "new", "apiKey": given })).unwrap();
    let mistaken = random_key();
    sidecar.request("accounts/add", &json!({ "label": 7, "apiKey": mistaken })).unwrap_err();
    // Whatever comes behind it goes through the same buffers.
    for _ in 0..3 {
        sidecar.request("accounts/list", &json!({})).unwrap();
    }
    let pid = sidecar.pid();
    assert_eq!(copies(pid, &added), Some(0), "a key that was replaced");
    assert_eq!(copies(pid, &given), Some(0), "a key that is sealed and not in use");
    assert!(copies(pid, &mistaken).unwrap() <= 1, "one that no method took, in its one place");
    let over_http = random_key();
    let token = sidecar.info["rpc"]["token"].as_str().unwrap().to_owned();
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "accounts/update", "params": { "account": "new", "apiKey": over_http },
    });
    let answer = http::post(sidecar.port(), "/rpc", &token, &body);
    assert_eq!((answer.status(), &answer.json()["error"]), (200, &serde_json::Value::Null));
    // Its connection ends right after the answer.
    eventually("a key that came by the other door is wiped", || (copies(pid, &over_http) == Some(0)).then_some(()));
    sidecar.end();
}
