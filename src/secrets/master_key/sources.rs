//! Where a master key may come from, in order of precedence, and the key file that is made when there is none.
#![expect(clippy::disallowed_methods, reason = "this file wraps the key file")]

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::seal_block::random_hex;
use super::{KeyError, KeySource};
use crate::secrets::Secret;

/// No passphrase is longer than this, in bytes.
const MAX_KEY_BYTES: u64 = 64 * 1024;

/// The places a master key is looked for, first to last.
#[derive(Clone, Debug)]
pub struct KeySources {
    /// `masterKey` of the `initializationOptions`.
    pub explicit: Option<Secret<String>>,
    /// `CAM_MASTER_KEY`.
    pub variable: Option<Secret<String>>,
    /// `CAM_MASTER_KEY_FILE`.
    pub variable_file: Option<PathBuf>,
    /// The data directory; the key file is `master.key` in it.
    pub data_dir: PathBuf,
}

/// The text of one source.
#[derive(Clone)]
pub(super) struct Found {
    pub source: KeySource,
    pub text: Secret<String>,
}

/// What a source's text means.
pub(super) enum Material {
    /// 64 hexadecimal digits: the key itself.
    Raw(Zeroizing<[u8; 32]>),
    /// Anything else.
    Passphrase(Secret<String>),
}

impl Found {
    fn new(source: KeySource, text: &str) -> Option<Found> {
        let text = text.trim_end_matches(['\r', '\n']);
        (!text.is_empty()).then(|| Found { source, text: Secret::new(text.to_owned()) })
    }

    pub(super) fn material(&self) -> Material {
        raw_key(self.text.expose()).map_or_else(|| Material::Passphrase(self.text.clone()), Material::Raw)
    }
}

fn raw_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = Zeroizing::new([0; 32]);
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

impl KeySources {
    /// The key file's path.
    pub fn key_file(&self) -> PathBuf {
        self.data_dir.join("master.key")
    }

    /// Every source that is set, and the first one that could not be read.
    pub(super) fn find(&self, piped: &OnceLock<Secret<String>>) -> (Vec<Found>, Option<KeyError>) {
        let mut found = Vec::new();
        let mut failure = None;
        found.extend(self.explicit.as_ref().and_then(|text| Found::new(KeySource::Explicit, text.expose())));
        found.extend(self.variable.as_ref().and_then(|text| Found::new(KeySource::Variable, text.expose())));
        if let Some(path) = self.variable_file.as_deref().filter(|path| !path.as_os_str().is_empty()) {
            match read_once(path, piped) {
                Ok(text) => found.extend(Found::new(KeySource::VariableFile, text.expose())),
                Err(source) => failure = Some(KeyError::unreadable(path, source)),
            }
        }
        match read_key(&self.key_file()) {
            Ok(text) => found.extend(Found::new(KeySource::KeyFile, &text)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(source) => failure = failure.or_else(|| Some(KeyError::unreadable(&self.key_file(), source))),
        }
        (found, failure)
    }

    /// Makes a random key file, readable by its owner alone, and returns what it holds. When another process was
    /// faster, its key is the one.
    pub(super) fn create_key_file(&self) -> Result<Found, KeyError> {
        let path = self.key_file();
        let failed = |source| KeyError::Uncreatable { path: path.clone(), source };
        make_private_dir(&self.data_dir).map_err(failed)?;
        let key = Zeroizing::new(random_hex::<32>()?);
        let unfinished = self.data_dir.join(format!("master.key.{}", random_hex::<6>()?));
        let placed = place(&unfinished, &path, &key);
        let _ = fs::remove_file(&unfinished);
        placed.map_err(failed)?;
        let text = read_key(&path).map_err(failed)?;
        Found::new(KeySource::KeyFile, &text).ok_or_else(|| failed(io::ErrorKind::UnexpectedEof.into()))
    }
}

/// A link appears whole or not at all and never replaces a key; only an empty leftover is replaced.
fn place(unfinished: &Path, path: &Path, key: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(unfinished)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.write_all(format!("{key}\n").as_bytes())?;
    file.sync_all()?;
    match fs::hard_link(unfinished, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if read_key(path)?.trim().is_empty() {
                fs::rename(unfinished, path)?;
            }
        }
        Err(_) if !path.try_exists()? => fs::rename(unfinished, path)?,
        Err(error) => return Err(error),
    }
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Makes `folder` and those above it that are missing, 0700 under any umask.
fn make_private_dir(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_private_dir(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        #[cfg(unix)]
        Ok(()) => fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        done => done,
    }
}

/// `CAM_MASTER_KEY_FILE=<(pass show key)` gives a pipe, which is empty when it is read again.
fn read_once(path: &Path, piped: &OnceLock<Secret<String>>) -> io::Result<Secret<String>> {
    if let Some(text) = piped.get() {
        return Ok(text.clone());
    }
    let is_file = fs::metadata(path)?.is_file();
    let text = Secret::new(String::clone(&*read_key(path)?));
    if is_file {
        return Ok(text);
    }
    Ok(piped.get_or_init(|| text).clone())
}

fn read_key(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    File::open(path)?.take(MAX_KEY_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_KEY_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the key is longer than 64 KiB"));
    }
    Ok(text)
}
