//! Files: owners, modes, identities, and the calls that the standard library does not have.
#![expect(clippy::disallowed_methods, reason = "this room wraps the system")]

use std::fs::{self, DirBuilder, File, FileType, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, OFlags};

/// The device that stands for no file.
pub const NULL: &str = "/dev/null";

/// Whether variables of XDG move the folders of programs.
pub const HAS_XDG_FOLDERS: bool = cfg!(not(target_vendor = "apple"));

/// Whether anybody may make symbolic links.
pub const HAS_LINKS: bool = true;

/// Whether names of folders that differ by case alone are one, as systems are set up.
pub const IGNORES_CASE: bool = cfg!(target_vendor = "apple");

/// Whether a path begins with a drive or a server.
pub const HAS_DRIVES: bool = false;

/// The variable that names the user's own folder.
pub const HOME: &str = "HOME";

/// Which file it is, by whatever name: device and inode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity(u64, u64);

/// Nobody is ever in the way.
pub fn while_replacing<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    attempt()
}

/// Nobody is ever in the way.
pub fn while_opening<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    attempt()
}

/// Nobody is ever in the way.
pub fn is_in_the_way(_: &io::Error) -> bool {
    false
}

/// Makes a new file that is its owner's alone from its first moment on.
pub fn create_private(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

/// Opens a file that is no link, making one that is its owner's alone if need be.
pub fn open_or_create_private(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(path)
}

/// Makes a folder that is its owner's alone from its first moment on.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// A file that is made is its owner's alone, and no link is followed.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600).custom_flags(flags(OFlags::NOFOLLOW))
}

/// Opening does not wait for the other end of a pipe.
pub fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(flags(OFlags::NONBLOCK))
}

/// Opening does not wait for the other end of a pipe, and no link is followed.
pub fn without_waiting_or_links(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(flags(OFlags::NONBLOCK | OFlags::NOFOLLOW))
}

fn flags(flags: OFlags) -> i32 {
    i32::try_from(flags.bits()).unwrap_or_default()
}

/// Sets the mode, unless it is that already.
pub fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    if fs::symlink_metadata(path)?.mode() & 0o7777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Gives the new file `next` the mode of `path`, which it is to replace, as far as that is kept.
pub fn keep_access(path: &Path, _: &Path, next: &File, kept_mode: u32) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) => restrict_file(next, found.mode() & 0o7777 & kept_mode),
        Err(_) => Ok(()),
    }
}

/// `None`: the mode says who may reach what is at `path`.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn others(_: &Path) -> io::Result<Option<Vec<String>>> {
    Ok(None)
}

/// `None`: `chmod` closes files and folders.
pub fn closing(_: &Path) -> Option<String> {
    None
}

/// Sets the mode of an open file, unless it is that already.
pub fn restrict_file(file: &File, mode: u32) -> io::Result<()> {
    if file.metadata()?.mode() & 0o7777 == mode {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(mode))
}

/// The mode's permissions; `None` where there are none.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere a file has no mode")]
pub fn mode(metadata: &Metadata) -> Option<u32> {
    Some(metadata.mode() & 0o7777)
}

/// The file's owner; `None` where that is no number.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere a user has no number")]
pub fn owner(metadata: &Metadata) -> Option<u32> {
    Some(metadata.uid())
}

/// The user that this process acts as, to be compared with [`owner`].
#[expect(clippy::unnecessary_wraps, reason = "elsewhere a user has no number")]
pub fn user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// How many names the file has that `metadata` are of.
pub fn names(_: &Path, metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// Which file `metadata` are of, by whatever name.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere the system is asked")]
pub fn identity(_: &Path, metadata: &Metadata) -> io::Result<Identity> {
    Ok(Identity(metadata.dev(), metadata.ino()))
}

/// Which file is open.
pub fn identity_of(file: &File) -> io::Result<Identity> {
    let metadata = file.metadata()?;
    Ok(Identity(metadata.dev(), metadata.ino()))
}

/// Which file `metadata` are of; `None` where they do not say.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere metadata do not say")]
pub fn identity_in(metadata: &Metadata) -> Option<Identity> {
    Some(Identity(metadata.dev(), metadata.ino()))
}

/// When the file's content, names or mode last changed, since 1970.
pub fn changed(metadata: &Metadata) -> Duration {
    let nanoseconds = u32::try_from(metadata.ctime_nsec()).unwrap_or_default();
    Duration::new(u64::try_from(metadata.ctime()).unwrap_or_default(), nanoseconds)
}

/// Whether a program is there that may be executed, links followed.
pub fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.mode() & 0o111 != 0)
}

/// Whether `path` is the device that stands for no file, links followed.
pub fn is_null(path: &Path) -> bool {
    // Nearly nothing is a device, and to resolve a path takes a call for each of its parts.
    let is_device = || fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_char_device());
    path == Path::new(NULL) || (is_device() && fs::canonicalize(path).is_ok_and(|real| real == Path::new(NULL)))
}

/// Whether it is a pipe.
pub fn is_pipe(kind: FileType) -> bool {
    kind.is_fifo()
}

