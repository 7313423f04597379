//! A command that runs while the test goes on: its output is collected, and it never outlives its test.

use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::process;
use super::sandbox::Output;

/// How long a real client may take: OpenCode alone needs seconds of a free processor to start, and tests share it.
pub const CLIENT_PATIENCE: Duration = Duration::from_secs(400);

/// Looks until a real client has come to `what`.
#[track_caller]
pub fn wait_for_client<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    super::within(CLIENT_PATIENCE, look)
        .unwrap_or_else(|| panic!("the client did not come to this in {CLIENT_PATIENCE:?}: {what}"))
}

/// A command with a process group of its own, so that what it started can be ended with it.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<Collected>,
    stderr: Option<Collected>,
}

/// What came from a stream so far, and who reads it.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Running {
    /// Starts it; its stdin stays open until [`close_stdin`](Self::close_stdin) or the end.
    #[track_caller]
    pub fn start(mut command: Command) -> Running {
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = Collected::of(child.stdout.take().unwrap());
        let stderr = Collected::of(child.stderr.take().unwrap());
        Running { stdin: child.stdin.take(), child, stdout: Some(stdout), stderr: Some(stderr) }
    }

    /// The pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub fn stdout_so_far(&self) -> String {
        self.stdout.as_ref().map(Collected::text).unwrap_or_default()
    }

    /// What it has said on stderr so far.
    pub fn stderr_so_far(&self) -> String {
        self.stderr.as_ref().map(Collected::text).unwrap_or_default()
    }

    /// Writes to its stdin.
    #[track_caller]
    pub fn write(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().expect("its stdin is open").write_all(bytes).expect("it reads its stdin");
    }

    /// Ends its stdin.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Sends it a signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        assert!(process::signal(self.pid(), signal), "it had ended before {signal:?}");
    }

    /// Waits for its end with nothing more on stdin.
    #[track_caller]
    pub fn finish(self) -> Output {
        self.finish_within(CLIENT_PATIENCE)
    }

    /// The same with a limit, past which it is killed and the test fails.
    #[track_caller]
    pub fn finish_within(mut self, limit: Duration) -> Output {
        self.close_stdin();
        let ended = super::within(limit, || self.child.try_wait().unwrap());
        self.kill_group();
        let read = |stream: Option<Collected>| stream.expect("it is read once").whole();
        let (stdout, stderr) = (read(self.stdout.take()), read(self.stderr.take()));
        let status = ended.unwrap_or_else(|| panic!("it did not end in {limit:?}:\n{stdout}\n{stderr}"));
        let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap();
        Output { code, stdout, stderr }
    }

    fn kill_group(&mut self) {
        if let Some(group) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.stdout.is_some() {
            self.kill_group();
        }
    }
}

impl Collected {
    fn of(mut stream: impl Read + Send + 'static) -> Collected {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let sink = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut piece) {
                sink.lock().unwrap().extend_from_slice(&piece[..read]);
            }
        });
        Collected { bytes, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn whole(self) -> String {
        self.reader.join().unwrap();
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }
}
