//! Whether what was connected still is: another hand may have changed a configuration, and the service its port or key.

use std::path::{Path, PathBuf};

use super::edit::holds;
use super::file;
use super::record::{Changed, Connection, Record};
use crate::cli::service::places::{Record as Installed, is_open_to_others, read_key};
use crate::error::Error;

/// How a connected program stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is pointed at the proxy.
    Connected,
    /// Its configuration was changed since, and leads elsewhere.
    Changed(PathBuf),
    /// The service has another port than it was pointed at.
    AnotherPort(u16),
    /// The service is not installed any more.
    NoService,
    /// The key that it sends, or the file it is read from, is not that of the proxy.
    AnotherKey,
    /// Other users can read a file that holds the key.
    OpenToOthers(PathBuf),
}

/// Each connected program and how it stands; `installed` is the service.
///
/// # Errors
///
/// `Configuration` when the record cannot be read.
pub fn standings(data: &Path, installed: Option<&Installed>) -> Result<Vec<(String, Standing)>, Error> {
    let record = Record::read(data)?;
    let standing = |(name, connection): (String, Connection)| {
        let standing = standing(data, &connection, installed);
        (name, standing)
    };
    Ok(record.programs.into_iter().map(standing).collect())
}

fn standing(data: &Path, connection: &Connection, installed: Option<&Installed>) -> Standing {
    let Connection { port, key_file, files } = connection;
    if let Some(changed) = files.iter().find(|changed| !is_there(changed)) {
        return Standing::Changed(changed.path.clone());
    }
    // One that the person runs has its key elsewhere, and nothing is known of its port.
    let is_of_service = key_file.starts_with(data);
    match installed {
        None if is_of_service => return Standing::NoService,
        Some(installed) if is_of_service && installed.port != *port => return Standing::AnotherPort(installed.port),
        Some(_) | None => {}
    }
    let Ok(key) = read_key(key_file) else { return Standing::AnotherKey };
    for Changed { path, .. } in files.iter().filter(|changed| changed.holds_key) {
        let text = file::read(path).ok().and_then(|content| content.text).unwrap_or_default();
        if !text.contains(key.expose().as_str()) {
            return Standing::AnotherKey;
        }
        if is_open_to_others(path) {
            return Standing::OpenToOthers(path.clone());
        }
    }
    Standing::Connected
}

/// Whether the file has what was written into it.
fn is_there(changed: &Changed) -> bool {
    let text = file::read(&changed.path).ok().and_then(|content| content.text);
    text.is_some_and(|text| holds(changed.format, &text, &changed.changes))
}
