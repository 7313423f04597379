//! Where the ledger and the key file of an accounts file are. Programs that share the file may each have their own idea of it:
//! a snap and a flatpak set `XDG_DATA_HOME` for everything they start. So the folder of the first one is noted beside the locks.
//! The note only says where to look: what cannot be read, is not there on this machine or belongs to somebody else is no folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::replace::Places;
use crate::files;
use crate::paths::{DataDir, Paths};
use crate::secrets::master_key::KeyFolders;

/// So many are noted: a container, another machine and a folder that was moved have one each.
const MOST: usize = 8;

/// No note is longer.
const MAX_NOTE_BYTES: u64 = 64 * 1024;

/// The name of the note, and of the next one while it is written.
const NOTE: [&str; 2] = ["data-folders.json", "data-folders.next"];

/// The folders of one accounts file. Clones are cheap.
#[derive(Clone, Debug)]
pub struct DataFolders(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The `.cam` folder.
    beside: PathBuf,
    own: DataDir,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Note {
    data_folders: Vec<PathBuf>,
}

impl DataFolders {
    /// Those of the accounts file at `paths`. Reads and makes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] when a folder on the way to the accounts file cannot be searched.
    pub fn new(paths: &Paths) -> Result<DataFolders, StoreError> {
        let beside = Places::resolve(&paths.accounts_file)?.folder;
        Ok(DataFolders(Arc::new(Inner { beside, own: paths.data.clone() })))
    }

    /// Where the ledger is and new keys are made.
    pub fn home(&self) -> PathBuf {
        let own = &self.0.own;
        if own.is_given {
            return own.path.clone();
        }
        let noted = self.noted().into_iter().find(|folder| files::is_own_folder(folder));
        // What was in use before there was a note.
        let in_use = || own.all().find(|folder| files::is_own_folder(folder) && folder.join("master.key").exists());
        let possible = || own.all().find(|folder| files::can_be_made(folder));
        noted.or_else(in_use).or_else(possible).unwrap_or_else(|| own.path.clone())
    }

    /// The folder that the other programs with this accounts file use, when `CAM_DATA_DIR` names another one for this process.
    pub fn overridden(&self) -> Option<PathBuf> {
        let own = &self.0.own;
        let noted = self.noted().into_iter().find(|folder| files::is_own_folder(folder))?;
        (own.is_given && real(&own.path) != real(&noted)).then_some(noted)
    }

    /// The folders of the note when none of them can be used here.
    pub fn elsewhere(&self) -> Vec<PathBuf> {
        let noted = self.noted();
        if noted.iter().any(|folder| files::is_own_folder(folder)) { Vec::new() } else { noted }
    }

    /// Whether no folder is noted at all.
    pub(super) fn is_without_note(&self) -> bool {
        self.noted().is_empty()
    }

    /// Notes [`DataFolders::home`], unless a folder is noted that can be used here, and the one that the key in use came from.
    /// The caller holds the file's lock. A note that cannot be written is none: every program then goes by what it has.
    pub(super) fn remember(&self, with_key: Option<PathBuf>) {
        let noted = self.noted();
        let mut added: Vec<PathBuf> = Vec::new();
        if !noted.iter().any(|folder| files::is_own_folder(folder)) {
            let home = self.home();
            // Only what is there can be followed.
            if files::make_folder(&home).is_ok() {
                added.push(home);
            }
        }
        added.extend(with_key);
        // What is of no use here may be of use where another program runs.
        let mut kept = noted.clone();
        for folder in added.iter().map(|folder| real(folder)) {
            if files::is_own_folder(&folder) && folder.to_str().is_some() && !kept.contains(&folder) {
                kept.push(folder);
            }
        }
        // The oldest of those that are of no use here make room.
        while kept.len() > MOST {
            let gone = kept.iter().position(|folder| !files::is_own_folder(folder)).unwrap_or(MOST);
            kept.remove(gone);
        }
        if kept != noted
            && let Err(error) = self.write(kept)
        {
            tracing::debug!("the data folder is not noted: {error}");
        }
    }

    fn write(&self, data_folders: Vec<PathBuf>) -> std::io::Result<()> {
        let [path, next] = NOTE.map(|name| self.0.beside.join(name));
        let note = serde_json::to_vec(&Note { data_folders })?;
        files::remove(&next)?;
        files::write_new(&next, &note)?;
        files::rename(&next, &path)
    }

    /// The folders of the note, whatever became of them.
    fn noted(&self) -> Vec<PathBuf> {
        let path = self.0.beside.join(NOTE[0]);
        let note = files::read_own(&path, MAX_NOTE_BYTES).and_then(|note| serde_json::from_slice::<Note>(&note).ok());
        let mut folders = note.unwrap_or_default().data_folders;
        folders.retain(|folder| folder.is_absolute());
        folders.truncate(MOST);
        folders
    }
}

impl KeyFolders for DataFolders {
    /// The key check says which key fits, so every folder is looked into that may have one.
    fn folders(&self) -> Vec<PathBuf> {
        let noted = self.noted().into_iter().filter(|folder| files::is_own_folder(folder));
        let mut folders: Vec<PathBuf> = vec![self.home()];
        for folder in noted.chain(self.0.own.all()) {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }
}

/// The path with every link resolved, where it leads anywhere.
fn real(path: &Path) -> PathBuf {
    files::real_path(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests;
