//! What tells one state of a configuration file from another. Its length and the time of its last change are not enough: an
//! editor may put another file in its place, and a tool may keep the time as it was.
#![expect(clippy::disallowed_methods, reason = "configuration files are inspected here")]

#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// The state of a file as `stat` knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    /// Device, inode, and the time of the last change of either bytes or names.
    #[cfg(unix)]
    identity: (u64, u64, i64, i64),
}

impl Stamp {
    /// The file as it is now, links followed; `None` when there is none.
    pub fn of(path: &Path) -> Option<Stamp> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Stamp {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            #[cfg(unix)]
            identity: (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs::{self, File, FileTimes};

    #[test]
    fn a_file_of_the_same_length_and_time_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("config.toml"), folder.path().join("other.toml"));
        let written = |path: &Path, text: &str| {
            fs::write(path, text).unwrap();
            let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
            File::options().write(true).open(path).unwrap().set_times(times).unwrap();
        };
        assert_eq!(Stamp::of(&path), None);
        written(&path, "a = 1");
        let first = Stamp::of(&path);
        assert_eq!(Stamp::of(&path), first);
        written(&other, "a = 2");
        fs::rename(&other, &path).unwrap();
        assert_ne!(Stamp::of(&path), first, "another file took its place");
    }
}
