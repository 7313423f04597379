//! Starts and stops leave no process, port, session record or file behind.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::http::Connection;
use crate::support::{Pool, Sidecar, eventually, full, process};

/// Starts in one go, and how each is stopped.
fn stop(sidecar: &mut Sidecar, way: usize) {
    match way % 4 {
        0 => drop(sidecar.end()),
        1 => sidecar.close_stdin(),
        2 => assert!(process::signal(sidecar.pid(), rustix::process::Signal::TERM)),
        _ => sidecar.kill(),
    }
}

#[test]
fn many_starts_and_stops_leave_nothing_behind() {
    let rounds = if full() { 200 } else { 40 };
    let pool = Pool::new(2);
    let before = names(&pool);
    let mut ports = Vec::new();
    for round in 0..rounds {
        let mut sidecar = pool.sidecar();
        ports.push(sidecar.port());
        stop(&mut sidecar, round);
        assert!(sidecar.end_within(crate::support::PATIENCE).is_some(), "round {round}");
        assert!(!process::exists(sidecar.pid()), "round {round}");
    }
    // The last one was killed: whoever comes next clears its record.
    let mut last = pool.sidecar();
    assert_eq!(pool.sandbox.session_ids(), [last.session_id()]);
    assert_eq!(last.start_account(), Some(1), "it is alone");
    assert_eq!(last.end(), 0);
    assert!(pool.sandbox.session_ids().is_empty());
    for port in ports {
        // The system may have given the port to another test's process; ours asks for a key of its own.
        assert!(Connection::try_open(port).is_err() || !serves_our_pool(&pool, port), "port {port} is still served");
    }
    assert_eq!(names(&pool), before, "the files are those from before");
}

fn serves_our_pool(pool: &Pool, port: u16) -> bool {
    let health = crate::support::http::request(port, "GET", "/health", &[], b"");
    let version: Value = serde_json::from_slice(&health.body).unwrap_or_default();
    version["status"] == "ok"
        && pool.sandbox.run(&["status", "--json"]).ok().stdout.contains(&format!("\"port\": {port}"))
}

/// Every file in the home, but what the lock folder keeps of the state before.
fn names(pool: &Pool) -> BTreeSet<String> {
    let folders = [pool.sandbox.home().to_owned(), pool.sandbox.cam_folder()];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path().display().to_string());
    paths.filter(|path| !path.ends_with("previous.json")).collect()
}

#[test]
fn a_killed_session_is_gone_from_status_at_once() {
    let pool = Pool::new(2);
    let (mut first, mut second) = (pool.sidecar(), pool.sidecar());
    let sessions = |sidecar: &mut Sidecar| {
        let status = sidecar.request("status/read", &Value::Null).unwrap();
        status["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|session| session["pid"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let both = [u64::from(first.pid()), u64::from(second.pid())];
    assert_eq!(sessions(&mut second), both);
    first.kill();
    assert_eq!(sessions(&mut second), both[1..]);
    let files = eventually("its file is gone", || {
        let names = std::fs::read_dir(pool.sandbox.cam_folder()).unwrap();
        let count =
            names.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("session-")).count();
        (count == 1).then_some(count)
    });
    assert_eq!(files, 1);
}
