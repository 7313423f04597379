//! The home of a reader: every file where the pages say that it is, the programs on `PATH`, and simulated providers.

use std::path::Path;

use serde_json::json;
use simulated_openai::api::SimulatedOpenAi;
use simulated_openai::chatgpt::{Account, Login as Person, SimulatedChatGpt};

use super::rules;
use crate::support::keys::random_key;
use crate::support::logins::{CallbackPort, browser, callback_port, now};
use crate::support::sandbox::{BINARY, Output};
use crate::support::terminal::Terminal;
use crate::support::{Sandbox, Sidecar, http, require, tools};

/// Where the pages say that logins come from.
const ISSUER: &str = "https://auth.openai.com";

/// Something that is there before the first command.
#[derive(Clone, Copy)]
pub enum Scene {
    /// An API-key account of this label.
    Key(&'static str),
    /// A ChatGPT account.
    Login,
    /// A sidecar runs.
    Session,
    /// Requests were served before: of a model with a price, and of one without.
    Used,
    /// Codex has a login.
    CodexLogin,
    /// OpenCode has a key.
    OpenCodeLogin,
    /// An accounts file, `other-accounts.json`.
    OtherFile,
    /// A program of the reader's own, `my_agent.py`.
    Program,
    /// The account `work` is in the group `company`, and the rules of the README are written.
    Rules,
}

/// The home, and what runs in it.
pub struct Home {
    sandbox: Sandbox,
    openai: SimulatedOpenAi,
    chatgpt: SimulatedChatGpt,
    reader: Account,
    beside: Vec<Terminal>,
    session: Option<Sidecar>,
    /// The variables that a block has set so far.
    variables: String,
    // The page of a login comes back to the one port of the machine.
    _port: CallbackPort,
}

impl Home {
    /// `None` after saying what is missing.
    pub fn new(scene: &[Scene]) -> Option<Home> {
        if !require("script") || !require("curl") {
            return None;
        }
        let openai = SimulatedOpenAi::start_on_thread().unwrap();
        let chatgpt = SimulatedChatGpt::start_on_thread().unwrap();
        let mut sandbox = Sandbox::with_upstream(&openai.base_url());
        sandbox.set_chatgpt(&chatgpt.base_url());
        for name in [
            "CAM_ACCOUNTS_FILE",
            "CAM_CONFIG_FILE",
            "CAM_DATA_DIR",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_CACHE_HOME",
            "XDG_STATE_HOME",
        ] {
            sandbox.unset(name);
        }
        // As on a desktop, without colours; and OpenCode asks nobody for anything.
        for (name, value) in [
            ("DISPLAY", ":0"),
            ("LANG", "C.UTF-8"),
            ("NO_COLOR", "1"),
            ("HTTPS_PROXY", tools::DEAD_PROXY),
            ("NO_PROXY", "127.0.0.1,localhost"),
            ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
            ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
        ] {
            sandbox.set(name, value);
        }
        let port = callback_port();
        browser(&mut sandbox);
        let programs = sandbox.path("bin");
        std::fs::create_dir(&programs).unwrap();
        link(Path::new(BINARY), &programs.join("codex-account-manager"));
        let path = std::env::var("PATH").unwrap_or_default();
        sandbox.set("PATH", &format!("{}:{}:{path}", programs.display(), sandbox.path("desktop").display()));
        let reader = chatgpt.add_login(Person::new("you@example.com", "workspace-1", "plus")).account;
        let mut home = Home {
            sandbox,
            openai,
            chatgpt,
            reader,
            beside: Vec::new(),
            session: None,
            variables: String::new(),
            _port: port,
        };
        for each in scene {
            home.set(*each);
        }
        Some(home)
    }

