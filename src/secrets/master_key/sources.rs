//! Where a master key may come from, in order of precedence, and the key file that is made when there is none.
#![expect(clippy::disallowed_methods, reason = "this file wraps the key file")]

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::key_file::{key_file, other_key_files, read_key, sync_folder_of, write_key};
use super::material::{Material, random_hex, without_newline};
use super::named_file::{NamedFile, Said};
use super::{KeyError, KeySource};
use crate::files;
use crate::secrets::Secret;

/// The places a master key is looked for, first to last.
#[derive(Clone, Debug)]
pub struct KeySources {
    /// `masterKey` of the `initializationOptions`.
    pub explicit: Option<Secret<String>>,
    /// `CAM_MASTER_KEY`.
    pub variable: Option<Secret<String>>,
    /// `CAM_MASTER_KEY_FILE`.
    pub variable_file: Option<PathBuf>,
    /// The data directories; the key file is `master.key` in the first.
    pub folders: Arc<dyn KeyFolders>,
}

/// Where key files are.
pub trait KeyFolders: fmt::Debug + Send + Sync {
    /// The folders, which may change as programs learn of each other; a new key file is made in the first.
    fn folders(&self) -> Vec<PathBuf>;
}

impl KeyFolders for PathBuf {
    fn folders(&self) -> Vec<PathBuf> {
        vec![self.clone()]
    }
}

/// The text of one source.
#[derive(Clone)]
pub(super) struct Found {
    pub source: KeySource,
    pub text: Secret<String>,
    /// The folder of the key file that it came from.
    pub folder: Option<PathBuf>,
}

/// What a look at the sources found.
pub(super) struct Search {
    /// In order of precedence.
    pub found: Vec<Found>,
    /// Why the first one that cannot be read cannot.
    pub failure: Option<KeyError>,
    /// No source is still to say what it holds.
    pub is_whole: bool,
}

impl Found {
    pub(super) fn new(source: KeySource, text: &str) -> Option<Found> {
        let text = without_newline(text);
        (!text.is_empty()).then(|| Found { source, text: Secret::new(text.to_owned()), folder: None })
    }

    pub(super) fn material(&self) -> Material {
        Material::of(&self.text)
    }
}

impl KeySources {
    /// The key file's path.
    pub fn key_file(&self) -> PathBuf {
        key_file(&self.home())
    }

    /// The folder of new key files.
    pub(super) fn home(&self) -> PathBuf {
        self.folders.folders().into_iter().next().unwrap_or_default()
    }

    /// Every source that is set. A caller that does not wait is answered without those that are slow.
    pub(super) fn find(&self, named: &NamedFile, may_wait: bool) -> Search {
        let mut found = Vec::new();
        let mut failure = None;
        let mut is_whole = true;
        found.extend(self.explicit.as_ref().and_then(|text| Found::new(KeySource::Explicit, text.expose())));
        found.extend(self.variable.as_ref().and_then(|text| Found::new(KeySource::Variable, text.expose())));
        if let Some(path) = self.variable_file.as_deref().filter(|path| !path.as_os_str().is_empty()) {
            match named.read(path, may_wait) {
                Said::Text(text) => found.extend(Found::new(KeySource::VariableFile, text.expose())),
                Said::NotYet => is_whole = false,
                Said::Failed(source) => failure = Some(KeyError::unreadable(path, source)),
            }
        }
        match self.key_files() {
            Ok(files) => found.extend(files),
            Err(error) => failure = failure.or(Some(error)),
        }
        Search { found, failure, is_whole }
    }

    /// The keys of every folder. What cannot be read elsewhere than in the first opens nothing.
    fn key_files(&self) -> Result<Vec<Found>, KeyError> {
        let folders = self.folders.folders();
        let Some((home, elsewhere)) = folders.split_first() else { return Ok(Vec::new()) };
        let here = keys_of(home);
        let mut found: Vec<Found> = Vec::new();
        let others = elsewhere.iter().filter_map(|folder| keys_of(folder).ok()).flatten();
        let others = others.map(|each| Found { source: KeySource::OtherKeyFile, ..each });
        for each in here.as_ref().into_iter().flatten().cloned().chain(others) {
            if !found.iter().any(|other| other.text == each.text) {
                found.push(each);
            }
        }
        match here {
            // The key may be elsewhere all the same.
            Err(error) if found.is_empty() => Err(error),
            Ok(_) | Err(_) => Ok(found),
        }
    }

    /// The keys beside the key file.
    pub(super) fn other_key_files(&self) -> Vec<PathBuf> {
        other_key_files(&self.home())
    }

    /// Where the key with this id is kept for as long as something may be sealed with it.
    pub(super) fn file_of(&self, key_id: &str) -> PathBuf {
        self.home().join(format!("master.key.{key_id}"))
    }

    /// A name for a key file that is being written; it is not looked at.
    pub(super) fn unfinished(&self, id: &str) -> PathBuf {
        self.home().join(format!("master.key.new-{id}"))
    }

    /// Makes a random key file, readable by its owner alone, and returns what it holds. When another process was
    /// faster, its key is the one.
    pub(super) fn create_key_file(&self) -> Result<Found, KeyError> {
        let path = self.key_file();
        let failed = |source| KeyError::Uncreatable { path: path.clone(), source };
        files::make_folder(&self.home()).map_err(failed)?;
        let key = Zeroizing::new(random_hex::<32>()?);
        let unfinished = self.unfinished(&random_hex::<6>()?);
        let placed = place(&unfinished, &path, &key);
        let _ = fs::remove_file(&unfinished);
        placed.map_err(failed)?;
        let text = read_key(&path).map_err(failed)?;
        let found = Found::new(KeySource::KeyFile, &text).ok_or_else(|| failed(io::ErrorKind::UnexpectedEof.into()))?;
        Ok(Found { folder: path.parent().map(Path::to_owned), ..found })
    }
}

/// What the key file of `folder` holds, and then the other keys there. While a key is replaced it has two names, one after the
/// other, so the key file is read before and after the others: then none is missed.
fn keys_of(folder: &Path) -> Result<Vec<Found>, KeyError> {
    let read = |path: &Path| match read_key(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(KeyError::unreadable(path, source)),
    };
    let before = read(&key_file(folder))?;
    let others = other_key_files(folder);
    // One that cannot be read opens nothing; the key that is missed then is reported as missing or wrong.
    let others: Vec<_> = others.iter().filter_map(|path| read(path).ok().flatten()).collect();
    let after = if others.is_empty() && before.is_some() { None } else { read(&key_file(folder))? };
    let mut found: Vec<Found> = Vec::new();
    let own = after.into_iter().chain(before).map(|text| (KeySource::KeyFile, text));
    for (source, text) in own.chain(others.into_iter().map(|text| (KeySource::OtherKeyFile, text))) {
        if let Some(each) = Found::new(source, &text)
            && !found.iter().any(|other| other.text == each.text)
        {
            found.push(Found { folder: Some(folder.to_owned()), ..each });
        }
    }
    Ok(found)
}

/// A link appears whole or not at all and never replaces a key; only an empty leftover is replaced.
fn place(unfinished: &Path, path: &Path, key: &str) -> io::Result<()> {
    write_key(unfinished, key)?;
    match fs::hard_link(unfinished, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if read_key(path)?.trim().is_empty() {
                files::rename(unfinished, path)?;
            }
        }
        Err(_) if !path.try_exists()? => files::rename(unfinished, path)?,
        Err(error) => return Err(error),
    }
    sync_folder_of(path)
}
