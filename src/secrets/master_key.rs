//! The master key: found in the first source that fits the file, derived once per process, kept in memory that is
//! zeroed on drop. There is never a built-in key.

mod awaited;
mod key_file;
mod material;
mod named_file;
mod replacement;
mod seal_block;
mod sources;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use key_file::other_key_files;
use material::Material;
use named_file::NamedFile;
pub use named_file::without_waiting;
pub use replacement::{NewKey, Replacement};
pub use seal_block::SealBlock;
use sources::Found;
pub use sources::{KeyFolders, KeySources};

use crate::secrets::Secret;
use crate::secrets::cipher::MasterKey;

/// Wrong passphrases remembered, so that each costs Argon2 once.
const MAX_REFUSED: usize = 16;

/// Where a key came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// `masterKey` of the `initializationOptions`.
    Explicit,
    /// `CAM_MASTER_KEY`.
    Variable,
    /// `CAM_MASTER_KEY_FILE`.
    VariableFile,
    /// `master.key` in the data directory.
    KeyFile,
    /// A key beside it, which was the key file's before or is to become it, or one of another folder.
    OtherKeyFile,
}

impl fmt::Display for KeySource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            KeySource::Explicit => "`masterKey`",
            KeySource::Variable => "`CAM_MASTER_KEY`",
            KeySource::VariableFile => "`CAM_MASTER_KEY_FILE`",
            KeySource::KeyFile => "the key file",
            KeySource::OtherKeyFile => "the other key files",
        })
    }
}

/// Why a secret cannot be sealed or opened. No variant holds any part of one.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is sealed and no source has a key.
    #[error("the accounts file is sealed and there is no master key")]
    Missing {
        /// Where the key file would be.
        key_file: PathBuf,
    },
    /// There are keys, and none is the one that sealed the file.
    #[error("the master key from {} is not the one that sealed the accounts file", list(tried))]
    Wrong {
        /// The sources that had a key.
        tried: Vec<KeySource>,
    },
    /// One sealed value cannot be opened though the key is right.
    #[error("`{field}` of account `{account}` is damaged or was copied from another account")]
    Damaged {
        /// The account's id.
        account: String,
        /// The JSON name of the field.
        field: &'static str,
    },
    /// A later version of this program sealed the value.
    #[error("`{field}` of account `{account}` was sealed by a newer version of this program")]
    Newer {
        /// The account's id.
        account: String,
        /// The JSON name of the field.
        field: &'static str,
    },
    /// The file's `seal` block cannot be used.
    #[error("the `seal` block of the accounts file cannot be used: {reason}")]
    DamagedSeal {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A source is set and cannot be read.
    #[error("cannot read the master key from `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No key file could be made.
    #[error("cannot create the key file `{}`: {source}", path.display())]
    Uncreatable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gave no random bytes.
    #[error("the system returned no random numbers")]
    NoRandomness,
}

impl KeyError {
    /// What to do.
    pub fn hint(&self) -> String {
        let fixed = match self {
            KeyError::Missing { key_file } => {
                return format!(
                    "set `CAM_MASTER_KEY` or `CAM_MASTER_KEY_FILE`, or put the key file back at `{}`",
                    key_file.display()
                );
            }
            KeyError::Wrong { .. } => "set `CAM_MASTER_KEY` or `CAM_MASTER_KEY_FILE` to that one",
            KeyError::Damaged { .. } => "log in again or set the key again",
            KeyError::Newer { .. } => "update codex-account-manager",
            KeyError::DamagedSeal { .. } => {
                "restore the file from a backup or from `previous.json` in its `.cam` folder"
            }
            KeyError::Unreadable { source, .. } => advice(source),
            KeyError::Uncreatable { .. } => "set `CAM_MASTER_KEY` or make the folder writable",
            KeyError::NoRandomness => "try again",
        };
        fixed.to_owned()
    }

    /// The message with what to do, where there is one line for both.
    pub fn with_hint(&self) -> String {
        format!("{self}; {}", self.hint())
    }

