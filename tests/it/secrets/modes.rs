//! Who may read what was written: its owner alone, under any umask.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::keys::random_key;
use crate::support::sandbox::{BINARY, output};
use crate::support::{Sandbox, Sidecar};

#[track_caller]
fn check_mode(path: &Path, umask: &str) {
    let metadata = std::fs::symlink_metadata(path).unwrap();
    let expected = if metadata.is_dir() { 0o700 } else { 0o600 };
    assert_eq!(metadata.permissions().mode() & 0o7777, expected, "{} under {umask}", path.display());
}

fn check_all(folder: &Path, umask: &str) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        check_mode(&path, umask);
        count += 1 + if path.is_dir() { check_all(&path, umask) } else { 0 };
    }
    count
}

#[test]
fn no_umask_opens_or_closes_a_file() {
    for umask in ["000", "022", "777"] {
        let mut sandbox = Sandbox::new();
        let accounts = sandbox.path("made/here/accounts.json").display().to_string();
        sandbox.set("CAM_ACCOUNTS_FILE", &accounts);
        let under = |args: &str| {
            let mut command = sandbox.program("sh");
            command.args(["-c", &format!("umask {umask}; exec \"$0\" {args}"), BINARY]);
            command
        };
        let key = format!("{}\n", random_key());
        assert_eq!(output(under("add one --key-stdin"), key.as_bytes()).code, 0);
        let mut sidecar = Sidecar::start_with(under("sidecar"), &serde_json::json!({}));
        assert_eq!(output(under("edit 1 --priority 1"), b"").code, 0);
        let count = check_all(sandbox.home(), umask);
        assert!(count >= 9, "{count} files and folders");
        assert_eq!(sidecar.end(), 0);
    }
}

#[test]
fn files_that_were_too_open_are_closed_by_the_next_write() {
    let sandbox = Sandbox::new();
    sandbox.add("one", &random_key());
    let set = |path: &Path, mode: u32| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    set(&sandbox.accounts_file(), 0o644);
    set(&sandbox.cam_folder(), 0o755);
    sandbox.run(&["edit", "1", "--priority", "1"]).ok();
    check_mode(&sandbox.accounts_file(), "any");
    check_mode(&sandbox.cam_folder(), "any");
    check_mode(&sandbox.cam_folder().join("previous.json"), "any");
}

#[test]
fn a_lock_folder_of_another_owner_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.add("one", &random_key());
    if !rustix::process::geteuid().is_root() {
        return crate::support::missing("only root can give a folder away");
    }
    std::os::unix::fs::chown(sandbox.cam_folder(), Some(65_534), None).unwrap();
    let before = sandbox.bytes();
    let refused = sandbox.run(&["edit", "1", "--priority", "1"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("another user"), "{refused:?}");
    assert_eq!(sandbox.bytes(), before);
    sandbox.run(&["list"]).ok();
}
