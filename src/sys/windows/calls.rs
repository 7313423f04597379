//! The calls of Windows that the standard library does not make, each behind a function that is safe to call.
#![expect(unsafe_code, reason = "windows-sys declares the system's functions as they are")]

use std::ffi::{OsString, c_void};
use std::fs::File;
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, ERROR_LOCK_VIOLATION, FILETIME, GENERIC_READ, GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE,
    LocalFree, WAIT_OBJECT_0,
};
use windows_sys::Win32::Security::Authorization::{
    ConvertSecurityDescriptorToStringSecurityDescriptorW, ConvertSidToStringSidW,
    ConvertStringSecurityDescriptorToSecurityDescriptorW, GetNamedSecurityInfoW, SDDL_REVISION_1, SE_FILE_OBJECT,
    SetNamedSecurityInfoW,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GetSecurityDescriptorDacl, GetTokenInformation, PROTECTED_DACL_SECURITY_INFORMATION,
    PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES, TOKEN_QUERY, TOKEN_USER, TokenUser,
    UNPROTECTED_DACL_SECURITY_INFORMATION,
};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, CREATE_NEW, CreateDirectoryW, CreateFileW, FILE_ATTRIBUTE_NORMAL, FILE_SHARE_DELETE,
    FILE_SHARE_READ, FILE_SHARE_WRITE, GetFileInformationByHandle, LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY,
    LockFileEx, OPEN_ALWAYS, UnlockFileEx,
};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use windows_sys::Win32::System::ErrorReporting::{WER_FAULT_REPORTING_FLAG_NOHEAP, WerSetFlags};
use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_BREAKAWAY_OK, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetProcessTimes, INFINITE, OpenProcess, OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_SYNCHRONIZE, WaitForSingleObject,
};

/// What a function returned that answers 0 when it fails.
fn done(answer: i32) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// What a function returned that answers with the number of an error.
fn code(answer: u32) -> io::Result<()> {
    if answer == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(answer.cast_signed())) }
}

/// A handle that a function returned, which is ours to close.
fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is open, and nobody else has it: a function has only just returned it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

