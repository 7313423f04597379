//! Second names and copies of the accounts file: each of them holds the accounts as they were once.

use std::path::Path;

use crate::cli::doctor::finding::{Finding, FindingKind, Mend, quoted};
use crate::cli::doctor::probe;
use crate::cli::doctor::scene::Scene;

/// A file with two names keeps only one of them up to date: every change puts a new file in the place of one.
pub fn hard_links(scene: &Scene) -> Vec<Finding> {
    let file = scene.accounts_file();
    let stat = probe::stat(&file).ok().flatten().filter(|stat| stat.is_file);
    let names = stat.map_or(1, |stat| stat.names);
    // The state before the last write may be the file itself, as after `rekey`: the next write takes that name away.
    let own = ["previous.json", "previous.next", "next.json"].map(|name| scene.cam_folder().join(name));
    let names = names.saturating_sub(own.iter().filter(|name| probe::is_same_file(name, &file)).count() as u64);
    if names < 2 {
        return Vec::new();
    }
    let folder = file.parent().unwrap_or(&file);
    vec![Finding::warning(
        FindingKind::HardLink,
        format!("`{}` has {names} names (hard links); the next change is seen under this name alone", file.display()),
        Mend::run(format!("find {} -xdev -samefile {}", quoted(folder), quoted(&file)))
            .and("remove the other names, or use a symbolic link in their place"),
    )]
}

/// A file that is older than the state before the last write was put back by somebody.
pub fn older_copy(scene: &Scene) -> Vec<Finding> {
    let Some((manager, state)) = scene.pool() else { return Vec::new() };
    let Some(previous) = manager.accounts().store().previous() else { return Vec::new() };
    if previous.store_id != state.store_id || previous.revision <= state.revision {
        return Vec::new();
    }
    let kept = scene.cam_folder().join("previous.json");
    vec![Finding::warning(
        FindingKind::OlderCopy,
        format!(
            "the accounts file has revision {}, and revision {} was written before: an older copy was put back",
            state.revision, previous.revision
        ),
        Mend::run(format!("codex-account-manager import --dry-run {}", quoted(&kept)))
            .and("this shows what the newer state has beside it; without `--dry-run` it is added"),
    )]
}

/// What a program that synchronises files left beside the accounts file.
pub fn conflicts(scene: &Scene) -> Vec<Finding> {
    let file = scene.accounts_file();
    let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let copies = probe::names(folder).into_iter().filter(|other| is_conflict(other, name));
    copies.map(|copy| conflict(&folder.join(copy))).collect()
}

fn conflict(path: &Path) -> Finding {
    Finding::warning(
        FindingKind::ConflictCopy,
        format!("`{}` is a second copy that a program left; it is not used", path.display()),
        Mend::run(format!("codex-account-manager import --dry-run {}", quoted(path))).and(
            "import it if it has accounts that are missing, then remove it; keep this folder out of synchronisation",
        ),
    )
}

/// Whether `other` is what Dropbox, Syncthing, Nextcloud, Google Drive, iCloud, `OneDrive`, Resilio or Seafile calls a second
/// copy of the file `name`.
fn is_conflict(other: &str, name: &str) -> bool {
    let (stem, ending) = name.rsplit_once('.').map_or((name, ""), |(stem, ending)| (stem, ending));
    let middle = other.strip_prefix(stem).and_then(|rest| {
        let rest = rest.strip_suffix(ending)?;
        if ending.is_empty() { Some(rest) } else { rest.strip_suffix('.') }
    });
    let Some(middle) = middle.filter(|middle| !middle.is_empty()) else { return false };
    let lower = middle.to_lowercase();
    let numbered = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit());
    lower.contains("conflict")
        || middle.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')')).is_some_and(numbered)
        || middle.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).is_some_and(numbered)
        || middle.strip_prefix(' ').is_some_and(numbered)
        // OneDrive appends the name of the machine.
        || middle.strip_prefix('-').is_some_and(|machine| {
            machine.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_programs_that_synchronise_are_known_by_their_names() {
        let name = "openai-codex-accounts.json";
        for (other, expected) in [
            ("openai-codex-accounts (Ann's conflicted copy 2026-11-29).json", true),
            ("openai-codex-accounts.sync-conflict-20261129-120000-ABCDEFG.json", true),
            ("openai-codex-accounts (conflicted copy 2026-11-29 120000).json", true),
            ("openai-codex-accounts (SFConflict ann@example.com 2026-11-29).json", true),
            ("openai-codex-accounts.Conflict.json", true),
            ("openai-codex-accounts (1).json", true),
            ("openai-codex-accounts(2).json", true),
            ("openai-codex-accounts 2.json", true),
            ("openai-codex-accounts-DESKTOP-4F.json", true),
            ("openai-codex-accounts.json", false),
            ("openai-codex-accounts.json.cam", false),
            ("openai-codex-accounts.json.reset-1700000000000", false),
            ("openai-codex-auth-config.json", false),
            ("opencode.json", false),
        ] {
            assert_eq!(is_conflict(other, name), expected, "{other}");
        }
        assert!(is_conflict("accounts (1)", "accounts") && !is_conflict("accounts.cam", "accounts"));
    }
}
