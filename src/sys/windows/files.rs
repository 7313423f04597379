//! Files: lists of who may reach them instead of owners and modes, identities, and calls that another program may be in the way
//! of for a moment.
#![expect(clippy::disallowed_methods, reason = "this room wraps the system")]

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED};
use windows_sys::Win32::Storage::FileSystem::{FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT};

use super::calls;
pub use super::calls::Identity;
use crate::sys::{access, persistence};

/// The device that stands for no file.
pub const NULL: &str = "NUL";

/// Whether variables of XDG move the folders of programs.
pub const HAS_XDG_FOLDERS: bool = false;

/// Whether anybody may make symbolic links.
pub const HAS_LINKS: bool = false;

/// Whether names of folders that differ by case alone are one, as systems are set up.
pub const IGNORES_CASE: bool = true;

/// Whether a path begins with a drive or a server.
pub const HAS_DRIVES: bool = true;

/// The variable that names the user's own folder. Programs here do not ask for `HOME`, which some shells set.
pub const HOME: &str = "USERPROFILE";

/// How long a replacement waits for whoever has the file open. What was to be written is lost otherwise.
const REPLACING: Duration = Duration::from_secs(3);

/// How long anything else waits: a request may stand behind it.
const OPENING: Duration = Duration::from_millis(200);

/// The file that is locked for its folder.
const FOLDER_LOCK: &str = ".codex-account-manager.lock";

/// Puts one file in the place of another, as soon as nobody else is in the way.
pub fn while_replacing<T>(attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    persistence::persist(REPLACING, std::thread::sleep, attempt)
}

/// Opens, makes or removes a file, as soon as nobody else is in the way.
pub fn while_opening<T>(attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    persistence::persist(OPENING, std::thread::sleep, attempt)
}

/// Whether a program that has the file open may be why this failed.
pub fn is_in_the_way(error: &io::Error) -> bool {
    persistence::is_in_the_way(error)
}

/// Who this process is for lists; `None` where the system does not say.
pub fn account() -> Option<&'static str> {
    static USER: OnceLock<Option<String>> = OnceLock::new();
    USER.get_or_init(|| calls::user().ok()).as_deref()
}

/// Makes a new file that is its owner's alone from its first moment on.
pub fn create_private(path: &Path) -> io::Result<File> {
    open_or_make(path, true)
}

/// Opens a file, making one that is its owner's alone if need be.
pub fn open_or_create_private(path: &Path) -> io::Result<File> {
    open_or_make(path, false)
}

fn open_or_make(path: &Path, must_be_new: bool) -> io::Result<File> {
    let Some(user) = account() else {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).create_new(must_be_new);
        return while_opening(|| options.open(path));
    };
    while_opening(|| calls::create_file(path, &access::own_only(user, false), must_be_new))
}

/// Makes a folder that is its owner's alone from its first moment on.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    match account() {
        Some(user) => calls::create_folder(path, &access::own_only(user, true)),
        None => fs::create_dir(path),
    }
}

/// A link is opened itself, not what it leads to.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
}

/// Nothing waits when it is opened.
pub fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// A link is opened itself, not what it leads to.
pub fn without_waiting_or_links(options: &mut OpenOptions) -> &mut OpenOptions {
    private(options)
}

/// Closes the file or folder to all others, where the mode does and the list does not.
pub fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    if mode & 0o077 != 0 {
        return Ok(());
    }
    let Some(user) = account() else { return Ok(()) };
    let closed = calls::access_of(path).and_then(|list| {
        if access::others(&list, user).is_empty() {
            return Ok(());
        }
        let is_folder = fs::symlink_metadata(path)?.is_dir();
        calls::set_access(path, &access::own_only(user, is_folder), true)
    });
    match closed {
        // A drive without lists, such as a memory stick, or a list that others keep: `doctor` says who reaches the file.
        Err(error) if calls::is_one_of(&error, &[ERROR_ACCESS_DENIED, ERROR_NOT_SUPPORTED, ERROR_INVALID_FUNCTION]) => {
            Ok(())
        }
        closed => closed,
    }
}

/// Nothing takes from a list what a file was made with.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn restrict_file(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

/// Gives the new file `next` the list of `path`, which it is to replace, unless all but the owner lose what they may.
pub fn keep_access(path: &Path, next: &Path, _: &File, kept_mode: u32) -> io::Result<()> {
    if kept_mode & 0o077 != 0 {
        // Where it fails there is none to replace, or the drive has no lists.
        if let Ok(list) = calls::access_of(path) {
            return calls::set_access(next, &list, access::is_closed(&list));
        }
    }
    Ok(())
}

/// Who else than this user, the system and the administrators may read or change what is at `path`, in words. `None` where there
/// are modes instead.
pub fn others(path: &Path) -> io::Result<Option<Vec<String>>> {
    let list = calls::access_of(path)?;
    Ok(Some(access::others(&list, account().unwrap_or_default())))
}

/// The command that closes a file or folder to all others; `None` where modes do.
pub fn closing(path: &Path) -> Option<String> {
    let user = account()?;
    let heirs = if path.is_dir() { "(OI)(CI)" } else { "" };
    Some(format!(
        "icacls \"{}\" /inheritance:r /grant:r \"*{user}:{heirs}F\" \"*S-1-5-18:{heirs}F\" \"*S-1-5-32-544:{heirs}F\"",
        path.display()
    ))
}

