//! The accounts file, and who can read and write it and the files beside it.

use std::path::{Path, PathBuf};

use super::{file_system, owner};
use crate::cli::doctor::finding::{Finding, FindingKind, Mend, quoted};
use crate::cli::doctor::probe;
use crate::cli::doctor::scene::Scene;
use crate::manager::FIRST_ACCOUNT;
use crate::secrets::master_key;

/// The modes of what only its owner reaches.
const FILE: u32 = 0o600;
const FOLDER: u32 = 0o700;

/// Whether there is one. One that cannot be read was reported when it was opened.
pub fn accounts_file(scene: &Scene) -> Vec<Finding> {
    let Some(manager) = &scene.manager else { return Vec::new() };
    let path = &manager.accounts().store().path();
    match &scene.state {
        Some(state) => vec![Finding::ok(format!("`{}`, revision {}", path.display(), state.revision))],
        None if matches!(probe::stat(path), Ok(None)) => vec![Finding::warning(
            FindingKind::AccountsFileMissing,
            format!("there is no accounts file at `{}` yet", path.display()),
            Mend::hint(FIRST_ACCOUNT),
        )],
        None => Vec::new(),
    }
}

/// Whether other users can read a file or enter a folder.
pub fn modes(scene: &Scene) -> Vec<Finding> {
    let private = private(scene);
    let shown = private.iter().filter(|(path, _)| !file_system::ignores_modes(path));
    shown.filter_map(|(path, wanted)| mode(path, *wanted)).collect()
}

/// Files and folders that nobody else may reach, with the mode each should have.
fn private(scene: &Scene) -> Vec<(PathBuf, u32)> {
    let data = &scene.data_dir();
    let mut private = vec![(scene.accounts_file(), FILE), (scene.cam_folder(), FOLDER)];
    private.extend(key_files(scene).into_iter().map(|path| (path, FILE)));
    private.push((data.join("ledger.sqlite"), FILE));
    private
}

/// The key file that is there, the one that was named and else our own, and the keys that `rekey` left beside it.
fn key_files(scene: &Scene) -> Vec<PathBuf> {
    let data = &scene.data_dir();
    let named = scene.environment.get("CAM_MASTER_KEY_FILE").map(PathBuf::from);
    let is_file = |path: &PathBuf| probe::stat(path).ok().flatten().is_some_and(|stat| !stat.is_folder);
    let first = named.into_iter().chain([data.join("master.key")]).find(is_file);
    first.into_iter().chain(master_key::other_key_files(data)).collect()
}

fn mode(path: &Path, wanted: u32) -> Option<Finding> {
    let shown = path.display();
    match probe::stat(path) {
        Ok(None) => None,
        // A folder of another user is reported once, by its owner.
        Err(_) if probe::user().is_some_and(|user| owner::closed_above(path, user).is_some()) => None,
        Err(error) => Some(Finding::problem(
            FindingKind::NotWritable,
            format!("`{shown}` cannot be reached: {error}"),
            Mend::run(format!("ls -ld {}", quoted(path))).and("check the owner and mode of the folders above it"),
        )),
        // What is there in the place of a file is reported by the check that reads it, and its mode is not ours to change.
        Ok(Some(stat)) if wanted == FILE && !stat.is_file => None,
        Ok(Some(stat)) if wanted == FOLDER && !stat.is_folder => Some(in_the_place(path, "a folder")),
        Ok(Some(stat)) => {
            let Some(mode) = stat.mode else { return access(path) };
            Some(if mode.trailing_zeros() >= 6 {
                Finding::ok(format!("`{shown}` is {mode:o}"))
            } else {
                Finding::problem(
                    FindingKind::ModeTooOpen,
                    format!("`{shown}` is {mode:o}: other users can reach it"),
                    Mend::run(format!("chmod {wanted:o} {}", quoted(path))),
                )
            })
        }
    }
}

/// The same where a list says who may reach a file.
fn access(path: &Path) -> Option<Finding> {
    let (shown, others) = (path.display(), probe::others(path).ok()??);
    Some(if others.is_empty() {
        Finding::ok(format!("`{shown}` is yours alone"))
    } else {
        Finding::problem(
            FindingKind::ModeTooOpen,
            format!("`{shown}` can be reached by {}", others.join(" and ")),
            probe::closing(path).map_or_else(|| Mend::hint("remove them from its list of permissions"), Mend::run),
        )
    })
}

/// Nothing can be written there.
fn in_the_place(path: &Path, of: &str) -> Finding {
    Finding::problem(
        FindingKind::NotWritable,
        format!("nothing can be changed: `{}` is not {of}", path.display()),
        Mend::run(format!("mv {0} {0}.moved", quoted(path))).and("the next change makes a new one"),
    )
}

/// Where something else has the name of the data folder, or of the lock of the accounts file.
pub fn in_the_way(scene: &Scene) -> Vec<Finding> {
    let (data, lock) = (scene.data_dir(), scene.cam_folder().join("lock"));
    let found = |path: &Path| probe::stat(path).ok().flatten();
    let data = found(&data).filter(|stat| !stat.is_folder).map(|_| in_the_place(&data, "a folder"));
    let lock = found(&lock).filter(|stat| !stat.is_file).map(|_| in_the_place(&lock, "a file"));
    data.into_iter().chain(lock).collect()
}

/// A change is a new file beside the old one, so it is the folders that must be writable.
pub fn unwritable(scene: &Scene) -> Vec<Finding> {
    let (file, folder) = (scene.accounts_file(), scene.cam_folder());
    // What has the name of one is reported apart.
    let exists = |folder: &&Path| matches!(probe::stat(folder), Ok(Some(stat)) if stat.is_folder);
    let data = scene.data_dir();
    let folders = [file.parent(), Some(folder.as_path()), Some(data.as_path())];
    let folders = folders.into_iter().flatten().filter(exists);
    let closed = folders.filter_map(|folder| Some((folder, probe::writable(folder).err()?)));
    closed
        .map(|(folder, error)| {
            Finding::problem(
                FindingKind::NotWritable,
                format!("nothing can be changed: `{}` is not writable: {error}", folder.display()),
                Mend::run(format!("chmod u+wx {}", quoted(folder)))
                    .and("where another user owns it, or it is mounted read-only, change that instead"),
            )
        })
        .collect()
}
