//! A new master key in the place of the present one. No key file is ever overwritten or removed before another name
//! holds its content: other accounts files of this folder, exports and backups may be sealed with it.
#![expect(clippy::disallowed_methods, reason = "this file wraps the replacement of the key file")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::key_file::{is_key_id, read_key, sync_folder_of, write_key};
use super::material::{random_hex, without_newline};
use super::sources::Found;
use super::{KeyError, KeySource, Keyring, SealBlock, Unlocked};
use crate::files;
use crate::secrets::Secret;
use crate::secrets::cipher::MasterKey;

/// Which key is to be the new one.
#[derive(Clone, Debug)]
pub enum NewKey {
    /// A random one, kept in the key file.
    Random,
    /// A passphrase or 64 hexadecimal digits, kept by the person.
    Given(Secret<String>),
}

/// A new key that nothing is sealed with yet.
pub struct Replacement {
    /// How secrets are sealed with it.
    pub seal: SealBlock,
    /// The key.
    pub key: Arc<MasterKey>,
    source: KeySource,
    /// What the key file is to hold.
    text: Option<Zeroizing<String>>,
}

impl Replacement {
    /// Whether the key is to be kept in a file of ours.
    pub fn has_file(&self) -> bool {
        self.text.is_some()
    }
}

impl Keyring {
    /// Makes the new key and its `seal` block; writes nothing. A passphrase takes Argon2's time.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoRandomness`], also for a text that is empty.
    pub fn replacement(&self, new: &NewKey) -> Result<Replacement, KeyError> {
        let (source, text) = match new {
            NewKey::Random => (KeySource::KeyFile, Secret::new(random_hex::<32>()?)),
            NewKey::Given(text) => (KeySource::Explicit, text.clone()),
        };
        let found = Found::new(source, text.expose()).ok_or(KeyError::NoRandomness)?;
        let (seal, key) = SealBlock::create(&found.material())?;
        let text = (source == KeySource::KeyFile).then(|| Zeroizing::new(text.expose().clone()));
        Ok(Replacement { seal, key: Arc::new(key), source, text })
    }

    /// Whether `text` is the key of `seal`. A passphrase takes Argon2's time.
    ///
    /// # Errors
    ///
    /// [`KeyError::DamagedSeal`].
    pub fn is_key_of(&self, seal: &SealBlock, text: &Secret<String>) -> Result<bool, KeyError> {
        let Some(found) = Found::new(KeySource::Explicit, text.expose()) else { return Ok(false) };
        Ok(seal.derive(&found.material())?.is_some_and(|key| seal.accepts(&key)))
    }

    /// Keeps the new key beside the key file, where it is found from now on; on the disk when this returns. To be
    /// done before anything is sealed with it on the disk.
    ///
    /// # Errors
    ///
    /// [`KeyError::Uncreatable`].
    pub fn keep(&self, new: &Replacement) -> Result<(), KeyError> {
        let Some(text) = &new.text else { return Ok(()) };
        let path = self.sources.file_of(&new.seal.key_id);
        files::make_folder(&self.sources.home())
            .and_then(|()| write_key(&path, text))
            .and_then(|()| sync_folder_of(&path))
            .map_err(|source| KeyError::Uncreatable { path, source })
    }

    /// The file is sealed with the new key now: uses it from here on, and makes it the key file's, after another name
    /// was given to what is there. Where the key before is kept, when it was in the key file.
    ///
    /// # Errors
    ///
    /// [`KeyError::Uncreatable`] when the key file could not be exchanged. The new key is found all the same.
    pub fn adopt(&self, new: &Replacement, old_key_id: Option<&str>) -> Result<Option<PathBuf>, KeyError> {
        self.known().unlocked = Some(Unlocked {
            seal: new.seal.clone(),
            key: Arc::clone(&new.key),
            source: new.source,
            folder: new.text.is_some().then(|| self.sources.home()),
        });
        if new.text.is_none() {
            return Ok(None);
        }
        let path = self.sources.key_file();
        let failed = |source| KeyError::Uncreatable { path: path.clone(), source };
        let earlier = match read_key(&path) {
            Ok(text) => self.set_aside(&path, &text, old_key_id)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let unfinished = self.sources.unfinished(&new.seal.key_id);
        let done = name_twice(&self.sources.file_of(&new.seal.key_id), &unfinished)
            .and_then(|()| files::rename(&unfinished, &path))
            .and_then(|()| sync_folder_of(&path));
        // Renaming one name of a file over another of the same file leaves both.
        let _ = fs::remove_file(&unfinished);
        done.map_err(failed)?;
        Ok(earlier)
    }

    /// Removes what was left of making the key with this id the key file's; the key itself too unless something
    /// `is_sealed` with it.
    pub fn clean_up(&self, key_id: &str, is_sealed: bool) {
        if is_key_id(key_id) {
            let _ = fs::remove_file(self.sources.unfinished(key_id));
            if !is_sealed {
                let _ = fs::remove_file(self.sources.file_of(key_id));
            }
        }
    }

    /// Gives the content of the key file a second name, unless it has one; `None` for an empty one.
    fn set_aside(&self, path: &Path, text: &str, key_id: Option<&str>) -> Result<Option<PathBuf>, KeyError> {
        let text = without_newline(text);
        if text.is_empty() {
            return Ok(None);
        }
        let others = self.sources.other_key_files();
        let holds = |other: &&PathBuf| read_key(other).is_ok_and(|content| without_newline(&content) == text);
        if let Some(other) = others.iter().find(holds) {
            return Ok(Some(other.clone()));
        }
        let named = key_id.filter(|id| is_key_id(id)).map(|id| self.sources.file_of(id)).filter(|path| !path.exists());
        let earlier = match named {
            Some(path) => path,
            None => self.sources.file_of(&random_hex::<6>()?),
        };
        name_twice(path, &earlier)
            .and_then(|()| sync_folder_of(&earlier))
            .map_err(|source| KeyError::Uncreatable { path: earlier.clone(), source })?;
        Ok(Some(earlier))
    }
}

/// Another name for the key in `path`, or a copy where links are refused.
fn name_twice(path: &Path, other: &Path) -> io::Result<()> {
    if fs::hard_link(path, other).is_ok() {
        return Ok(());
    }
    write_key(other, without_newline(&read_key(path)?))
}
