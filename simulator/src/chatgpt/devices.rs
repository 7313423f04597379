//! The device codes that were given out, and how people decided on them.

use std::collections::VecDeque;
use std::time::Duration;

use super::account::Account;
use crate::clock::Timestamp;

/// The codes that were given out, and how they are dealt with.
pub(super) struct Devices {
    /// Whether the workspace allows the flow.
    pub(super) enabled: bool,
    pub(super) lifetime: Duration,
    /// 403 or 404.
    pub(super) pending_status: u16,
    pub(super) codes: Vec<DeviceCode>,
    /// Who enters the next codes as soon as they are polled.
    pub(super) approvals: VecDeque<Account>,
}

pub(super) struct DeviceCode {
    pub(super) id: String,
    pub(super) user_code: String,
    pub(super) expires: Timestamp,
    pub(super) decision: Option<Decision>,
}

#[derive(Clone, Copy)]
pub(super) enum Decision {
    Approved(Account),
    #[cfg(feature = "scripting")]
    Denied,
    /// The tokens' code was handed out; there is no second one.
    Taken,
}

impl Devices {
    pub(super) fn new() -> Devices {
        Devices {
            enabled: true,
            lifetime: Duration::from_secs(15 * 60),
            pending_status: 403,
            codes: Vec::new(),
            approvals: VecDeque::new(),
        }
    }

    /// Whether `user_code` waits for a person, who now decides.
    pub(super) fn decide(&mut self, user_code: &str, decision: Decision) -> bool {
        let code = self.codes.iter_mut().find(|code| code.user_code == user_code && code.decision.is_none());
        code.map(|code| code.decision = Some(decision)).is_some()
    }

    /// The user codes that wait for a person.
    pub(super) fn waiting(&self) -> Vec<String> {
        self.codes.iter().filter(|code| code.decision.is_none()).map(|code| code.user_code.clone()).collect()
    }
}
