//! Many at once. Each store has its own open files, so kernel locks hold between them as between processes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use super::*;

#[test]
fn no_acknowledged_update_is_lost() {
    const WRITERS: i64 = 8;
    const ROUNDS: i64 = 25;
    let home = Home::new();
    add(&home.open(), "counter");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    let store = home.open();
                    for _ in 0..ROUNDS {
                        update(&store, |transaction| {
                            let counter = &mut transaction.state.accounts[0].priority;
                            *counter = Some(counter.unwrap_or_default() + 1);
                        })
                        .unwrap();
                    }
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            let store = home.open();
            let (mut revision, mut count) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                let state = store.read().expect("a reader never sees half a file").expect("nor none");
                let now = state.accounts[0].priority.unwrap_or_default();
                assert!(state.revision >= revision && now >= count, "nothing goes backward");
                (revision, count) = (state.revision, now);
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    let state = home.open().read().unwrap().unwrap();
    assert_eq!(state.accounts[0].priority, Some(WRITERS * ROUNDS));
    assert_eq!(state.revision, u64::try_from(WRITERS * ROUNDS).unwrap() + 1);
}

#[test]
fn whoever_waits_too_long_gets_an_error_that_names_the_holder() {
    let home = Home::new();
    add(&home.open(), "one");
    let holder = home.open();
    let (release, released) = mpsc::channel::<()>();
    let (started, start) = mpsc::channel();
    let holding = std::thread::spawn(move || {
        update(&holder, move |_| {
            started.send(()).unwrap();
            let _ = released.recv();
        })
    });
    start.recv().unwrap();
    let options = StoreOptions { session_id: "waiter".to_owned(), ..home.options() };
    let waiter = Store::with_patience(options, Duration::from_millis(80)).unwrap();
    let late = update(&waiter, |transaction| transaction.state.accounts.clear());
    let Err(UpdateError::Store(StoreError::Busy { holder: Some(holder) })) = late else { panic!("{late:?}") };
    assert_eq!((holder.pid, holder.session_id.as_str()), (std::process::id(), "tests"));
    assert_eq!(waiter.read().unwrap().unwrap().accounts.len(), 1, "readers take no lock");
    release.send(()).unwrap();
    holding.join().unwrap().unwrap();
    add(&waiter, "two");
    assert_eq!(waiter.read().unwrap().unwrap().accounts.len(), 2, "the late change was not made");
}

#[test]
fn one_probe_at_a_time() {
    let home = Home::new();
    let (one, two) = (home.open(), home.open());
    let probe = one.try_lock("probe", "../odd id/ü").unwrap().unwrap();
    assert!(
        one.try_lock("probe", "../odd id/ü").unwrap().is_none()
            && two.try_lock("probe", "../odd id/ü").unwrap().is_none()
    );
    assert!(two.try_lock("probe", "another").unwrap().is_some());
    drop(probe);
    assert!(two.try_lock("probe", "../odd id/ü").unwrap().is_some());
    let long = "x".repeat(500);
    assert!(
        one.try_lock("probe", &long).unwrap().is_some()
            && one.try_lock("probe", &format!("{long}y")).unwrap().is_some()
    );
    let names = crate::files::names(&one.folder()).unwrap();
    assert!(names.contains(&"probe-..%2fodd%20id%2f%c3%bc".to_owned()), "{names:?}");
}

#[test]
fn a_lock_that_is_waited_for_comes() {
    let home = Home::new();
    let (one, two) = (home.open(), home.open());
    let held = one.try_lock("refresh", "a").unwrap();
    let waiting = std::thread::spawn(move || two.wait_for_lock("refresh", "a").map(drop));
    drop(held);
    waiting.join().unwrap().unwrap();
}

#[test]
fn a_revision_whose_write_failed_is_not_our_own_when_a_sibling_writes_it() {
    let home = Home::new();
    let (store, sibling) = (home.open(), home.open());
    add(&store, "one");
    let id = store.read().unwrap().unwrap().store_id.clone();
    assert!(store.has_written(&id, 1) && !sibling.has_written(&id, 1));
    let in_the_way = store.folder().join("next.json/full");
    fs::create_dir_all(&in_the_way).unwrap();
    update(&store, |transaction| transaction.state.accounts.push(account("two").into())).unwrap_err();
    fs::remove_dir(&in_the_way).and_then(|()| fs::remove_dir(in_the_way.parent().unwrap())).unwrap();
    add(&sibling, "three");
    assert_eq!(store.read().unwrap().unwrap().revision, 2);
    assert!(!store.has_written(&id, 2) && sibling.has_written(&id, 2));
}
