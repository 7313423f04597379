//! Whoever shares the accounts file shares the key file and the ledger.

use serde_json::{Value, json};

use crate::support::keys::random_key;
use crate::support::sandbox::output;
use crate::support::upstream::ask;
use crate::support::{Pool, Sandbox, Sidecar, eventually};

/// A program, and the variables that it has.
type Program = (&'static str, Vec<(&'static str, String)>);

/// The variables of programs that share an accounts file, each with its own idea of where data belongs.
fn programs(sandbox: &Sandbox) -> Vec<Program> {
    let at = |name: &str| sandbox.path(name).display().to_string();
    vec![
        ("a terminal", vec![]),
        ("a terminal with a data folder of its own", vec![("XDG_DATA_HOME", at("my data"))]),
        (
            "a snap",
            vec![
                ("XDG_DATA_HOME", at("snap/code/224/.local/share")),
                ("SNAP", "/snap/code/224".to_owned()),
                ("SNAP_USER_DATA", at("snap/code/224")),
            ],
        ),
        ("the next revision of the snap", vec![("XDG_DATA_HOME", at("snap/code/225/.local/share"))]),
        (
            "a flatpak",
            vec![
                ("XDG_DATA_HOME", at(".var/app/com.vscodium.codium/data")),
                ("XDG_CACHE_HOME", at(".var/app/com.vscodium.codium/cache")),
                ("XDG_STATE_HOME", at(".var/app/com.vscodium.codium/.local/state")),
            ],
        ),
        ("a program with a folder of ours", vec![("CAM_DATA_DIR", at("given"))]),
    ]
}

/// A home with nothing set that says where data belongs.
fn plain_home() -> (Pool, Vec<Program>) {
    let mut pool = Pool::new(0);
    pool.sandbox.unset("CAM_DATA_DIR").unset("XDG_DATA_HOME").unset("XDG_STATE_HOME").without_polling();
    let programs = programs(&pool.sandbox);
    (pool, programs)
}

fn state(sandbox: &Sandbox, variables: &[(&str, String)]) -> Value {
    let mut command = sandbox.command(&["list", "--json"]);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    output(command, b"").ok().json()["accounts"][0]["state"].clone()
}

#[test]
fn every_program_opens_what_any_other_sealed() {
    let names: Vec<&str> = programs(&Sandbox::new()).iter().map(|(name, _)| *name).collect();
    for first in 0..names.len() {
        let (pool, programs) = plain_home();
        let mut adding = pool.sandbox.command(&["add", "work", "--key-stdin"]);
        adding.envs(programs[first].1.iter().map(|(name, value)| (name, value)));
        output(adding, format!("{}\n", random_key()).as_bytes()).ok();
        for (name, variables) in &programs {
            assert_eq!(state(&pool.sandbox, variables), "ready", "{name}, after {} made the key", names[first]);
        }
    }
}

#[test]
fn a_key_file_that_was_in_use_before_there_was_a_note_is_found_and_noted() {
    let (pool, programs) = plain_home();
    pool.sandbox.add("work", &random_key());
    let note = pool.sandbox.cam_folder().join("data-folders.json");
    std::fs::remove_file(&note).unwrap();
    // A key of its own, which the snap made for something else before.
    let own = pool.sandbox.path("snap/code/224/.local/share/codex-account-manager");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("master.key"), format!("{}\n", "0f".repeat(32))).unwrap();
    for (name, variables) in programs.iter().filter(|(name, _)| *name != "the next revision of the snap") {
        assert_eq!(state(&pool.sandbox, variables), "ready", "{name}");
    }
    assert!(!note.exists(), "a list writes nothing");
    let (_, snap) = &programs[2];
    let mut editing = pool.sandbox.command(&["edit", "1", "--priority", "3"]);
    editing.envs(snap.iter().map(|(name, value)| (name, value)));
    output(editing, b"").ok();
    let noted: Value = serde_json::from_slice(&std::fs::read(&note).unwrap()).unwrap();
    let shared = pool.sandbox.path(".local/share/codex-account-manager");
    assert!(noted["dataFolders"].as_array().unwrap().contains(&json!(shared)), "{noted}");
}

#[test]
fn what_one_program_uses_every_other_counts() {
    let (mut pool, programs) = plain_home();
    pool.add();
    let (_, snap) = &programs[2];
    for (name, value) in snap {
        pool.sandbox.set(name, value);
    }
    let mut sidecar = Sidecar::start(&pool.sandbox);
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1);
    sidecar.end();
    for (name, _) in snap {
        pool.sandbox.unset(name);
    }
    for (name, variables) in programs.iter().filter(|(name, _)| !name.ends_with("of ours")) {
        let mut command = pool.sandbox.command(&["usage", "--json"]);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let rows = output(command, b"").ok().json();
        assert!(rows.to_string().contains("\"requests\":1"), "{name}: {rows}");
    }
}

#[test]
fn a_folder_of_ours_that_keeps_a_program_apart_is_told() {
    let (mut pool, _) = plain_home();
    pool.sandbox.add("work", &random_key());
    assert_eq!(pool.sandbox.run(&["list"]).ok().stderr, "");
    let given = pool.sandbox.path("given").display().to_string();
    pool.sandbox.set("CAM_DATA_DIR", &given);
    let told = pool.sandbox.run(&["list"]).ok().stderr;
    assert!(told.starts_with("warning: `CAM_DATA_DIR` is") && told.contains("/.local/share/"), "{told}");
    let mut sidecar = Sidecar::start(&pool.sandbox);
    let shown = sidecar.wait_notification_where("window/showMessage", |params| params["type"] == 2);
    assert!(shown["message"].as_str().unwrap().contains("unset `CAM_DATA_DIR`"), "{shown}");
    sidecar.end();
}

#[test]
fn a_session_whose_folder_of_locks_was_removed_is_there_again() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let alive = || pool.sandbox.manager().live_sessions().len();
    assert_eq!(alive(), 1);
    // At once: it is looked for every second, and what is made meanwhile would be in the way.
    std::fs::rename(pool.sandbox.cam_folder(), pool.sandbox.path("removed")).unwrap();
    eventually("the session is there again", || (alive() == 1).then_some(()));
    let file = pool.sandbox.cam_folder().join(format!("session-{}", sidecar.session_id()));
    let private: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(private["port"], sidecar.port());
    let note = pool.sandbox.cam_folder().join("data-folders.json");
    eventually("where the data is is noted again", || note.exists().then_some(()));
    sidecar.end();
    assert_eq!(pool.sandbox.session_ids(), Vec::<String>::new());
}