/// What a thing that is neither file nor folder is called, where that is known.
pub fn special(kind: FileType) -> Option<&'static str> {
    match kind {
        _ if kind.is_fifo() => Some("a pipe"),
        _ if kind.is_socket() => Some("a socket"),
        _ if kind.is_char_device() || kind.is_block_device() => Some("a device"),
        _ => None,
    }
}

/// Whether a file can be made in `folder`, and why not.
pub fn writable(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Opens `folder`, to be locked; `None` where folders cannot be.
pub fn open_folder(folder: &Path) -> io::Result<Option<File>> {
    File::open(folder).map(Some)
}

/// Waits until what was written to `file` is on the disk.
pub fn sync(file: &File) -> io::Result<()> {
    flushed(|| file.sync_all(), || Ok(rustix::fs::fsync(file)?))
}

/// macOS has two kinds of flush: to the disk, and only to the drive, which may keep it in memory for a while. The first is
/// refused on SMB, NFS and some foreign disks; the second is then the most that can be had there. Elsewhere they are the same.
fn flushed(to_disk: impl FnOnce() -> io::Result<()>, to_drive: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    use rustix::io::Errno;
    let refusals =
        [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::INVAL, Errno::NOTTY].map(|errno| Some(errno.raw_os_error()));
    match to_disk() {
        Err(error) if refusals.contains(&error.raw_os_error()) => to_drive(),
        done => done,
    }
}

/// Makes renames in `folder` durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    sync(&File::open(folder)?)
}

/// `path` with its links resolved.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// Where a link leads.
pub fn read_link(path: &Path) -> io::Result<PathBuf> {
    fs::read_link(path)
}

/// `folder` with its links resolved, for a program that follows none.
pub fn without_links(folder: &Path) -> io::Result<PathBuf> {
    canonical(folder)
}

/// Makes a symbolic link.
pub fn link(target: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

/// Exchanges two files in one step; fails when either is not there. `None` where the system or the file system cannot.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub fn exchange(one: &Path, other: &Path) -> Option<io::Result<()>> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => None,
        done => Some(done.map_err(io::Error::from)),
    }
}

/// Exchanges two files in one step; `None`: the system has no such call that is known here.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub fn exchange(_: &Path, _: &Path) -> Option<io::Result<()>> {
    None
}

/// The number by which Linux calls the kind of the file system that `path` is on.
#[cfg(target_os = "linux")]
pub fn file_system(path: &Path) -> Option<u64> {
    let magic = rustix::fs::statfs(path).ok()?.f_type;
    // Its type is another one on every architecture, and a number above 2^31 is negative in some.
    u64::try_from(i128::from(magic) & 0xffff_ffff).ok()
}

/// The number by which Linux calls the kind of the file system that `path` is on.
#[cfg(not(target_os = "linux"))]
pub fn file_system(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let (folder, file, link_to_it) = (home.path().join("a"), home.path().join("b"), home.path().join("c"));
        create_private_folder(&folder).unwrap();
        drop(create_private(&file).unwrap());
        assert_eq!(create_private(&file).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let metadata = fs::metadata(&file).unwrap();
        assert_eq!([mode(&fs::metadata(&folder).unwrap()), mode(&metadata)], [Some(0o700), Some(0o600)]);
        assert_eq!(owner(&metadata), user());
        link(&file, &link_to_it).unwrap();
        assert!(private(OpenOptions::new().read(true)).open(&link_to_it).is_err(), "no link is followed");
        assert!(open_or_create_private(&file).is_ok() && open_or_create_private(&link_to_it).is_err());
        restrict(&file, 0o400).unwrap();
        assert_eq!(mode(&fs::metadata(&file).unwrap()), Some(0o400));
    }

    #[test]
    fn a_file_is_flushed_as_far_as_its_file_system_can() {
        use rustix::io::Errno;
        let error = |errno: Errno| Err(io::Error::from(errno));
        for (refused, falls_back) in [
            (Errno::NOTSUP, true),
            (Errno::INVAL, true),
            (Errno::NOTTY, true),
            (Errno::IO, false),
            (Errno::NOSPC, false),
        ] {
            assert_eq!(flushed(|| error(refused), || Ok(())).is_ok(), falls_back, "{refused}");
        }
        let both = flushed(|| error(Errno::NOTSUP), || error(Errno::IO));
        assert_eq!(both.unwrap_err().raw_os_error(), Some(Errno::IO.raw_os_error()));
        flushed(|| Ok(()), || unreachable!()).unwrap();
        let home = tempfile::tempdir().unwrap();
        sync(&File::create(home.path().join("file")).unwrap()).unwrap();
        sync_folder(home.path()).unwrap();
    }

    #[test]
    fn things_that_are_no_files_have_a_name() {
        let kind = |path: &str| fs::metadata(path).unwrap().file_type();
        assert_eq!([special(kind("/dev/null")), special(kind("/"))], [Some("a device"), None]);
        assert!(is_null(Path::new("/dev/null")) && !is_null(Path::new("/")));
        assert!(is_program(&std::env::current_exe().unwrap()) && !is_program(Path::new("/")));
        assert!(writable(&std::env::temp_dir()).is_ok() && writable(Path::new("/nowhere")).is_err());
    }
}
