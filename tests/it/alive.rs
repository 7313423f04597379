//! Who is alive, as a reader sees it that holds no record and no lock: real processes, killed, stopped and busy.

use std::os::unix::fs::MetadataExt;

use codex_account_manager::manager::Manager;
use codex_account_manager::manager::session::alive::RpcAddress;
use rustix::fs::{FlockOperation, flock};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Pool, Sandbox, Sidecar, http, process};

fn ids(reader: &Manager) -> Vec<String> {
    reader.live_sessions().into_iter().map(|session| session.id).collect()
}

/// All that a reader could have left behind.
fn traces(sandbox: &Sandbox) -> Vec<(String, u64, i64, i64)> {
    let folder = std::fs::read_dir(sandbox.cam_folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut traces: Vec<_> = folder.chain([sandbox.accounts_file()]).collect();
    traces.sort();
    let trace = |path: std::path::PathBuf| {
        let metadata = path.metadata().unwrap();
        (path.display().to_string(), metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
    };
    traces.into_iter().map(trace).collect()
}

fn read_status(address: &RpcAddress) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "status/read", "params": {} });
    http::post(address.port, "/rpc", address.token.expose(), &request).json()["result"].clone()
}

#[test]
fn a_reader_sees_each_start_each_end_and_each_kill_at_its_next_look() {
    let pool = Pool::new(3);
    let reader = pool.sandbox.manager();
    assert!(ids(&reader).is_empty());
    let (mut first, mut second, mut third) = (pool.sidecar(), pool.sidecar(), pool.sidecar());
    let all = [&first, &second, &third].map(|sidecar| sidecar.session_id().to_owned());
    assert_eq!(ids(&reader), all);
    second.kill();
    assert_eq!(ids(&reader), [all[0].as_str(), &all[2]], "its record is still in the file");
    assert_eq!(pool.sandbox.session_ids(), all);
    third.end();
    assert_eq!(ids(&reader), [all[0].as_str()]);
    process::signal(first.pid(), Signal::STOP);
    assert_eq!(ids(&reader), [all[0].as_str()], "one that is stopped lives");
    process::signal(first.pid(), Signal::CONT);
    first.end();
    assert!(ids(&reader).is_empty());
}

#[test]
fn a_reader_waits_for_no_lock_and_leaves_no_trace() {
    let pool = Pool::new(2);
    let reader = pool.sandbox.manager();
    let (first, mut second) = (pool.sidecar(), pool.sidecar());
    second.kill();
    // The killed one's last write may be as young as this process's look.
    let before = traces(&pool.sandbox);
    let lock = std::fs::File::open(pool.sandbox.cam_folder().join("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    for _ in 0..100 {
        assert_eq!(ids(&reader), [first.session_id()]);
        assert!(reader.session().rpc_of(first.session_id()).is_some());
    }
    drop(lock);
    assert_eq!(traces(&pool.sandbox), before);
}

#[test]
fn the_rpc_of_every_live_session_answers_to_its_token() {
    let pool = Pool::new(2);
    let reader = pool.sandbox.manager();
    let first = pool.sidecar();
    let mut second = Sidecar::start(&pool.sandbox);
    for sidecar in [&first, &second] {
        let address = reader.session().rpc_of(sidecar.session_id()).unwrap();
        assert_eq!((address.port, address.pid), (sidecar.port(), sidecar.pid()));
        assert!(address.host.is_loopback());
        assert_eq!(read_status(&address)["session"]["id"], sidecar.session_id());
        assert!(!format!("{address:?}").contains(address.token.expose().as_str()), "it does not print");
    }
    second.kill();
    assert!(reader.session().rpc_of(second.session_id()).is_none());
    assert!(reader.session().rpc_of("nobody").is_none());
}
