//! What is done with the server: people are added, what they are answered is scripted, and they enter codes.

#[cfg(feature = "scripting")]
mod scripting;

use super::account::{Account, Login, Tokens};
use super::devices::Decision;
use super::quota::Quota;
use super::state::{ChatGpt, Person};
use crate::answer::Answer;
use crate::server::Server;

#[cfg(feature = "scripting")]
pub use scripting::Request;

impl Server<ChatGpt> {
    /// Makes a login known and signs it in: what is returned is good now.
    pub fn add_login(&self, login: Login) -> Tokens {
        let now = self.face.common.now();
        let account = self.face.issuer().add(login);
        self.face.backend().add(account, now);
        self.face.issuer().sign_in(account, now)
    }

    /// What an account was given last, by whichever way.
    pub fn tokens(&self, account: Account) -> Tokens {
        self.face.issuer().latest[&account].clone()
    }

    /// Refuses the access tokens that an account has now with a bare `Unauthorized`.
    pub fn expire_access(&self, account: Account) {
        self.face.issuer().refuse_access(account);
    }

    /// Lets the person before the browser sign in as this account, every time from now on.
    pub fn signs_in(&self, account: Account) {
        self.face.settings().person = Person::SignsIn(account);
    }

    /// The user codes that nobody has entered yet.
    pub fn waiting_user_codes(&self) -> Vec<String> {
        self.face.devices().waiting()
    }

    /// Enters a user code as this account; `false` when it does not wait for anyone.
    pub fn approve_device(&self, user_code: &str, account: Account) -> bool {
        self.face.devices().decide(user_code, Decision::Approved(account))
    }

    /// Enters the next user code as this account as soon as it is polled.
    pub fn approve_next_device(&self, account: Account) {
        self.face.devices().approvals.push_back(account);
    }

    /// Queues `answer` for the next response of an account that its rules let through; first in, first out.
    pub fn script(&self, account: Account, answer: Answer) {
        self.face.backend().of(account).responses.queue(answer);
    }

    /// Gives every response of an account that no script answers this `answer`, until `None`.
    pub fn always(&self, account: Account, answer: Option<Answer>) {
        self.face.backend().of(account).responses.stand(answer);
    }

    /// Sets the quota of an account: five hours and a week at the start, both unused.
    pub fn set_quota(&self, account: Account, quota: Quota) {
        self.face.backend().of(account).quota = quota;
    }

    /// Sets how much of every window one response uses, in percent; 0 at the start.
    pub fn set_quota_step(&self, percent: f64) {
        self.face.backend().quota_step = percent;
    }

    /// How many refreshes of tokens have come in so far.
    pub fn refreshes(&self) -> usize {
        self.face.issuer().refreshes
    }
}
