//! What the server shares among its connections. No lock is held across an await.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::account::Account;
use super::authorize::Person;
use super::backend::Backend;
use super::device::Devices;
use super::issuer::Issuer;
use super::token::{RefusalShape, TokenFault};
use super::token_log::TokenLog;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::traffic::Traffic;

/// Shared by the handle and every connection.
pub(super) struct State {
    pub(super) base_url: String,
    pub(super) traffic: Arc<Traffic>,
    clock: Clock,
    issuer: Mutex<Issuer>,
    devices: Mutex<Devices>,
    backend: Mutex<Backend>,
    settings: Mutex<Settings>,
    token_log: TokenLog,
}

/// How the issuer's doors behave.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) person: Person,
    pub(super) only_registered_ports: bool,
    /// The status and the shape of a refused refresh.
    pub(super) refresh_refusal: (u16, RefusalShape),
    token_faults: VecDeque<(Option<Account>, TokenFault)>,
}

impl Settings {
    /// Fails the next call, or the next one of that account.
    pub(super) fn script_token(&mut self, account: Option<Account>, fault: TokenFault) {
        self.token_faults.push_back((account, fault));
    }

    /// The fault that a call of `account` is due.
    pub(super) fn take_token_fault(&mut self, account: Option<Account>) -> Option<TokenFault> {
        let at = self.token_faults.iter().position(|(whose, _)| whose.is_none() || *whose == account)?;
        self.token_faults.remove(at).map(|(_, fault)| fault)
    }
}

impl State {
    pub(super) fn new(base_url: String, traffic: Arc<Traffic>) -> State {
        let settings = Settings { refresh_refusal: (401, RefusalShape::ErrorCode), ..Settings::default() };
        State {
            base_url,
            traffic,
            clock: Clock::system(),
            issuer: Mutex::new(Issuer::new()),
            devices: Mutex::new(Devices::new()),
            backend: Mutex::new(Backend::new()),
            settings: Mutex::new(settings),
            token_log: TokenLog::default(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn issuer(&self) -> MutexGuard<'_, Issuer> {
        lock(&self.issuer)
    }

    pub(super) fn devices(&self) -> MutexGuard<'_, Devices> {
        lock(&self.devices)
    }

    pub(super) fn backend(&self) -> MutexGuard<'_, Backend> {
        lock(&self.backend)
    }

    pub(super) fn settings(&self) -> MutexGuard<'_, Settings> {
        lock(&self.settings)
    }

    pub(super) fn token_log(&self) -> &TokenLog {
        &self.token_log
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
