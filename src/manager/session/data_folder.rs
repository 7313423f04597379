//! Where the ledger and the key file of this process are.

use std::path::PathBuf;

use super::Session;

impl Session {
    /// Where the ledger and new key files are.
    pub fn data_folder(&self) -> PathBuf {
        self.folders.home()
    }

    /// The folders that are noted beside the accounts file when none of them can be used here.
    pub fn data_elsewhere(&self) -> Vec<PathBuf> {
        self.folders.elsewhere()
    }

    /// What to say when `CAM_DATA_DIR` keeps this process apart from the others with the same accounts file.
    pub fn apart(&self) -> Option<String> {
        self.folders.overridden().map(|folder| {
            format!(
                "`CAM_DATA_DIR` is `{}`, and other programs with this accounts file use `{}`: what each of them uses is counted \
                 apart; unset `CAM_DATA_DIR` to share it",
                self.folders.home().display(),
                folder.display()
            )
        })
    }
}
