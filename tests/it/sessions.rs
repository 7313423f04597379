//! Sessions side by side on one accounts file: where they start, what they follow, and what death gives back.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Barrier;

use serde_json::{Value, json};

use crate::support::keys::random_key;
use crate::support::upstream::ask;
use crate::support::{PATIENCE, Pool, Sandbox, Sidecar, eventually, full, process};

/// Starts `count` sidecars at the same instant.
fn start_at_once(sandbox: &Sandbox, count: usize) -> Vec<Sidecar> {
    let barrier = Barrier::new(count);
    std::thread::scope(|scope| {
        let start = || {
            let command = sandbox.command(&["sidecar"]);
            barrier.wait();
            Sidecar::start_with(command, &json!({}))
        };
        let starting: Vec<_> = (0..count).map(|_| scope.spawn(start)).collect();
        starting.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn start_accounts(sidecars: &[Sidecar]) -> BTreeSet<Option<u64>> {
    sidecars.iter().map(Sidecar::start_account).collect()
}

#[test]
fn four_sessions_that_start_at_once_on_four_accounts_are_all_apart() {
    let rounds = if full() { 100 } else { 10 };
    let pool = Pool::new(4);
    let all: BTreeSet<Option<u64>> = (1..=4).map(Some).collect();
    for round in 0..rounds {
        let mut sidecars = start_at_once(&pool.sandbox, 4);
        assert_eq!(start_accounts(&sidecars), all, "round {round}");
        if round == 0 {
            let served: BTreeSet<usize> = sidecars.iter().map(|sidecar| ask(&pool, sidecar, "gpt-5.4")).collect();
            assert_eq!(served.len(), 4, "they serve where they started");
        }
        // Killed, so that every round also has dead siblings to clear.
        sidecars.iter_mut().for_each(Sidecar::kill);
    }
    println!("{rounds} rounds of 4 sessions on 4 accounts: all apart");
    assert_eq!(pool.sandbox.accounts()["activeIndex"], 0, "a shifted start is not written back");
}

#[test]
fn more_sessions_than_accounts_share_them_evenly_and_unusable_ones_are_passed_over() {
    let mut pool = Pool::new(3);
    pool.sandbox.run(&["edit", "2", "--disable"]).ok();
    let sidecars = start_at_once(&pool.sandbox, 4);
    let mut started: Vec<Option<u64>> = sidecars.iter().map(Sidecar::start_account).collect();
    started.sort_unstable();
    assert_eq!(started, [Some(1), Some(1), Some(3), Some(3)]);
    assert_eq!(pool.add(), 4);
    assert_eq!(pool.sidecar().start_account(), Some(4), "the one with the fewest sessions");
}

#[test]
fn a_dead_sessions_place_is_free_at_once() {
    let pool = Pool::new(3);
    let mut sidecars = start_at_once(&pool.sandbox, 3);
    for round in 0..5 {
        let place = sidecars[0].start_account();
        sidecars[0].kill();
        sidecars.remove(0);
        let next = pool.sidecar();
        assert_eq!(next.start_account(), place, "round {round}");
        sidecars.push(next);
        assert_eq!(pool.sandbox.session_ids().len(), 3);
    }
}

#[test]
fn without_the_offset_everyone_starts_on_the_active_account() {
    let pool = Pool::new(3);
    pool.sandbox.run(&["switch", "2"]).ok();
    pool.sandbox.run(&["switch", "--auto"]).ok();
    std::fs::write(pool.sandbox.path("config.toml"), "[routing]\npid_offset = false\n").unwrap();
    let sidecars = start_at_once(&pool.sandbox, 3);
    assert_eq!(start_accounts(&sidecars), BTreeSet::from([Some(2)]));
}

#[test]
fn a_proxy_holds_a_record_and_does_not_count() {
    let pool = Pool::new(2);
    let mut command = pool.sandbox.command(&["proxy", "--bind", "127.0.0.1:0", "--api-key", "sk-mine"]);
    let mut proxy = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    eventually("the proxy has a record", || {
        let accounts = pool.sandbox.accounts();
        (accounts["sessions"][0]["kind"] == "proxy").then_some(())
    });
    assert!(pool.sandbox.accounts()["sessions"][0].get("startAccount").is_none());
    assert_eq!(pool.sidecar().start_account(), Some(1));
    process::signal(proxy.id(), rustix::process::Signal::TERM);
    assert!(process::end_within(&mut proxy, PATIENCE).is_some());
}

#[test]
fn a_switch_everywhere_is_followed_by_the_next_request_of_every_sibling() {
    let pool = Pool::new(3);
    let mut first = pool.sidecar();
    let second = pool.sidecar();
    assert_eq!(ask(&pool, &first, "gpt-5.4"), 1);
    assert_eq!(Some(ask(&pool, &second, "gpt-5.4") as u64), second.start_account());
    pool.sandbox.run(&["switch", "3"]).ok();
    assert_eq!((ask(&pool, &first, "gpt-5.4"), ask(&pool, &second, "gpt-5.4")), (3, 3));
    first.request("accounts/switch", &json!({ "account": 1, "scope": "everywhere" })).unwrap();
    assert_eq!((ask(&pool, &first, "gpt-5.4"), ask(&pool, &second, "gpt-5.4")), (1, 1));
    let third = pool.sidecar();
    assert_eq!(ask(&pool, &third, "gpt-5.4"), 1, "a new session follows it as well");

    pool.sandbox.run(&["switch", "2", "--family", "codex-max"]).ok();
    for sidecar in [&first, &second, &third] {
        assert_eq!((ask(&pool, sidecar, "gpt-5.1-codex-max"), ask(&pool, sidecar, "gpt-5.4")), (2, 1));
    }
    let pinned = pool.sandbox.run(&["switch", "--auto"]).ok();
    assert!(pool.sandbox.accounts().get("pin").is_none_or(Value::is_null), "{pinned:?}");
    let fourth = pool.sidecar();
    assert_ne!(fourth.start_account(), Some(1), "where the others are is not where a new one starts");
    assert_eq!(Some(ask(&pool, &fourth, "gpt-5.4") as u64), fourth.start_account());
}

#[test]
fn a_session_pin_is_of_one_session_and_gives_way_only_while_its_account_cannot_serve() {
    let pool = Pool::new(3);
    let mut first = pool.sidecar();
    let second = pool.sidecar();
    first.request("accounts/switch", &json!({ "account": 3 })).unwrap();
    assert_eq!(ask(&pool, &first, "gpt-5.4"), 3);
    assert_eq!(Some(ask(&pool, &second, "gpt-5.4") as u64), second.start_account());
    pool.sandbox.run(&["edit", "3", "--disable"]).ok();
    let instead = ask(&pool, &first, "gpt-5.4");
    assert_ne!(instead, 3);
    pool.sandbox.run(&["edit", "3", "--enable"]).ok();
    assert_eq!(ask(&pool, &first, "gpt-5.4"), 3, "it is returned to");
    pool.sandbox.run(&["switch", "2"]).ok();
    assert_eq!(ask(&pool, &first, "gpt-5.4"), 2, "a newer switch everywhere wins");
    first.request("accounts/switch", &json!({ "account": 1 })).unwrap();
    assert_eq!((ask(&pool, &first, "gpt-5.4"), ask(&pool, &second, "gpt-5.4")), (1, 2), "and a newer one here again");
}

#[test]
fn a_file_that_was_removed_is_not_brought_back_and_a_new_one_is_joined() {
    let pool = Pool::new(2);
    let (mut first, mut second) = (pool.sidecar(), pool.sidecar());
    assert_eq!(ask(&pool, &first, "gpt-5.4"), 1);
    let old_store = pool.sandbox.accounts()["storeId"].clone();
    std::fs::remove_file(pool.sandbox.accounts_file()).unwrap();
    let refused = crate::support::upstream::answer(&first, "gpt-5.4");
    assert_eq!(refused.status(), 503, "{}", refused.text());
    assert!(refused.text().contains("codex-account-manager add"), "{}", refused.text());
    for sidecar in [&mut first, &mut second] {
        let listed = sidecar.request("accounts/list", &json!({})).unwrap();
        assert_eq!(listed["accounts"], json!([]));
        for (method, params) in
            [("accounts/switch", json!({ "account": 1 })), ("accounts/update", json!({ "account": 1, "priority": 1 }))]
        {
            assert_eq!(sidecar.request(method, &params).unwrap_err().code, -32010);
        }
    }
    assert_eq!(pool.sandbox.run(&["edit", "1", "--priority", "1"]).code, 4);
    assert!(pool.sandbox.bytes().is_none(), "nobody brought it back");

    let key = random_key();
    pool.upstream.add_key(&key);
    pool.sandbox.add("anew", &key);
    let accounts = pool.sandbox.accounts();
    assert_ne!(accounts["storeId"], old_store, "a new file is another store");
    eventually("both join it", || (pool.sandbox.session_ids().len() == 2).then_some(()));
    let served = crate::support::upstream::answer(&second, "gpt-5.4");
    assert_eq!((served.status(), served.header("x-account-label")), (200, Some("anew")));
    assert_eq!((first.end(), second.end()), (0, 0));
    assert!(pool.sandbox.session_ids().is_empty());
}

#[test]
fn two_paths_to_one_file_are_one_store_with_one_lock() {
    let mut pool = Pool::new(2);
    let real = pool.sandbox.accounts_file();
    let other = pool.sandbox.path("elsewhere");
    std::fs::create_dir(&other).unwrap();
    let link = other.join("linked.json");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let first = pool.sidecar();
    let real_folder = pool.sandbox.cam_folder();
    pool.sandbox.set("CAM_ACCOUNTS_FILE", link.to_str().unwrap());
    let mut second = pool.sidecar();
    assert_eq!((first.start_account(), second.start_account()), (Some(1), Some(2)), "they see each other");
    second.request("accounts/update", &json!({ "account": 1, "priority": 6 })).unwrap();
    assert!(link.is_symlink(), "the link stays a link");
    let text = std::fs::read_to_string(&real).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["accounts"][0]["priority"], 6);
    let beside: Vec<_> = std::fs::read_dir(&other).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["linked.json"], "the locks are beside the real file");
    assert!(real_folder.join("lock").exists());
}

#[test]
fn sessions_in_pid_namespaces_of_their_own_start_apart_and_see_death() {
    let pool = Pool::new(3);
    if !crate::support::require("unshare") {
        return;
    }
    let wrapped = |pool: &Pool| {
        let mut command: Command = pool.sandbox.program("unshare");
        command.args(["--pid", "--fork", "--kill-child", "--", crate::support::sandbox::BINARY, "sidecar"]);
        command
    };
    if !wrapped(&pool).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success()) {
        return crate::support::missing("pid namespaces are not allowed here");
    }
    let params = json!({ "processId": null });
    let mut sidecars: Vec<Sidecar> = (0..3).map(|_| Sidecar::start_with(wrapped(&pool), &params)).collect();
    assert_eq!(start_accounts(&sidecars), (1..=3).map(Some).collect());
    assert!(sidecars.iter().all(|sidecar| sidecar.info["session"]["pid"] == 1), "each is process 1 of its own");
    let place = sidecars[1].start_account();
    sidecars[1].kill();
    eventually("its place is free", || {
        let next = Sidecar::start_with(wrapped(&pool), &params);
        (next.start_account() == place).then_some(())
    });
}
