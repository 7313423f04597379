//! The simulated ChatGPT with as many logins as accounts, and a home that has them.

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Account, Login, SimulatedChatGpt, Tokens};

use super::http::{self, Response};
use super::{Sandbox, Sidecar};

/// A backend with its issuer, and N logins of it, `person-1@example.com` to `person-N@example.com`.
pub struct Logins {
    pub upstream: SimulatedChatGpt,
    pub sandbox: Sandbox,
    /// What the upstream knows each login by.
    pub accounts: Vec<Account>,
    /// The id of each in the accounts file.
    pub ids: Vec<String>,
}

/// Whether an account comes with an access token that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Valid,
    Expired,
}

impl Logins {
    /// N logins whose tokens hold.
    pub fn new(count: usize) -> Logins {
        Logins::with(count, Access::Valid)
    }

    /// N logins.
    pub fn with(count: usize, access: Access) -> Logins {
        let upstream = SimulatedChatGpt::start_on_thread().unwrap();
        let mut sandbox = Sandbox::new();
        sandbox.set_chatgpt(&upstream.base_url()).without_polling();
        let mut logins = Logins { upstream, sandbox, accounts: Vec::new(), ids: Vec::new() };
        let stored: Vec<Value> = (1..=count).map(|number| logins.sign_in(number, access)).collect();
        let file = json!({"version": 3, "accounts": stored, "activeIndex": 0, "activeIndexByFamily": {}});
        logins.sandbox.write_accounts(file.to_string().as_bytes());
        logins
    }

    fn sign_in(&mut self, number: usize, access: Access) -> Value {
        let email = format!("person-{number}@example.com");
        let tokens = self.upstream.add_login(Login::new(&email, &format!("workspace-{number}"), "plus"));
        self.accounts.push(tokens.account);
        self.ids.push(format!("login-{number}"));
        stored(&format!("login-{number}"), &email, &format!("workspace-{number}"), &tokens, access)
    }

    /// A sidecar of this home.
    pub fn sidecar(&self) -> Sidecar {
        Sidecar::start(&self.sandbox)
    }

    /// The paths of the requests so far, with the 1-based number of the login that each came with.
    pub fn served_by(&self) -> Vec<usize> {
        let requests = self.upstream.requests_of("/backend-api/codex/responses");
        let number = |account: Account| self.accounts.iter().position(|known| *known == account).unwrap() + 1;
        requests.iter().map(|request| request.account.map_or(0, number)).collect()
    }

    /// The account as the accounts file has it.
    #[track_caller]
    pub fn stored(&self, number: usize) -> Value {
        self.sandbox.accounts()["accounts"][number - 1].clone()
    }

    /// The account as `list` tells it.
    #[track_caller]
    pub fn listed(&self, number: usize) -> Value {
        self.sandbox.run(&["list", "--json"]).ok().json()["accounts"][number - 1].clone()
    }
}

/// A login as another tool writes it.
pub fn stored(id: &str, email: &str, account_id: &str, tokens: &Tokens, access: Access) -> Value {
    let expires_at: i64 = match access {
        // The simulated issuer's tokens hold for an hour.
        Access::Valid => now() + 3_500_000,
        Access::Expired => now() - 1_000,
    };
    json!({
        "id": id, "kind": "chatgpt", "email": email, "accountId": account_id, "plan": "plus",
        "accessToken": tokens.access_token, "refreshToken": tokens.refresh_token, "accessExpiresAt": expires_at,
        "addedAt": 1_700_000_000_000_i64, "lastUsed": 0,
    })
}

/// Unix milliseconds.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// Sends a request through the proxy of `sidecar`.
#[track_caller]
pub fn post(sidecar: &Sidecar, path: &str, body: &Value) -> Response {
    http::post(sidecar.port(), path, sidecar.api_key(), body)
}

/// A small request that asks for no stream.
pub fn small() -> Value {
    json!({"model": "gpt-5.2-codex", "input": "hello"})
}

/// Sends one; its answer must be good.
#[track_caller]
pub fn ask(sidecar: &Sidecar) -> Response {
    let response = post(sidecar, "/v1/responses", &small());
    assert_eq!(response.status(), 200, "{}", response.text());
    response
}

/// The one port that a browser comes back to: whoever holds this has it, on the whole machine.
#[must_use = "the port is another test's as soon as this is dropped"]
pub struct CallbackPort {
    // Never read; its drop frees the lock.
    _file: std::fs::File,
}

/// Waits for the port.
pub fn callback_port() -> CallbackPort {
    let path = std::env::temp_dir().join("cam-it-port-1455.lock");
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).unwrap();
    file.lock().unwrap();
    CallbackPort { _file: file }
}

/// A desktop whose browser goes straight where a page leads, and writes down every page it was asked for; the file of
/// those.
pub fn browser(sandbox: &mut Sandbox) -> std::path::PathBuf {
    let (folder, pages) = (sandbox.path("desktop"), sandbox.path("pages"));
    std::fs::create_dir(&folder).unwrap();
    let script = format!(
        "echo \"$1\" >> '{}'\nexec curl --silent --noproxy '*' --max-time 30 --location --output /dev/null \"$1\"",
        pages.display()
    );
    super::tools::write_program(&folder.join("xdg-open"), &script);
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    sandbox.set("PATH", &path);
    pages
}
