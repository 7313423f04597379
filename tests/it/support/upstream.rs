//! The simulated OpenAI with as many keys as accounts, and a home that has them.

use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use simulated_openai::Secure;
use simulated_openai::api::{Answer, RecordedRequest, SimulatedOpenAi};

use super::http::{self, Response};
use super::keys::random_key;
use super::{Sandbox, Sidecar, eventually};

/// An upstream and N accounts on it, `account-1` to `account-N`.
pub struct Pool {
    pub upstream: SimulatedOpenAi,
    pub sandbox: Sandbox,
    /// The key of each account.
    pub keys: Vec<String>,
    /// The id of each account.
    pub ids: Vec<String>,
}

impl Pool {
    /// N accounts.
    pub fn new(count: usize) -> Pool {
        let upstream = SimulatedOpenAi::start_on_thread().unwrap();
        let sandbox = Sandbox::with_upstream(&upstream.base_url());
        Pool::on(upstream, sandbox, count)
    }

    /// N accounts behind TLS.
    pub fn secured(count: usize, secure: Secure) -> Pool {
        let secure = Arc::new(secure);
        let upstream = SimulatedOpenAi::start_secured_on_thread(Arc::clone(&secure)).unwrap();
        let mut sandbox = Sandbox::with_upstream(&upstream.base_url());
        sandbox.trust(secure.authority());
        Pool::on(upstream, sandbox, count)
    }

    fn on(upstream: SimulatedOpenAi, sandbox: Sandbox, count: usize) -> Pool {
        let mut pool = Pool { upstream, sandbox, keys: Vec::new(), ids: Vec::new() };
        for _ in 0..count {
            pool.add();
        }
        pool
    }

    /// One more account; its number.
    pub fn add(&mut self) -> usize {
        let (number, key) = (self.keys.len() + 1, random_key());
        self.upstream.add_key(&key);
        self.ids.push(self.sandbox.add(&format!("account-{number}"), &key));
        self.keys.push(key);
        number
    }

    /// Puts the accounts in groups, in their order, before any process runs.
    #[track_caller]
    pub fn group(&self, groups: &[&[&str]]) {
        let mut file = self.sandbox.accounts();
        for (account, groups) in file["accounts"].as_array_mut().unwrap().iter_mut().zip(groups) {
            account["groups"] = json!(groups);
        }
        self.sandbox.write_accounts(file.to_string().as_bytes());
    }

    /// A sidecar of this home.
    pub fn sidecar(&self) -> Sidecar {
        Sidecar::start(&self.sandbox)
    }

    /// Queues an answer for the account of that number, 1-based.
    pub fn script(&self, number: usize, answer: Answer) {
        self.upstream.script(&self.keys[number - 1], answer);
    }

    /// Waits until the ledger says whose `id` is: siblings read it there, and what an answer made comes there a moment after it.
    #[track_caller]
    pub fn knows_owner(&self, id: &str) {
        let file = self.sandbox.path("cam-data/ledger.sqlite");
        eventually("its owner is in the ledger", || {
            let ledger = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
            ledger.query_row("SELECT account FROM owners WHERE id = ?", [id], |_| Ok(())).ok()
        });
    }

    /// The 1-based number of the account that `request` came with.
    pub fn number_of(&self, request: &RecordedRequest) -> Option<usize> {
        self.keys.iter().position(|key| Some(key) == request.key.as_ref()).map(|position| position + 1)
    }

    /// The accounts of the requests so far.
    pub fn served_by(&self) -> Vec<Option<usize>> {
        self.upstream.requests().iter().map(|request| self.number_of(request)).collect()
    }
}

/// A small request that is not streamed.
pub fn small_request(model: &str) -> Value {
    json!({ "model": model, "input": "hello" })
}

/// Sends a small request through the proxy of `sidecar`; the 1-based number of the account that answered.
#[track_caller]
pub fn ask(pool: &Pool, sidecar: &Sidecar, model: &str) -> usize {
    let response = answer(sidecar, model);
    assert_eq!(response.status(), 200, "{}", response.text());
    let id = response.header("x-account-id").expect("the answer names its account").to_owned();
    pool.ids.iter().position(|known| *known == id).expect("the account is one of the pool's") + 1
}

/// The same, whatever the answer is.
#[track_caller]
pub fn answer(sidecar: &Sidecar, model: &str) -> Response {
    http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &small_request(model))
}
