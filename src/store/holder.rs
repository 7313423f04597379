//! Who holds the lock of the accounts file: it signs the lock file, for those who wait in vain.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::format::MAX_FILE_BYTES;
use crate::files;

/// Who holds the lock of the accounts file, as it says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its session.
    pub session_id: String,
}

/// Who signed the lock file at `path` last.
pub(super) fn holder(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&files::read_if_there(path, MAX_FILE_BYTES).ok()??).ok()
}
