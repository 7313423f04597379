//! What an error comes from: in the log for whoever asks for it, and nowhere else.

use std::net::{Ipv4Addr, TcpListener};

use crate::support::sandbox::Sandbox;

/// The lines of stderr that are none of the log.
fn for_people(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| !line.contains(" codex_account_manager::")).collect()
}

#[test]
fn the_log_names_each_cause_and_people_read_the_same_with_it_and_without() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (args, folder, said, causes) in [
        (vec!["proxy", "--bind", &taken], None, "cannot listen on", vec![]),
        (
            vec!["login", "--device"],
            None,
            "the issuer cannot be reached",
            vec!["the issuer cannot be", "cannot be reached", "Connection refused"],
        ),
        (vec!["config", "set", "routing.strategy", "sticky"], Some("config.toml"), "config.toml", vec![]),
        (vec!["list"], Some("accounts.json"), "accounts.json", vec![]),
    ] {
        let mut sandbox = Sandbox::new();
        if let Some(folder) = folder {
            std::fs::create_dir(sandbox.path(folder)).unwrap();
        }
        let plain = sandbox.run(&args);
        sandbox.set("CAM_LOG", "debug");
        let logged = sandbox.run(&args);
        assert_ne!(plain.code, 0, "{args:?}");
        assert!(plain.stderr.contains(said), "{args:?}: {}", plain.stderr);
        assert_eq!(for_people(&logged.stderr), plain.stderr.lines().collect::<Vec<_>>(), "{args:?}");
        let of_log = logged.stderr.lines().filter_map(|line| Some(line.split_once(": caused by: ")?.1));
        let found: Vec<&str> = of_log.collect();
        let mut rest = found.iter();
        for cause in causes {
            assert!(rest.any(|found| found.starts_with(cause)), "{args:?}: `{cause}` in {found:?}");
        }
        // What people read names the last one as well.
        let root = found.last().unwrap_or_else(|| panic!("{args:?}: {}", logged.stderr));
        assert!(plain.stderr.contains(root), "{args:?}: `{root}` in {}", plain.stderr);
    }
}
