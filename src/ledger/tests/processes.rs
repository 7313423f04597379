//! Real processes: this test binary starts itself again, in the home of the test.
#![expect(clippy::disallowed_methods, reason = "the tests set the stage")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

const ENTRIES: i64 = 200;

/// The child's home is its working directory.
fn here() -> Ledger {
    let clock = Clock::from_fn(|| Timestamp(NOW)).in_zone("UTC");
    Ledger::new(std::env::current_dir().unwrap().join("share/codex-account-manager"), clock)
}

/// The ignored test `name`, to be started in the home of this one.
fn again(home: &Home, name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("ledger::tests::processes::{name}"), "--ignored", "--nocapture"]);
    command.current_dir(home.dir.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

#[tokio::test]
#[ignore = "another test starts this in a process of its own"]
async fn child_begins() {
    here().commit(entry("a")).await.unwrap();
    // The side files stay: nobody closes the connection.
    std::process::abort();
}

#[cfg(unix)]
#[test]
fn no_umask_opens_or_closes_a_file() {
    use crate::files::tests::check_mode;
    // It aborts, which is to leave no core file.
    let begin_under = |home: &Home, umask: &str| {
        let child = again(home, "child_begins");
        let mut under = Command::new("sh");
        under.args(["-c", &format!("{umask} ulimit -c 0; exec \"$0\" \"$@\"")]);
        under.arg(child.get_program()).args(child.get_args());
        under.current_dir(home.dir.path()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    };
    for umask in ["umask 000;", "umask 777;"] {
        let home = Home::new();
        begin_under(&home, umask);
        for made in [home.data(), home.dir.path().join("share")] {
            check_mode(&made, 0o700);
        }
        let names: Vec<_> = std::fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        for name in names {
            check_mode(&name, 0o600);
        }
        assert_eq!(home.count("SELECT count(*) FROM attempts"), 1);
    }
    let home = Home::new();
    assert!(!home.data().exists());
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(home.file(), "").unwrap();
    crate::files::restrict(&home.file(), 0o644).unwrap();
    begin_under(&home, "");
    check_mode(&home.file(), 0o600);
}

#[tokio::test]
#[ignore = "another test starts this in a process of its own"]
async fn child_commits() {
    let ledger = here();
    let account = format!("account-{}", std::process::id());
    for round in 0..ENTRIES {
        ledger.began(id("shared"), Timestamp(NOW));
        let entry = Entry { cost: Some(Usd(1)), breaker: None, ..entry(&account) };
        if round % 2 == 0 {
            ledger.record(entry);
        } else {
            let spent = ledger.commit(entry).await.unwrap();
            println!("\nack {}", spent.today.0);
        }
    }
    assert_eq!(ledger.take_warnings(), [""; 0]);
    println!("\ndone");
}

#[test]
fn a_killed_process_loses_nothing_that_was_acknowledged() {
    const PROCESSES: usize = 6;
    let home = Home::new();
    let counted = std::thread::scope(|scope| {
        let children: Vec<_> = (0..PROCESSES)
            .map(|number| {
                let home = &home;
                scope.spawn(move || {
                    let mut child = again(home, "child_commits").spawn().unwrap();
                    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
                    let (mut acknowledged, mut acks, mut done) = (0, 0, false);
                    for line in lines {
                        if let Some(spent) = line.strip_prefix("ack ") {
                            acknowledged = spent.parse::<i64>().unwrap();
                            acks += 1;
                        }
                        done |= line == "done";
                        // Two are killed somewhere on their way, each at another place.
                        if number < 2 && acks == 20 + number * 30 {
                            child.kill().unwrap();
                        }
                    }
                    child.wait().unwrap();
                    assert_eq!(done, number >= 2);
                    (child.id(), acknowledged)
                })
            })
            .collect();
        children.into_iter().map(|child| child.join().unwrap()).collect::<Vec<_>>()
    });
    for (pid, acknowledged) in counted {
        let of = |table: &str| home.count(&format!("SELECT sum(cost) FROM {table} WHERE account = 'account-{pid}'"));
        assert_eq!(of("attempts"), of("days"), "sums are the sums of the rows");
        assert!(of("days") >= acknowledged, "{} kept, {acknowledged} acknowledged", of("days"));
        assert!(of("days") <= ENTRIES);
    }
    assert_eq!(home.count("SELECT sum(requests) FROM days"), home.count("SELECT count(*) FROM attempts"));
    let integrity = Connection::open(home.file()).unwrap();
    let integrity: String = integrity.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
}