    fn unreadable(path: &Path, source: io::Error) -> KeyError {
        KeyError::Unreadable { path: path.to_owned(), source }
    }
}

/// What to do about a key that cannot be read.
fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => "check the file's owner and mode",
        io::ErrorKind::NotFound => "check `CAM_MASTER_KEY_FILE`",
        io::ErrorKind::TimedOut => "check what `CAM_MASTER_KEY_FILE` names and what writes to it",
        _ => "put the key there as a file of one line, or set `CAM_MASTER_KEY_FILE` to one",
    }
}

fn list(sources: &[KeySource]) -> String {
    let mut named: Vec<String> = sources.iter().map(KeySource::to_string).collect();
    named.dedup();
    named.join(" and ")
}

/// What is known about the key without deriving it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// The key is at hand, or nothing is sealed.
    Unlocked,
    /// No source has a key.
    Missing,
    /// Every source's key was tried and refused.
    Wrong,
    /// There is a passphrase that was not derived yet, or a source that has not said what it holds.
    Untested,
}

/// The sources, and what was learned from them. One per process and accounts file.
pub struct Keyring {
    sources: KeySources,
    named_file: NamedFile,
    known: Mutex<Known>,
    /// Held during Argon2, so that two callers do not both pay for it; `known` is never held that long.
    deriving: Mutex<()>,
}

#[derive(Default)]
struct Known {
    unlocked: Option<Unlocked>,
    refused: Vec<(SealBlock, Secret<String>)>,
}

/// The key that opens the file.
struct Unlocked {
    seal: SealBlock,
    key: Arc<MasterKey>,
    source: KeySource,
    folder: Option<PathBuf>,
}

impl Keyring {
    /// Reads nothing yet.
    pub fn new(sources: KeySources) -> Keyring {
        Keyring { sources, named_file: NamedFile::default(), known: Mutex::default(), deriving: Mutex::default() }
    }

    /// The key file's path.
    pub fn key_file(&self) -> PathBuf {
        self.sources.key_file()
    }

    /// Where the key with this id is kept for as long as something may be sealed with it.
    pub fn file_of(&self, key_id: &str) -> PathBuf {
        self.sources.file_of(key_id)
    }

    /// What is known about the key of `seal`. Raw keys are checked at once; Argon2 never runs here, and no pipe is waited for.
    pub fn state(&self, seal: Option<&SealBlock>) -> KeyState {
        let Some(seal) = seal else { return KeyState::Unlocked };
        if self.unlocked(seal).is_some() {
            return KeyState::Unlocked;
        }
        let search = self.sources.find(&self.named_file, false);
        let mut state = match (search.is_whole, search.found.is_empty()) {
            (false, _) => KeyState::Untested,
            (true, true) => KeyState::Missing,
            (true, false) => KeyState::Wrong,
        };
        for candidate in search.found {
            if self.is_refused(seal, &candidate) {
                continue;
            }
            match candidate.material() {
                Material::Raw(_) => {
                    if let Ok(Some(_)) = self.attempt(seal, &candidate) {
                        return KeyState::Unlocked;
                    }
                }
                Material::Passphrase(_) if seal.kdf == "none" => {}
                Material::Passphrase(_) => state = KeyState::Untested,
            }
        }
        state
    }

    /// The key of `seal`, from the first source that passes its check. May take Argon2's time once.
    ///
    /// # Errors
    ///
    /// [`KeyError::Missing`], [`KeyError::Wrong`], [`KeyError::DamagedSeal`] or [`KeyError::Unreadable`].
    pub fn unlock(&self, seal: &SealBlock) -> Result<Arc<MasterKey>, KeyError> {
        if let Some(key) = self.unlocked(seal) {
            return Ok(key);
        }
        // A pipe may take a minute, and nobody is to wait for that here who need not.
        let sources::Search { found, failure, .. } = self.sources.find(&self.named_file, true);
        let _deriving = self.deriving.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = self.unlocked(seal) {
            return Ok(key);
        }
        for candidate in &found {
            if !self.is_refused(seal, candidate)
                && let Some(key) = self.attempt(seal, candidate)?
            {
                return Ok(key);
            }
        }
        match failure {
            _ if !found.is_empty() => Err(KeyError::Wrong { tried: found.iter().map(|found| found.source).collect() }),
            Some(failure) => Err(failure),
            None => Err(KeyError::Missing { key_file: self.sources.key_file() }),
        }
    }

