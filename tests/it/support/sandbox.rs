//! A home of its own for one test: no file, variable or port of the machine's owner is touched.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use codex_account_manager::clock::Clock;
use codex_account_manager::config::Sources;
use codex_account_manager::domain::report::SessionKind;
use codex_account_manager::domain::time::Timestamp;
use codex_account_manager::env::Environment;
use codex_account_manager::manager::{Manager, ManagerOptions};
use codex_account_manager::paths::Paths;
use serde_json::Value;
use tempfile::TempDir;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_codex-account-manager");

/// A temporary home; it is gone when this is dropped.
pub struct Sandbox {
    // Never read; its drop removes the folder.
    _dir: TempDir,
    home: PathBuf,
    environment: BTreeMap<String, String>,
    /// How many milliseconds the clock of managers in it is ahead: long after what they find was written.
    ahead: Arc<AtomicI64>,
}

/// What a command did.
#[derive(Debug)]
pub struct Output {
    /// The exit code; 128 and the signal when one ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// The result as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The same, when it went well.
    #[track_caller]
    pub fn ok(self) -> Output {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

/// It ended with `code`, printed no result, and said all of `said` on stderr.
#[track_caller]
pub fn check_refused(done: &Output, code: i32, said: &[&str]) {
    assert_eq!(done.stdout, "", "{done:?}");
    check_failed(done, code, said);
}

/// The same, whatever it showed before.
#[track_caller]
pub fn check_failed(done: &Output, code: i32, said: &[&str]) {
    assert_eq!(done.code, code, "{done:?}");
    for text in said {
        assert!(done.stderr.contains(text), "`{text}` is not in {done:?}");
    }
}

impl Sandbox {
    /// A home whose upstream is a port that nobody listens on.
    pub fn new() -> Sandbox {
        let dir = tempfile::Builder::new().prefix("cam-it-").tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap();
        let mut sandbox =
            Sandbox { _dir: dir, home, environment: BTreeMap::new(), ahead: Arc::new(AtomicI64::new(10_000)) };
        for (name, place) in [
            ("HOME", ""),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_STATE_HOME", "state"),
            ("CAM_ACCOUNTS_FILE", "accounts.json"),
            ("CAM_CONFIG_FILE", "config.toml"),
            ("CAM_DATA_DIR", "cam-data"),
        ] {
            let place = sandbox.path(place).display().to_string();
            sandbox.set(name, &place);
        }
        sandbox.set("PATH", &std::env::var("PATH").unwrap_or_default());
        // OpenCode starts often here and does little: what its engine compiles for later takes a fifth of each start.
        sandbox.set("BUN_JSC_useFTLJIT", "0");
        // Nothing ever goes to a real provider.
        for base in ["CAM_OPENAI_BASE_URL", "CAM_CHATGPT_BASE_URL", "CAM_AUTH_ISSUER"] {
            sandbox.set(base, "http://127.0.0.1:9");
        }
        sandbox
    }

    /// A home whose upstream is at `base_url`.
    pub fn with_upstream(base_url: &str) -> Sandbox {
        let mut sandbox = Sandbox::new();
        sandbox.set("CAM_OPENAI_BASE_URL", base_url);
        sandbox
    }

    /// Puts the ChatGPT backend and its issuer at `base_url`.
    pub fn set_chatgpt(&mut self, base_url: &str) -> &mut Sandbox {
        self.set("CAM_CHATGPT_BASE_URL", base_url).set("CAM_AUTH_ISSUER", base_url)
    }

    /// Trusts an authority, whose certificate this is, beside those of the system.
    pub fn trust(&mut self, authority: &str) -> &mut Sandbox {
        let file = self.path("authority.pem");
        std::fs::write(&file, authority).unwrap();
        let file = file.display().to_string();
        self.set("SSL_CERT_FILE", &file)
    }

    /// Sets a variable for every command from now on.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Sandbox {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Takes a variable away.
    pub fn unset(&mut self, name: &str) -> &mut Sandbox {
        self.environment.remove(name);
        self
    }

    /// Lets no process ask a provider by itself: what is not asked for must not be among the requests that are counted.
    pub fn without_polling(&self) -> &Sandbox {
        std::fs::write(self.path("config.toml"), "[polling]\nenabled = false\n").unwrap();
        self
    }

    /// A place in the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// The home itself.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The accounts file, as the environment names it.
    pub fn accounts_file(&self) -> PathBuf {
        PathBuf::from(&self.environment["CAM_ACCOUNTS_FILE"])
    }

    /// The `.cam` folder beside it.
    pub fn cam_folder(&self) -> PathBuf {
        PathBuf::from(format!("{}.cam", self.environment["CAM_ACCOUNTS_FILE"]))
    }

    /// The bytes of the accounts file; none when there is no file.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        std::fs::read(self.accounts_file()).ok()
    }

    /// The accounts file as JSON.
    #[track_caller]
    pub fn accounts(&self) -> Value {
        serde_json::from_slice(&self.bytes().expect("there is an accounts file")).expect("the accounts file is JSON")
    }

    /// How many files the accounts were moved aside to.
    pub fn moved_aside(&self) -> usize {
        let names = std::fs::read_dir(&self.home).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with("accounts.json.reset-")).count()
    }