fn wide(text: impl AsRef<std::ffi::OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// `\`
const SLASH: u16 = 0x5c;

/// A path as the system takes it at any length.
fn wide_path(path: &Path) -> io::Result<Vec<u16>> {
    let path = std::path::absolute(path)?;
    let text = path.as_os_str();
    let is_spelled_out = [r"\\?\", r"\\.\"].iter().any(|begin| text.as_encoded_bytes().starts_with(begin.as_bytes()));
    // A folder may have 12 characters less than a file, and those have 260.
    if text.len() < 248 || is_spelled_out {
        return Ok(wide(text));
    }
    let long = wide(text);
    // The share of another machine begins with two of them.
    let (begin, rest) =
        if long.starts_with(&[SLASH, SLASH]) { (r"\\?\UNC\", &long[2..]) } else { (r"\\?\", &long[..]) };
    Ok(begin.encode_utf16().chain(rest.iter().copied()).collect())
}

/// Memory that a function has taken from the system's heap for us.
struct Local(*mut c_void);

impl Local {
    /// The text in it.
    fn text(&self) -> OsString {
        let text = self.0.cast::<u16>().cast_const();
        let mut length = 0;
        // SAFETY: it is a text of UTF-16 with a zero at its end, and nobody changes it.
        while unsafe { *text.add(length) } != 0 {
            length += 1;
        }
        // SAFETY: the same; so many of them were just read.
        OsString::from_wide(unsafe { std::slice::from_raw_parts(text, length) })
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: it came from the system's heap and is freed once. Nothing is done with null.
        unsafe { LocalFree(self.0) };
    }
}

/// The one byte that stands for a file's lock: far behind its content, since locked bytes cannot be read by others.
fn place_of_lock() -> OVERLAPPED {
    let place = OVERLAPPED_0_0 { Offset: 0, OffsetHigh: 1 << 30 };
    OVERLAPPED { Anonymous: OVERLAPPED_0 { Anonymous: place }, ..OVERLAPPED::default() }
}

/// Locks `file`; whether it is locked now.
pub fn lock(file: &File, is_exclusive: bool, may_wait: bool) -> io::Result<bool> {
    let exclusive = if is_exclusive { LOCKFILE_EXCLUSIVE_LOCK } else { 0 };
    let at_once = if may_wait { 0 } else { LOCKFILE_FAIL_IMMEDIATELY };
    let mut place = place_of_lock();
    // SAFETY: the handle is open while `file` is borrowed. It was not opened for overlapped use, so the call has ended with
    // `place` when it returns.
    let answer = unsafe { LockFileEx(file.as_raw_handle(), exclusive | at_once, 0, 1, 0, &raw mut place) };
    match done(answer) {
        Err(error) if !may_wait && is_one_of(&error, &[ERROR_LOCK_VIOLATION, ERROR_IO_PENDING]) => Ok(false),
        done => done.map(|()| true),
    }
}

/// Whether the system's number of `error` is one of these.
pub fn is_one_of(error: &io::Error, codes: &[u32]) -> bool {
    error.raw_os_error().is_some_and(|code| codes.contains(&code.cast_unsigned()))
}

/// Frees the lock of `file`.
pub fn unlock(file: &File) -> io::Result<()> {
    let mut place = place_of_lock();
    // SAFETY: as for `LockFileEx`.
    done(unsafe { UnlockFileEx(file.as_raw_handle(), 0, 1, 0, &raw mut place) })
}

/// What distinguishes a file from all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    volume: u32,
    index: u64,
}

/// Which file it is, and how many names it has.
pub fn identity(file: &File) -> io::Result<(Identity, u32)> {
    let mut facts = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open while `file` is borrowed, and `facts` is there to be written to.
    done(unsafe { GetFileInformationByHandle(file.as_raw_handle(), &raw mut facts) })?;
    let index = u64::from(facts.nFileIndexHigh) << 32 | u64::from(facts.nFileIndexLow);
    Ok((Identity { volume: facts.dwVolumeSerialNumber, index }, facts.nNumberOfLinks))
}

/// A process, to be waited for.
pub fn process(pid: u32) -> io::Result<OwnedHandle> {
    // SAFETY: it takes plain numbers.
    owned(unsafe { OpenProcess(PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) })
}

/// Whether `process` has ended; waits for its end if that may be.
pub fn has_ended(process: &OwnedHandle, may_wait: bool) -> bool {
    let longest = if may_wait { INFINITE } else { 0 };
    // SAFETY: the handle is open while it is borrowed.
    unsafe { WaitForSingleObject(process.as_raw_handle(), longest) == WAIT_OBJECT_0 }
}

/// When a process was made, to be compared with others; this one's where none is named.
pub fn begin_of(process: Option<&OwnedHandle>) -> io::Result<u64> {
    // SAFETY: it only returns a constant.
    let handle = process.map_or_else(|| unsafe { GetCurrentProcess() }, AsRawHandle::as_raw_handle);
    let [mut begin, mut end, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the handle is open while it is borrowed, and the four are there to be written to.
    done(unsafe { GetProcessTimes(handle, &raw mut begin, &raw mut end, &raw mut kernel, &raw mut user) })?;
    Ok(u64::from(begin.dwHighDateTime) << 32 | u64::from(begin.dwLowDateTime))
}

/// The number of the process that started process `pid`; it may have ended since, and its number be another's.
pub fn parent_of(pid: u32) -> io::Result<Option<u32>> {
    // SAFETY: it takes plain numbers.
    let list = owned(unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) })?;
    let size = u32::try_from(size_of::<PROCESSENTRY32W>()).unwrap_or_default();
    let mut entry = PROCESSENTRY32W { dwSize: size, ..PROCESSENTRY32W::default() };
    // SAFETY: the handle is open, and `entry` says how large it is.
    let mut is_there = unsafe { Process32FirstW(list.as_raw_handle(), &raw mut entry) } != 0;
    while is_there {
        if entry.th32ProcessID == pid {
            return Ok(Some(entry.th32ParentProcessID));
        }
        // SAFETY: the same.
        is_there = unsafe { Process32NextW(list.as_raw_handle(), &raw mut entry) } != 0;
    }
    Ok(None)
}

/// A job that this process is in, and with it all that it starts from now on.
pub fn job() -> io::Result<OwnedHandle> {
    // SAFETY: a job needs neither a name nor a description of who may use it.
    let job = owned(unsafe { CreateJobObjectW(null(), null()) })?;
    // SAFETY: the handle of the job is open, and that of this process is a constant.
    done(unsafe { AssignProcessToJobObject(job.as_raw_handle(), GetCurrentProcess()) })?;
    Ok(job)
}

/// Whether all processes of `job` are ended when its last handle is closed, as it is when this process dies.
pub fn end_with_us(job: &OwnedHandle, is_wanted: bool) -> io::Result<()> {
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    let ending = if is_wanted { JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE } else { 0 };
    limits.BasicLimitInformation.LimitFlags = ending | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
    let size = u32::try_from(size_of_val(&limits)).unwrap_or_default();
    let what = JobObjectExtendedLimitInformation;
    // SAFETY: the handle is open while it is borrowed, and the structure is the one that belongs to `what`.
    done(unsafe { SetInformationJobObject(job.as_raw_handle(), what, (&raw const limits).cast(), size) })
}

/// Keeps the content of this process's memory out of the reports of its crashes.
pub fn report_without_memory() -> io::Result<()> {
    // SAFETY: it takes a plain number.
    match unsafe { WerSetFlags(WER_FAULT_REPORTING_FLAG_NOHEAP) } {
        0.. => Ok(()),
        failure => Err(io::Error::from_raw_os_error(failure)),
    }
}

/// The user of this process, as `S-1-5-…`.
pub fn user() -> io::Result<String> {
    let mut token = null_mut();
    // SAFETY: the handle of this process is a constant, and `token` is there to be written to.
    done(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) })?;
    let token = owned(token)?;
    // A user with the longest identifier that there is takes 84 bytes. Words, so that the structure is aligned.
    let mut answer = [0_u64; 32];
    let (size, mut length) = (u32::try_from(size_of_val(&answer)).unwrap_or_default(), 0);
    let answer_at: *mut c_void = answer.as_mut_ptr().cast();
    // SAFETY: the handle is open, and there is as much room as is said.
    done(unsafe { GetTokenInformation(token.as_raw_handle(), TokenUser, answer_at, size, &raw mut length) })?;
    // SAFETY: that is what it wrote, at a place that is aligned for it.
    let sid = unsafe { (*answer_at.cast::<TOKEN_USER>()).User.Sid };
    let mut text = null_mut();
    // SAFETY: `sid` points into `answer`, which is still there, and `text` is there to be written to.
    done(unsafe { ConvertSidToStringSidW(sid, &raw mut text) })?;
    Ok(Local(text.cast()).text().to_string_lossy().into_owned())
}

