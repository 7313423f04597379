//! Files and folders of another user: what `sudo`, a container's root or a restored backup leaves. The locks of such a
//! folder hold, so it is never removed; it gets its owner back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::doctor::finding::{Finding, FindingKind, Mend, quoted};
use crate::cli::doctor::probe;
use crate::cli::doctor::scene::Scene;

/// What belongs to another user, by its owner.
pub fn foreign(scene: &Scene) -> Vec<Finding> {
    let Some(user) = probe::user() else { return Vec::new() };
    let mut by_user: BTreeMap<u32, Vec<PathBuf>> = BTreeMap::new();
    let mut closed: BTreeMap<PathBuf, u32> = BTreeMap::new();
    for path in own(scene) {
        let (path, owner) = match probe::stat(&path) {
            Ok(Some(stat)) => (path, stat.owner),
            Ok(None) => continue,
            Err(_) => {
                closed.extend(closed_above(&path, user));
                continue;
            }
        };
        let Some(owner) = owner.filter(|owner| *owner != user) else { continue };
        let (path, paths) = (probe::real(&path), by_user.entry(owner).or_default());
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    if by_user.is_empty() && closed.is_empty() {
        return vec![Finding::ok(format!("every file belongs to {}", called(user)))];
    }
    let sudo = scene.environment.get("SUDO_UID").and_then(|id| id.parse().ok());
    let closed = closed.into_iter().map(|(folder, owner)| unreachable_folder(user, owner, &folder));
    let files = by_user.into_iter().map(|(owner, paths)| finding(user, owner, &paths, sudo));
    closed.chain(files).collect()
}

/// What this process must own, since it writes it. A key file that is named may be anybody's who lets this user read it, and
/// a folder that is shared anybody's who lets this user write to it.
fn own(scene: &Scene) -> Vec<PathBuf> {
    let data = scene.data_dir();
    let key_file = data.join("master.key");
    let ledger = data.join("ledger.sqlite");
    vec![scene.accounts_file(), scene.cam_folder(), data, key_file, ledger]
}

/// The folder above `path` that cannot be entered, with its owner, where it is another user's.
pub fn closed_above(path: &Path, user: u32) -> Option<(PathBuf, u32)> {
    let folder = path.ancestors().skip(1).find(|folder| probe::stat(folder).is_ok())?;
    let owner = probe::stat(folder).ok()??.owner?;
    (owner != user).then(|| (folder.to_owned(), owner))
}

fn called(user: u32) -> String {
    probe::user_name(user).map_or_else(|| format!("user {user}"), |name| format!("`{name}` (user {user})"))
}

/// A whole folder that is closed is most likely another user's home, and is left to that user.
fn unreachable_folder(user: u32, owner: u32, folder: &Path) -> Finding {
    let shown = folder.display();
    let message = format!(
        "`{shown}` belongs to another user, {}; this process runs as {} and may not enter it",
        called(owner),
        called(user)
    );
    let name = probe::user_name(owner).unwrap_or_else(|| format!("#{owner}"));
    let mend = Mend::run(format!("sudo -u '{name}' codex-account-manager doctor")).and(format!(
        "run this program as that user, or set `HOME` or `CAM_ACCOUNTS_FILE` to a place of your own; where that folder should be \
         yours: `sudo chown {user} {}`",
        quoted(folder)
    ));
    Finding::problem(FindingKind::AnotherUser, message, mend)
}

fn finding(user: u32, owner: u32, paths: &[PathBuf], sudo: Option<u32>) -> Finding {
    let shown: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    let verb = if paths.len() == 1 { "belongs" } else { "belong" };
    let message = format!(
        "{} {verb} to another user, {}; this process runs as {}",
        shown.join(", "),
        called(owner),
        called(user)
    );
    Finding::problem(FindingKind::AnotherUser, message, mend(user, owner, paths, sudo))
}

/// Under `sudo` the files are as they should be, and it is the call that is wrong.
fn mend(user: u32, owner: u32, paths: &[PathBuf], sudo: Option<u32>) -> Mend {
    let name = |id: u32| probe::user_name(id).unwrap_or_else(|| id.to_string());
    let quoted: Vec<String> = paths.iter().map(|path| quoted(path)).collect();
    let own = format!("chown -R {} {}", name(user), quoted.join(" "));
    let is_root = user == 0;
    if is_root && sudo == Some(owner) {
        return Mend::hint(format!("run it without `sudo`; to give the files to root: `{own}`"));
    }
    let owner = probe::user_name(owner).unwrap_or_else(|| format!("#{owner}"));
    let run = if is_root { own } else { format!("sudo {own}") };
    Mend::run(run).and(format!("or run this program as their owner: `sudo -u '{owner}' codex-account-manager …`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_file_gets_its_owner_back_and_sudo_is_left_out() {
        let paths = [PathBuf::from("/a b/accounts.json"), PathBuf::from("/a b/accounts.json.cam")];
        let shown = |user, owner, sudo| serde_json::to_value(finding(user, owner, &paths, sudo)).unwrap();
        let by_root = shown(0, 4_000_000, None);
        let files = "'/a b/accounts.json' '/a b/accounts.json.cam'";
        assert_eq!(by_root["command"], format!("chown -R root {files}"));
        assert!(by_root["message"].as_str().unwrap().contains("belong to another user, user 4000000;"), "{by_root}");
        assert!(by_root["hint"].as_str().unwrap().contains("sudo -u '#4000000' codex-account-manager"), "{by_root}");
        let by_user = shown(4_000_000, 0, None);
        assert_eq!(by_user["command"], format!("sudo chown -R 4000000 {files}"));
        let by_sudo = finding(0, 65_534, &paths[..1], Some(65_534));
        assert!(by_sudo.message.contains("accounts.json` belongs to another user"), "{}", by_sudo.message);
        if probe::user_name(65_534).is_some() {
            assert_eq!(by_sudo.command, None);
            assert!(by_sudo.hint.unwrap().starts_with("run it without `sudo`"));
        }
    }
}
