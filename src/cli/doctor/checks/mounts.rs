//! The mounts of this process, as Linux lists them in `/proc/self/mountinfo`
//! (<https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html>).

use std::path::{Path, PathBuf};

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is.
    pub point: PathBuf,
    /// The kind of its file system, such as `ext4` or `fuse.sshfs`.
    pub kind: String,
    /// What is mounted.
    pub source: String,
}

/// Every mount in `table`, in its order: a later one hides an earlier one at the same place.
pub fn parse(table: &str) -> Vec<Mount> {
    let mount = |line: &str| {
        let (place, what) = line.split_once(" - ")?;
        let mut what = what.split(' ');
        Some(Mount {
            point: PathBuf::from(unescaped(place.split(' ').nth(4)?)),
            kind: what.next()?.to_owned(),
            source: unescaped(what.next()?),
        })
    };
    table.lines().filter_map(mount).collect()
}

/// The mount that `path` is on; `path` has no links in it.
pub fn of<'mounts>(mounts: &'mounts [Mount], path: &Path) -> Option<&'mounts Mount> {
    let above = mounts.iter().filter(|mount| path.starts_with(&mount.point));
    // Of equals the last one, which hides the others.
    above.max_by_key(|mount| mount.point.components().count())
}

/// A space is `\040` there.
fn unescaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(|_| first == b'\\') {
            Some(byte) => {
                out.push(byte);
                rest = &after[3..];
            }
            None => {
                out.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r"22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
60 22 0:50 / /mnt/c rw,noatime - 9p C:\134 rw,dirsync,aname=drvfs;path=C:\
61 22 0:51 / /home/me/far\040away rw,nosuid - fuse.sshfs me@host:/home rw,user_id=1000
62 22 0:52 / /home/me/far\040away rw - nfs4 server:/home rw
63 22 259:2 /x/a.json /home/me/a.json rw - ext4 /dev/nvme0n1p2 rw
broken line
";

    #[test]
    fn a_path_is_on_the_deepest_and_newest_mount_above_it() {
        let mounts = parse(TABLE);
        assert_eq!(mounts.len(), 5);
        for (path, kind, point) in [
            ("/home/me/b.json", "ext4", "/"),
            ("/mnt/c/Users/me", "9p", "/mnt/c"),
            ("/mnt/cc", "ext4", "/"),
            ("/home/me/far away/a", "nfs4", "/home/me/far away"),
            ("/home/me/a.json", "ext4", "/home/me/a.json"),
            ("/home/me/a.json.cam", "ext4", "/"),
        ] {
            let mount = of(&mounts, Path::new(path)).unwrap();
            assert_eq!((mount.kind.as_str(), mount.point.as_path()), (kind, Path::new(point)), "{path}");
        }
        assert_eq!(of(&mounts, Path::new("/mnt/c/x")).unwrap().source, "C:\\");
        assert_eq!(of(&[], Path::new("/")), None);
    }
}