/// A description of who may do what, made of its text.
fn descriptor(access: &str) -> io::Result<Local> {
    let (text, mut made): (_, PSECURITY_DESCRIPTOR) = (wide(access), null_mut());
    // SAFETY: the text ends with a zero, and `made` is there to be written to.
    done(unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(text.as_ptr(), SDDL_REVISION_1, &raw mut made, null_mut())
    })?;
    Ok(Local(made))
}

fn attributes(descriptor: &Local) -> SECURITY_ATTRIBUTES {
    SECURITY_ATTRIBUTES {
        nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or_default(),
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    }
}

/// Opens a file for reading and writing that nobody but `access` says can reach from its first moment on. One that is there
/// keeps what is said of it; it is refused where it `must_be_new`.
pub fn create_file(path: &Path, access: &str, must_be_new: bool) -> io::Result<File> {
    let (path, descriptor) = (wide_path(path)?, descriptor(access)?);
    let attributes = attributes(&descriptor);
    let share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    let how = if must_be_new { CREATE_NEW } else { OPEN_ALWAYS };
    // SAFETY: the path ends with a zero, and what `attributes` points to is there until the call has returned.
    let handle = unsafe {
        CreateFileW(
            path.as_ptr(),
            GENERIC_READ | GENERIC_WRITE,
            share,
            &raw const attributes,
            how,
            FILE_ATTRIBUTE_NORMAL,
            null_mut(),
        )
    };
    owned(handle).map(File::from)
}

/// Makes a folder that nobody but `access` says can reach from its first moment on.
pub fn create_folder(path: &Path, access: &str) -> io::Result<()> {
    let (path, descriptor) = (wide_path(path)?, descriptor(access)?);
    let attributes = attributes(&descriptor);
    // SAFETY: as for `CreateFileW`.
    done(unsafe { CreateDirectoryW(path.as_ptr(), &raw const attributes) })
}

/// Who may do what with the file or folder at `path`, as a text.
pub fn access_of(path: &Path) -> io::Result<String> {
    let path = wide_path(path)?;
    let mut found: PSECURITY_DESCRIPTOR = null_mut();
    // SAFETY: the path ends with a zero, `found` is there to be written to, and null says that nothing else is wanted.
    code(unsafe {
        GetNamedSecurityInfoW(
            path.as_ptr(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION,
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut found,
        )
    })?;
    let found = Local(found);
    let mut text = null_mut();
    // SAFETY: the description is there, and `text` is there to be written to.
    done(unsafe {
        ConvertSecurityDescriptorToStringSecurityDescriptorW(
            found.0,
            SDDL_REVISION_1,
            DACL_SECURITY_INFORMATION,
            &raw mut text,
            null_mut(),
        )
    })?;
    Ok(Local(text.cast()).text().to_string_lossy().into_owned())
}

/// Sets who may do what with the file or folder at `path`. `is_closed`: the folder that it is in adds nothing.
pub fn set_access(path: &Path, access: &str, is_closed: bool) -> io::Result<()> {
    let (path, descriptor) = (wide_path(path)?, descriptor(access)?);
    let (mut is_there, mut is_default, mut list) = (0, 0, null_mut());
    // SAFETY: the description is there, and the three are there to be written to.
    done(unsafe { GetSecurityDescriptorDacl(descriptor.0, &raw mut is_there, &raw mut list, &raw mut is_default) })?;
    let inheriting =
        if is_closed { PROTECTED_DACL_SECURITY_INFORMATION } else { UNPROTECTED_DACL_SECURITY_INFORMATION };
    // SAFETY: the path ends with a zero, and `list` is a part of the description, which is there until the call has returned.
    code(unsafe {
        SetNamedSecurityInfoW(
            path.as_ptr(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION | inheriting,
            null_mut(),
            null_mut(),
            list,
            null_mut(),
        )
    })
}
