//! What distinguishes one state of a file from another. Its length and the time of its last change are not enough: an
//! editor may put another file in its place, and a tool may keep the time as it was.
#![expect(clippy::disallowed_methods, reason = "this room wraps the file system")]

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::Identity;
use crate::sys;

/// A file written this short a time before it was read may be written again within the same tick of the kernel's
/// clock, and look unchanged.
pub const RACY: Duration = Duration::from_millis(50);

/// The same where times are whole seconds, of FAT each second one.
const RACY_SECONDS: Duration = Duration::from_secs(2);

/// The state of a file as `stat` knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    identity: Option<Identity>,
    length: u64,
    /// When its content changed, since 1970.
    modified: Duration,
    /// When its content, names or mode changed, since 1970.
    changed: Duration,
}

impl Stamp {
    /// What `metadata` says of the file.
    pub fn of(metadata: &Metadata) -> Stamp {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Stamp {
            identity: sys::files::identity_in(metadata),
            length: metadata.len(),
            modified: modified.unwrap_or_default(),
            changed: sys::files::changed(metadata),
        }
    }

    /// The file at `path` as it is now, links followed; `None` when there is none.
    pub fn at(path: &Path) -> Option<Stamp> {
        std::fs::metadata(path).ok().as_ref().map(Stamp::of)
    }

    /// Whether there is nothing in the file, and was something a moment before `now`: whoever rewrites a file empties it first.
    pub fn is_emptied(&self, now: Duration) -> bool {
        self.length == 0 && !self.is_settled(now)
    }

    /// Whether the file had been at rest for a while at `now`, so that any later write changes the stamp.
    pub fn is_settled(&self, now: Duration) -> bool {
        let is_coarse = self.modified.subsec_nanos() == 0 && self.changed.subsec_nanos() == 0;
        self.has_stood(if is_coarse { RACY_SECONDS } else { RACY }, now)
    }

    /// Whether the file had been as it is for that long at `now`, if its times are of the same clock.
    pub fn has_stood(&self, length: Duration, now: Duration) -> bool {
        now.abs_diff(self.modified) >= length && now.abs_diff(self.changed) >= length
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs::{self, File, FileTimes};

    #[test]
    fn a_file_that_was_emptied_a_moment_ago_is_known_for_as_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        for (text, is_emptied) in [("a = 1", false), ("", true)] {
            fs::write(&path, text).unwrap();
            let stamp = Stamp::at(&path).unwrap();
            assert_eq!(stamp.is_emptied(stamp.changed), is_emptied);
            assert!(!stamp.is_emptied(stamp.changed + RACY), "it is meant to be so");
        }
    }

    #[test]
    fn a_file_may_be_written_again_within_the_tick_of_its_times() {
        let second = Duration::from_secs(1);
        for (times, wait, is_settled) in [
            (second, Duration::from_millis(1_999), false),
            (second, Duration::from_secs(2), true),
            (second + Duration::from_nanos(1), Duration::from_millis(49), false),
            (second + Duration::from_nanos(1), Duration::from_millis(51), true),
        ] {
            let stamp = Stamp { identity: None, length: 1, modified: times, changed: times };
            assert_eq!(stamp.is_settled(times + wait), is_settled, "{times:?} {wait:?}");
        }
    }

    #[test]
    fn a_file_of_the_same_length_and_time_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("config.toml"), folder.path().join("other.toml"));
        let written = |path: &Path, text: &str| {
            fs::write(path, text).unwrap();
            let times = FileTimes::new().set_modified(UNIX_EPOCH);
            File::options().write(true).open(path).unwrap().set_times(times).unwrap();
        };
        assert_eq!(Stamp::at(&path), None);
        written(&path, "a = 1");
        let first = Stamp::at(&path);
        assert_eq!(Stamp::at(&path), first);
        written(&other, "a = 2");
        fs::rename(&other, &path).unwrap();
        assert_ne!(Stamp::at(&path), first, "another file took its place");
    }
}
