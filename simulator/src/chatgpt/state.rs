//! What the server shares among its connections. No lock is held across an await.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::account::Account;
use super::backend::Backend;
use super::devices::Devices;
use super::face::Doors;
use super::issuer::Issuer;
use super::token_fault::{RefusalShape, TokenFault};
use super::token_log::TokenLog;
use crate::common::Common;

/// Shared by the handle and every connection.
pub struct ChatGpt {
    pub(super) common: Common,
    pub(super) doors: Doors,
    issuer: Mutex<Issuer>,
    devices: Mutex<Devices>,
    backend: Mutex<Backend>,
    settings: Mutex<Settings>,
    pub(super) token_log: TokenLog,
}

/// Who sits before the browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Person {
    /// Nobody yet: the page waits.
    #[default]
    Nobody,
    /// Somebody who signs in as this account.
    SignsIn(Account),
    /// Somebody who says no.
    #[cfg(feature = "scripting")]
    Denies,
}

/// How the issuer's doors behave.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) person: Person,
    pub(super) only_registered_ports: bool,
    /// The status and the shape of a refused refresh.
    pub(super) refresh_refusal: (u16, RefusalShape),
    pub(super) token_faults: VecDeque<(Option<Account>, TokenFault)>,
}

impl Settings {
    /// The fault that a call of `account` is due.
    pub(super) fn take_token_fault(&mut self, account: Option<Account>) -> Option<TokenFault> {
        let at = self.token_faults.iter().position(|(whose, _)| whose.is_none() || *whose == account)?;
        self.token_faults.remove(at).map(|(_, fault)| fault)
    }
}

impl ChatGpt {
    pub(super) fn new(common: Common, doors: Doors) -> ChatGpt {
        ChatGpt {
            common,
            doors,
            issuer: Mutex::new(Issuer::new()),
            devices: Mutex::new(Devices::new()),
            backend: Mutex::new(Backend::new()),
            settings: Mutex::new(Settings { refresh_refusal: (401, RefusalShape::ErrorCode), ..Settings::default() }),
            token_log: TokenLog::default(),
        }
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
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
