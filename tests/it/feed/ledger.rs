//! Attempts and use, as the ledger has them, whatever becomes of it.

use codex_account_manager::domain::usage::Usd;
use codex_account_manager::tui::fact::{AttemptRow, Fact, LedgerState, Problem, UsageNow};
use rusqlite::Connection;

use super::Watching;
use crate::support::upstream::ask;
use crate::support::{Pool, Sandbox, eventually};

fn ledger(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.path("cam-data/ledger.sqlite")
}

#[track_caller]
fn becomes(watching: &mut Watching, wanted: &LedgerState) {
    watching.find("the ledger's state", |fact| match fact {
        Fact::Ledger(state) if state == wanted => Some(()),
        _ => None,
    });
}

#[track_caller]
fn fails(watching: &mut Watching) -> Problem {
    watching.find("it cannot be read", |fact| match fact {
        Fact::Ledger(LedgerState::Failed(problem)) => Some(problem.clone()),
        _ => None,
    })
}

#[track_caller]
fn rows(watching: &mut Watching) -> Vec<AttemptRow> {
    watching.find("attempts", |fact| match fact {
        Fact::Attempts(rows) => Some(rows.clone()),
        _ => None,
    })
}

#[track_caller]
fn usage(watching: &mut Watching, what: &str, wanted: impl Fn(&UsageNow) -> bool) -> UsageNow {
    watching.find(what, |fact| match fact {
        Fact::Usage(usage) if wanted(usage) => Some(usage.clone()),
        _ => None,
    })
}

#[test]
fn what_was_used_before_and_what_is_used_now_is_seen() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    ask(&pool, &sidecar, "gpt-5.2");
    let mut watching = Watching::start(&pool.sandbox);
    // The first may be written a moment later than it was answered.
    let first = rows(&mut watching);
    assert_eq!((first.len(), first[0].row, first[0].status, first[0].served), (1, 1, 200, true));
    assert_eq!((first[0].account.as_str(), first[0].session.as_str()), (pool.ids[0].as_str(), sidecar.session_id()));
    assert!(first[0].cost > Some(Usd(0)) && first[0].tokens.is_some());
    let once = |usage: &UsageNow| usage.hours.iter().map(|hour| hour.used.totals.requests).sum::<u64>() == 1;
    let before = usage(&mut watching, "one request", once);
    assert_eq!(before.days.iter().map(|day| day.used.totals.requests).sum::<u64>(), 1);
    watching.rewind();
    watching.accounts("its account shows it", |now| now.accounts[0].usage.today.requests == 1);

    ask(&pool, &sidecar, "gpt-5.2-codex");
    let second = rows(&mut watching);
    assert_eq!((second.len(), second[0].row, second[0].model.as_deref()), (1, 2, Some("gpt-5.2-codex")));
    let after = usage(&mut watching, "two models", |usage| usage.days.len() == 2);
    let models: Vec<_> = after.hours.iter().map(|hour| hour.used.model.as_deref().unwrap()).collect();
    assert!(models.contains(&"gpt-5.2") && models.contains(&"gpt-5.2-codex"), "{models:?}");
    watching.rewind();
    watching.accounts("its account shows both", |now| now.accounts[0].usage.month.requests == 2);

    watching.rewind();
    watching.find("how busy its session is", |fact| match fact {
        Fact::Sessions(sessions) => sessions.iter().any(|session| session.requests_per_minute > 0).then_some(()),
        _ => None,
    });

    for (row, rows) in [(2, 1), (1, 0)] {
        watching.feed.read_earlier(row);
        let (earlier, is_all) = watching.find("those before", |fact| match fact {
            Fact::Earlier { rows, is_all } => Some((rows.clone(), *is_all)),
            _ => None,
        });
        assert_eq!((earlier.len(), is_all), (rows, true));
    }

    pool.sandbox.run(&["remove", "account-1", "--yes"]).ok();
    let mut later = Watching::start(&pool.sandbox);
    let former = later.find("how the removed account was called", |fact| match fact {
        Fact::Former(labels) => Some(labels.clone()),
        _ => None,
    });
    assert_eq!(
        former.iter().map(|(id, label)| (id.as_str(), &**label)).collect::<Vec<_>>(),
        [(&*pool.ids[0], "account-1")]
    );
}

#[test]
fn a_ledger_that_is_missing_held_damaged_newer_and_new_is_followed_and_left_alone() {
    let pool = Pool::new(1);
    let path = ledger(&pool.sandbox);
    let mut watching = Watching::start(&pool.sandbox);
    becomes(&mut watching, &LedgerState::Missing);
    assert!(!path.exists(), "who looks on makes none");
    let mut sidecar = pool.sidecar();
    ask(&pool, &sidecar, "gpt-5.2");
    becomes(&mut watching, &LedgerState::Open);
    watching.rewind();
    assert_eq!(rows(&mut watching).len(), 1);
    sidecar.end();

    drop(watching);

    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    // The feed that has ended closes the file in a moment.
    eventually("nobody else has it open", || {
        other.execute_batch("BEGIN EXCLUSIVE; UPDATE meta SET value = value; COMMIT;").ok()
    });
    let mut watching = Watching::start(&pool.sandbox);
    let busy = fails(&mut watching);
    assert!(busy.text.contains("holds the ledger") && busy.hint.is_some(), "{busy:?}");
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(other);
    becomes(&mut watching, &LedgerState::Open);

    let whole = std::fs::read(&path).unwrap();
    let away = |suffix: &str| {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    };
    ["", "-wal", "-shm"].into_iter().for_each(away);
    becomes(&mut watching, &LedgerState::Missing);
    std::fs::write(&path, "no database at all").unwrap();
    let damaged = fails(&mut watching);
    assert!(damaged.text.contains("is damaged"), "{damaged:?}");
    assert_eq!(std::fs::read(&path).unwrap(), b"no database at all");
    away("");
    let newer = Connection::open(&path).unwrap();
    newer.execute_batch("CREATE TABLE later (x); PRAGMA user_version = 9;").unwrap();
    drop(newer);
    let newer = fails(&mut watching);
    assert!(newer.text.contains("version 9") && newer.hint.is_some(), "{newer:?}");
    away("");
    std::fs::write(&path, whole).unwrap();
    becomes(&mut watching, &LedgerState::Open);
    let sidecar = pool.sidecar();
    ask(&pool, &sidecar, "gpt-5.2");
    watching.find("what came after", |fact| match fact {
        Fact::Attempts(rows) => rows.iter().any(|row| row.session == sidecar.session_id()).then_some(()),
        _ => None,
    });
}
