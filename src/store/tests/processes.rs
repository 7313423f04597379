//! Real processes: this test binary starts itself again, in the home of the test.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

const UPDATES: i64 = 40;

/// The child's home is its working directory.
fn here() -> Home {
    let home = Home::new();
    Home { file: std::env::current_dir().unwrap().join("config/opencode/accounts.json"), ..home }
}

/// The ignored test `name`, to be started in the home of this one.
fn again(home: &Home, name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("store::tests::processes::{name}"), "--ignored", "--nocapture"]);
    command.current_dir(home.dir.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

#[test]
#[ignore = "another test starts this in a process of its own"]
fn child_makes_everything() {
    let home = here();
    let store = home.open();
    add(&store, "one");
    let key = StoredAccount { api_key: Some(StoredSecret::new("sk-1")), ..account("two") };
    update(&store, move |transaction| transaction.state.accounts.push(key.into())).unwrap();
    let session =
        update(&store, |transaction| transaction.claim_session("s", &serde_json::json!({})).unwrap()).unwrap();
    let probe = store.try_lock("probe", "one").unwrap().unwrap();
    assert!(store.session_private("s").is_some());
    std::mem::forget((session, probe));
}

#[test]
fn death_frees_what_a_process_held() {
    let home = Home::new();
    assert!(again(&home, "child_makes_everything").status().unwrap().success());
    let reaped = update(&home.open(), |transaction| transaction.reap_dead_sessions().len()).unwrap();
    assert_eq!((reaped, home.open().session_private("s")), (0, None), "a file without a record went");
    assert!(home.open().try_lock("probe", "one").unwrap().is_some(), "death freed the probe");
}

#[cfg(unix)]
#[test]
fn no_umask_opens_or_closes_a_file() {
    for umask in ["umask 000", "umask 777"] {
        let home = Home::new();
        let child = again(&home, "child_makes_everything");
        let mut under = Command::new("sh");
        under.args(["-c", &format!("{umask}; exec \"$0\" \"$@\"")]).arg(child.get_program()).args(child.get_args());
        under.current_dir(home.dir.path()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(under.status().unwrap().success());
        let folder = home.open().folder();
        let names = crate::files::names(&folder).unwrap();
        assert!(names.len() >= 5, "{names:?}");
        for name in names {
            check_mode(&folder.join(&name), 0o600);
        }
        check_mode(&home.file, 0o600);
        for made in [folder.as_path(), home.file.parent().unwrap(), &home.dir.path().join("config")] {
            check_mode(made, 0o700);
        }
    }
}

#[test]
#[ignore = "another test starts this in a process of its own"]
fn child_counts() {
    let store = here().open();
    let id = format!("counter-{}", std::process::id());
    add(&store, &id);
    println!("ack");
    for _ in 0..UPDATES {
        let id = id.clone();
        update(&store, move |transaction| {
            let account = transaction.state.account_mut(&id).unwrap();
            account.priority = Some(account.priority.unwrap_or_default() + 1);
        })
        .unwrap();
        println!("ack");
    }
}

#[test]
fn a_killed_process_loses_nothing_that_was_acknowledged() {
    const PROCESSES: usize = 8;
    let home = Home::new();
    let counted = std::thread::scope(|scope| {
        let children: Vec<_> = (0..PROCESSES)
            .map(|number| {
                let home = &home;
                scope.spawn(move || {
                    let mut child = again(home, "child_counts").spawn().unwrap();
                    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
                    let mut acknowledged = 0_i64;
                    for _ in lines.filter(|line| line.contains("ack")) {
                        acknowledged += 1;
                        // Every other process is killed somewhere on its way, each at another place.
                        if number % 2 == 0 && acknowledged == 5 + i64::try_from(number).unwrap() * 3 {
                            child.kill().unwrap();
                        }
                    }
                    child.wait().unwrap();
                    (child.id(), acknowledged, number % 2 == 0)
                })
            })
            .collect();
        children.into_iter().map(|child| child.join().unwrap()).collect::<Vec<_>>()
    });
    let state = home.open().read().unwrap().unwrap();
    let mut changes = 0;
    for (pid, acknowledged, killed) in counted {
        let held = state.account(&format!("counter-{pid}")).unwrap().priority.unwrap_or_default() + 1;
        let unheard = i64::from(killed);
        assert!((acknowledged..=acknowledged + unheard).contains(&held), "{held} held, {acknowledged} acknowledged");
        changes += held;
    }
    assert_eq!(state.revision, u64::try_from(changes).unwrap());
    add(&home.open(), "afterwards");
}
