//! What every form of the demo plays with: the simulated upstreams, accounts at them, and this program over files of the
//! stage's own, which are gone afterwards.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::env;
use crate::manager::{random_id, random_key};
use crate::sys::files;
use simulated_openai::api::{Answer, LimitKind, SimulatedOpenAi, Wait};
use simulated_openai::chatgpt::{self as chatgpt, Account, Login, SimulatedChatGpt};

/// The person who logs in to ChatGPT, and so the label of that account.
pub const LOGIN: &str = "you@example.com";

/// The keys' labels; more of them are numbered.
const LABELS: [&str; 4] = ["work", "personal", "side-project", "spare"];

/// The labels of so many keys.
pub fn labels(count: usize) -> Vec<String> {
    let label =
        |index: usize| LABELS.get(index).map_or_else(|| format!("extra-{}", index + 1), |label| (*label).to_owned());
    (0..count).map(label).collect()
}

/// The simulated upstreams, and the accounts that they know.
pub struct Stage {
    pub upstream: SimulatedOpenAi,
    pub chatgpt: SimulatedChatGpt,
    /// Label and key.
    pub keys: Vec<(String, String)>,
    logins: Vec<(String, Account)>,
    folder: PathBuf,
}

impl Stage {
    /// Keys with these labels, and logins of these people with their plans.
    pub fn new(labels: &[String], logins: &[(&str, &str)], folder: &Path) -> Result<Stage, String> {
        let failed = |error: std::io::Error| format!("the simulated upstream cannot start: {error}");
        let upstream = SimulatedOpenAi::start_basic().map_err(failed)?;
        let chatgpt = SimulatedChatGpt::start_basic().map_err(failed)?;
        let key = |label: &String| (label.clone(), format!("sk-simulated-{}", random_key().expose()));
        let keys: Vec<(String, String)> = labels.iter().map(key).collect();
        for (_, key) in &keys {
            upstream.add_key(key);
        }
        let login = |(at, (email, plan)): (usize, &(&str, &str))| {
            let login = Login::new(email, &format!("workspace-{}", at + 1), plan);
            ((*email).to_owned(), chatgpt.add_login(login).account)
        };
        let logins = logins.iter().enumerate().map(login).collect();
        Ok(Stage { upstream, chatgpt, keys, logins, folder: folder.to_owned() })
    }

    /// Lets a person see that text streams.
    pub fn pause_between_events(&self, pause: Duration) {
        self.upstream.traffic().set_stream_pause(pause);
        self.chatgpt.traffic().set_stream_pause(pause);
    }

    /// The login of this person.
    ///
    /// # Panics
    ///
    /// There is none.
    pub fn login(&self, email: &str) -> Account {
        let found = self.logins.iter().find(|(known, _)| known == email);
        found.map(|(_, account)| *account).expect("the stage was made with this login")
    }

    /// Answers every request of an account with a limit that lasts so long.
    pub fn limit(&self, label: &str, lasts: Duration) {
        let kind = LimitKind::Tokens;
        let of_login = chatgpt::Answer::UsageLimit { status: 429, resets_in: lasts };
        self.always(label, Some(of_login), Some(Answer::RateLimit { retry_after: Wait::Usual(lasts), kind }));
    }

    /// Answers the requests of an account as usual again.
    pub fn unlimit(&self, label: &str) {
        self.always(label, None, None);
    }

    fn always(&self, label: &str, of_login: Option<chatgpt::Answer>, of_key: Option<Answer>) {
        if let Some((_, account)) = self.logins.iter().find(|(known, _)| known == label) {
            self.chatgpt.always(*account, of_login);
        }
        if let Some((_, key)) = self.keys.iter().find(|(known, _)| known == label) {
            self.upstream.always(key, of_key);
        }
    }

    /// Answers the next request of an account with a limit that is over soon.
    pub fn limit_once(&self, label: &str, lasts: Duration) {
        if let Some((_, key)) = self.keys.iter().find(|(known, _)| known == label) {
            let answer = Answer::RateLimit { retry_after: Wait::Usual(lasts), kind: LimitKind::Requests };
            self.upstream.script(key, answer);
        }
    }

    /// Answers the next request of an account by saying that the upstream is too busy.
    pub fn overload_once(&self, label: &str) {
        if let Some((_, account)) = self.logins.iter().find(|(known, _)| known == label) {
            self.chatgpt.script(*account, chatgpt::Answer::Overloaded);
        }
        if let Some((_, key)) = self.keys.iter().find(|(known, _)| known == label) {
            self.upstream.script(key, Answer::Overloaded);
        }
    }

    /// Changes what later answers say.
    pub fn say(&self, text: &str) {
        self.upstream.set_text(text);
        self.chatgpt.set_text(text);
    }

    /// A folder for an agent to work in.
    pub fn project(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.folder.join(name);
        std::fs::DirBuilder::new()
            .recursive(true)
            .create(&path)
            .map_err(|error| format!("`{}` cannot be made: {error}", path.display()))?;
        Ok(path)
    }

    /// This program over the stage's own files, with nothing of the person's.
    pub fn command(&self) -> Command {
        let program = std::env::current_exe().unwrap_or_else(|_| "codex-account-manager".into());
        let mut command = Command::from(env::program_apart(program));
        command
            .env("HOME", &self.folder)
            .env("CAM_ACCOUNTS_FILE", self.folder.join("accounts.json"))
            .env("CAM_CONFIG_FILE", self.folder.join("config.toml"))
            .env("CAM_DATA_DIR", self.data_dir())
            .env("CAM_OPENAI_BASE_URL", self.upstream.base_url())
            .env("CAM_CHATGPT_BASE_URL", self.chatgpt.base_url())
            .env("CAM_AUTH_ISSUER", self.chatgpt.base_url());
        command
    }

    /// Where the ledger is.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Adds an account with its key, and with these further words of the command line.
    pub async fn add_account(&self, label: &str, key: &str, words: &[&str]) -> Result<(), String> {
        let mut command = self.command();
        command.args(["add", label, "--key-stdin"]).args(words).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let mut stdin = child.stdin.take().expect("stdin is piped");
        stdin.write_all(key.as_bytes()).await.map_err(|error| error.to_string())?;
        drop(stdin);
        let status = child.wait().await.map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err("an account could not be added".to_owned()) }
    }

    /// Logs this person in, who types the code into the issuer's page at once.
    pub async fn log_in(&self, email: &str) -> Result<(), String> {
        self.chatgpt.approve_next_device(self.login(email));
        let mut command = self.command();
        command.args(["login", "--device"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().await.map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err("the login did not end well".to_owned()) }
    }
}

/// A text of a document; empty where there is none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A folder that goes with the demo.
pub struct Folder(PathBuf);

impl Folder {
    /// A new one, in the system's temporary folder, for this user alone.
    pub fn new() -> Result<Folder, String> {
        let path = std::env::temp_dir().join(format!("codex-account-manager-demo-{}", random_id()));
        files::create_private_folder(&path).map_err(|error| format!("`{}` cannot be made: {error}", path.display()))?;
        Ok(Folder(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The system clears its temporary folder in the end.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