/// There are no modes.
pub fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// A user has no number.
pub fn owner(_: &Metadata) -> Option<u32> {
    None
}

/// A user has no number.
pub fn user() -> Option<u32> {
    None
}

/// How many names the file has that `path` names; `metadata` is what was read of it.
pub fn names(path: &Path, metadata: &Metadata) -> u64 {
    let counted = open_to_look(path, metadata).and_then(|file| calls::identity(&file));
    counted.map_or(1, |(_, names)| names.into())
}

/// Which file `path` names, by whatever name; `metadata` is what was read of it.
pub fn identity(path: &Path, metadata: &Metadata) -> io::Result<Identity> {
    calls::identity(&open_to_look(path, metadata)?).map(|(identity, _)| identity)
}

/// Which file is open.
pub fn identity_of(file: &File) -> io::Result<Identity> {
    calls::identity(file).map(|(identity, _)| identity)
}

/// Metadata do not say.
pub fn identity_in(_: &Metadata) -> Option<Identity> {
    None
}

/// Opens a file without the right to read or write it, so that it is in nobody's way, and a folder too. A link is followed where
/// `metadata` are of what it leads to.
fn open_to_look(path: &Path, metadata: &Metadata) -> io::Result<File> {
    let link = if metadata.is_symlink() { FILE_FLAG_OPEN_REPARSE_POINT } else { 0 };
    OpenOptions::new().access_mode(0).custom_flags(FILE_FLAG_BACKUP_SEMANTICS | link).open(path)
}

/// When the file was made, since 1970: the time of its last change is that of its content.
pub fn changed(metadata: &Metadata) -> Duration {
    let made = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    made.unwrap_or_default()
}

/// Whether a file is there: its name says whether it is a program.
pub fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Whether `path` is the device that stands for no file.
pub fn is_null(path: &Path) -> bool {
    path.as_os_str().eq_ignore_ascii_case(NULL)
}

/// A pipe has a name of its own kind here, which is no path of a file.
pub fn is_pipe(_: FileType) -> bool {
    false
}

/// There is nothing else in a folder.
pub fn special(_: FileType) -> Option<&'static str> {
    None
}

/// Not known before it is tried.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn writable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens what is locked for `folder`: a file in it, which stays, since folders cannot be locked. `None` where none can be made.
pub fn open_folder(folder: &Path) -> io::Result<Option<File>> {
    match open_or_create_private(&folder.join(FOLDER_LOCK)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        opened => opened.map(Some),
    }
}

/// Waits until what was written to `file` is on the disk.
pub fn sync(file: &File) -> io::Result<()> {
    file.sync_all()
}

/// There is no such call.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// `path` with its links resolved, in the form that every program takes where it has one.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    dunce::canonicalize(path)
}

/// Where a link leads, in the same form.
pub fn read_link(path: &Path) -> io::Result<PathBuf> {
    fs::read_link(path).map(|target| dunce::simplified(&target).to_owned())
}

/// As it is: no program here refuses links.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn without_links(folder: &Path) -> io::Result<PathBuf> {
    Ok(folder.to_owned())
}

/// Making one takes a privilege.
pub fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "not on this system"))
}

/// There is no such call.
pub fn exchange(_: &Path, _: &Path) -> Option<io::Result<()>> {
    None
}

/// It has no number.
pub fn file_system(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test looks at a folder of its own")]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let home = tempfile::tempdir().unwrap();
        let metadata = fs::metadata(home.path()).unwrap();
        assert_eq!((mode(&metadata), owner(&metadata), identity_in(&metadata)), (None, user(), None));
        assert!(is_null(Path::new("NUL")) && is_null(Path::new("nul")) && !is_null(home.path()));
        assert!(link(home.path(), &home.path().join("link")).is_err());
    }

    #[test]
    fn what_is_made_is_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let (folder, file) = (home.path().join("folder"), home.path().join("folder/file"));
        create_private_folder(&folder).unwrap();
        drop(create_private(&file).unwrap());
        assert_eq!(create_private(&file).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        drop(open_or_create_private(&file).unwrap());
        for path in [&folder, &file] {
            assert_eq!(others(path).unwrap().unwrap(), [""; 0], "{}", path.display());
        }
        let open = "D:P(A;;FA;;;WD)";
        calls::set_access(&file, open, true).unwrap();
        assert_eq!(others(&file).unwrap().unwrap(), ["everyone"]);
        let next = home.path().join("next");
        let made = create_private(&next).unwrap();
        keep_access(&file, &next, &made, 0o777).unwrap();
        assert_eq!(others(&next).unwrap().unwrap(), ["everyone"]);
        restrict(&file, 0o600).unwrap();
        assert!(others(&file).unwrap().unwrap().is_empty());
    }

    #[test]
    fn a_path_is_told_in_the_form_that_every_program_takes() {
        let home = tempfile::tempdir().unwrap();
        assert!(!canonical(home.path()).unwrap().display().to_string().starts_with(r"\\?\"));
    }
}