    /// Waits until the file that is named for the key has said what it holds, which may be a pipe that a person writes to.
    pub fn wait(&self) {
        // Whoever needs the key learns what is wrong with it.
        let _ = self.sources.find(&self.named_file, true);
    }

    /// Where the key of `seal` comes from. May take Argon2's time once.
    ///
    /// # Errors
    ///
    /// Those of [`Keyring::unlock`].
    pub fn source(&self, seal: &SealBlock) -> Result<KeySource, KeyError> {
        self.unlock(seal)?;
        let known = self.known();
        Ok(known.unlocked.as_ref().map_or(KeySource::KeyFile, |unlocked| unlocked.source))
    }

    /// The folder of the key file that the key of `seal` came from, as far as that is known without deriving it.
    pub fn key_folder(&self, seal: &SealBlock) -> Option<PathBuf> {
        self.state(Some(seal));
        self.known().unlocked.as_ref().filter(|unlocked| unlocked.seal == *seal)?.folder.clone()
    }

    /// A key and a `seal` block for a file that has none, from the first source that is set; with none set, a
    /// random key file is made.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unreadable`], [`KeyError::Uncreatable`] or [`KeyError::NoRandomness`].
    pub fn create(&self) -> Result<(SealBlock, Arc<MasterKey>), KeyError> {
        let sources::Search { mut found, failure, .. } = self.sources.find(&self.named_file, true);
        let _deriving = self.deriving.lock().unwrap_or_else(PoisonError::into_inner);
        // Those were replaced for a reason.
        found.retain(|found| found.source != KeySource::OtherKeyFile);
        let first = match (found.into_iter().next(), failure) {
            (Some(first), None) => first,
            (Some(first), Some(_)) if first.source != KeySource::KeyFile => first,
            // A source that is set and cannot be read must not be passed over in silence: the next start, when it
            // can be read, would find a file sealed with another key.
            (_, Some(failure)) => return Err(failure),
            (None, None) => self.sources.create_key_file()?,
        };
        let (seal, key) = SealBlock::create(&first.material())?;
        let key = Arc::new(key);
        self.known().unlocked =
            Some(Unlocked { seal: seal.clone(), key: Arc::clone(&key), source: first.source, folder: first.folder });
        Ok((seal, key))
    }

    fn attempt(&self, seal: &SealBlock, candidate: &Found) -> Result<Option<Arc<MasterKey>>, KeyError> {
        let key = seal.derive(&candidate.material())?.filter(|key| seal.accepts(key)).map(Arc::new);
        let mut known = self.known();
        if let Some(key) = &key {
            let folder = candidate.folder.clone();
            known.unlocked =
                Some(Unlocked { seal: seal.clone(), key: Arc::clone(key), source: candidate.source, folder });
        } else {
            if known.refused.len() >= MAX_REFUSED {
                known.refused.remove(0);
            }
            known.refused.push((seal.clone(), candidate.text.clone()));
        }
        Ok(key)
    }

    fn unlocked(&self, seal: &SealBlock) -> Option<Arc<MasterKey>> {
        self.known().unlocked.as_ref().filter(|known| known.seal == *seal).map(|known| Arc::clone(&known.key))
    }

    fn is_refused(&self, seal: &SealBlock, candidate: &Found) -> bool {
        self.known().refused.iter().any(|(known, text)| known == seal && *text == candidate.text)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