    /// The ids of the sessions with a record in the accounts file.
    pub fn session_ids(&self) -> Vec<String> {
        let accounts = self.accounts();
        let sessions = accounts["sessions"].as_array().cloned().unwrap_or_default();
        sessions.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Writes the accounts file as another tool would, 0600.
    pub fn write_accounts(&self, bytes: &[u8]) {
        use std::os::unix::fs::OpenOptionsExt;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(self.accounts_file()).unwrap().write_all(bytes).unwrap();
    }

    /// A program in this home, with nothing else in its environment.
    pub fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.environment).current_dir(&self.home).stdin(Stdio::null());
        command
    }

    /// The product in this home.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program(BINARY);
        command.args(args);
        command
    }

    /// A manager of this home in the test's own process, which joins no sessions.
    #[track_caller]
    pub fn manager(&self) -> Arc<Manager> {
        self.manager_at(0)
    }

    /// The same, as one that works in these folders. To its clock every file was written a while ago, so that it waits for none.
    #[track_caller]
    pub fn manager_in(&self, folders: &[PathBuf]) -> Arc<Manager> {
        let ahead = Arc::clone(&self.ahead);
        let now = move || Timestamp(Clock::system().now().0 + ahead.load(Ordering::Relaxed));
        self.manager_of(0, folders, Clock::from_fn(now))
    }

    /// Time passes for managers that were opened so.
    pub fn pass(&self, time: Duration) {
        self.ahead.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// The same, as one whose proxy is at this port.
    #[track_caller]
    pub fn manager_at(&self, port: u16) -> Arc<Manager> {
        self.manager_of(port, &[], Clock::system())
    }

    #[track_caller]
    fn manager_of(&self, port: u16, folders: &[PathBuf], clock: Clock) -> Arc<Manager> {
        let environment: Environment = self.environment.clone().into_iter().collect();
        let options = ManagerOptions {
            paths: Paths::resolve(&environment).unwrap(),
            environment,
            sources: Sources::default(),
            master_key: None,
            clock,
            kind: SessionKind::Run,
            pid: std::process::id(),
            program: None,
            folder: None,
            folders: Some(folders.to_vec()),
            host: Ipv4Addr::LOCALHOST.into(),
            port,
        };
        Manager::open(options).unwrap()
    }

    /// Runs the product to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        output(self.command(args), b"")
    }

    /// The same with something on stdin.
    pub fn run_with(&self, args: &[&str], stdin: &[u8]) -> Output {
        output(self.command(args), stdin)
    }

    /// Adds an API-key account; its id.
    #[track_caller]
    pub fn add(&self, label: &str, key: &str) -> String {
        let added = self.run_with(&["add", label, "--key-stdin", "--json"], format!("{key}\n").as_bytes()).ok();
        added.json()["id"].as_str().unwrap().to_owned()
    }
}

/// Runs `command` to its end with `stdin`.
pub fn output(mut command: Command, stdin: &[u8]) -> Output {
    use std::os::unix::process::ExitStatusExt;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that does not read its stdin may be gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let done = child.wait_with_output().unwrap();
    Output {
        code: done.status.code().or_else(|| done.status.signal().map(|signal| 128 + signal)).unwrap(),
        stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}