    fn set(&mut self, scene: Scene) {
        match scene {
            Scene::Key(label) => {
                let key = random_key();
                self.openai.add_key(&key);
                self.sandbox.add(label, &key);
            }
            Scene::Login => {
                let tokens = self.chatgpt.add_login(Person::new("me@example.com", "workspace-2", "plus"));
                let account = json!({ "email": "me@example.com", "accountId": "workspace-2", "plan": "plus",
                    "accessToken": tokens.access_token, "refreshToken": tokens.refresh_token });
                self.write("login.json", &json!({ "version": 3, "accounts": [account], "activeIndex": 0 }).to_string());
                self.sandbox.run(&["import", "login.json"]).ok();
            }
            Scene::Session => self.session = Some(Sidecar::start(&self.sandbox)),
            Scene::Used => {
                let mut sidecar = Sidecar::start(&self.sandbox);
                for model in ["gpt-5.2-codex", "house-model"] {
                    let body = json!({ "model": model, "input": "hello" });
                    let answer = http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &body);
                    assert_eq!(answer.status(), 200, "{}", answer.text());
                }
                assert_eq!(sidecar.end(), 0);
            }
            Scene::CodexLogin => {
                let tokens = self.chatgpt.add_login(Person::new("codex@example.com", "workspace-3", "pro"));
                let tokens = json!({ "id_token": tokens.id_token, "access_token": tokens.access_token,
                    "refresh_token": tokens.refresh_token, "account_id": "workspace-3" });
                self.write(".codex/auth.json", &json!({ "OPENAI_API_KEY": null, "tokens": tokens }).to_string());
            }
            Scene::OpenCodeLogin => {
                let key = random_key();
                self.openai.add_key(&key);
                let stored = json!({ "openai": { "type": "api", "key": key } });
                self.write(".local/share/opencode/auth.json", &stored.to_string());
            }
            Scene::OtherFile => {
                let account = json!({ "email": "other@example.com", "accountId": "workspace-4", "refreshToken": "rt_other",
                    "addedAt": now(), "lastUsed": 0 });
                let file = json!({ "version": 3, "accounts": [account], "activeIndex": 0 });
                self.write("other-accounts.json", &file.to_string());
            }
            Scene::Program => {
                let python = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
                    .map(|folder| folder.join("python3"))
                    .find(|path| path.is_file())
                    .expect("Python is there for the other tests too");
                link(&python, &self.sandbox.path("bin/python"));
                self.write("my_agent.py", "import os\nassert os.environ['OPENAI_BASE_URL'].endswith('/v1')\n");
            }
            Scene::Rules => {
                self.sandbox.run(&["edit", "work", "--group", "company"]).ok();
                std::fs::create_dir(self.sandbox.path("company")).unwrap();
                self.write(".config/codex-account-manager/config.toml", &rules::shown_on("README.md"));
            }
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.sandbox.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// What the page shows, where the issuer is the simulated one.
    pub fn as_simulated(&self, lines: &[String]) -> Vec<String> {
        lines.iter().map(|line| line.replace(ISSUER, &self.chatgpt.base_url())).collect()
    }

    /// Runs a line of a shell on a terminal, with these answers; `None` after saying what is missing.
    pub fn run(&mut self, line: &str, answers: &[(&str, &str)]) -> Option<Output> {
        self.chatgpt.signs_in(self.reader);
        if line.contains("--device") {
            self.chatgpt.approve_next_device(self.reader);
        }
        if ["curl", "jq"].iter().any(|tool| line.contains(tool) && !require(tool)) {
            return None;
        }
        let whole = format!("{}{line}", self.variables);
        if line.split_once('=').is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_uppercase())) {
            self.variables.extend([line, "; "]);
        }
        let mut terminal = Terminal::start_line(&self.sandbox, &on_a_wide_terminal(&whole))?;
        for (prompt, answer) in answers {
            terminal.wait_for(&format!("{prompt} "));
            if prompt.contains("key") {
                terminal.wait_until_hidden();
            }
            terminal.type_line(answer);
        }
        let mut output = terminal.finish();
        output.stdout = output.stdout.replace('\r', "");
        for (prompt, answer) in answers {
            // An answer that is typed before it is read is shown a line below.
            output.stdout = output.stdout.replace(&format!("{prompt}\n{answer}\n"), &format!("{prompt} {answer}\n"));
        }
        Some(output)
    }

    /// Starts a line that stays open; `false` after saying what is missing.
    pub fn begin(&mut self, line: &str, shown: &str) -> bool {
        let programs = self.sandbox.path("bin");
        if line.contains("opencode") && !programs.join("opencode").exists() {
            let Some(opencode) = tools::opencode() else { return false };
            link(Path::new(&opencode), &programs.join("opencode"));
        }
        let Some(terminal) = Terminal::start_line(&self.sandbox, &on_a_wide_terminal(line)) else { return false };
        terminal.wait_for(shown);
        self.beside.push(terminal);
        true
    }
}

fn on_a_wide_terminal(line: &str) -> String {
    format!("stty cols 200 rows 40; {line}")
}

fn link(program: &Path, name: &Path) {
    std::os::unix::fs::symlink(program, name).unwrap();
}
