//! What is known of an account in the domain's words, wherever it stands, and what an attempt changes of it in the accounts
//! file.

use std::collections::BTreeMap;

use crate::domain::health::model_refusal::ModelRefusal;
use crate::domain::health::{Cooldown, Limit};
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::{KnownQuota, QuotaReport};

/// What keeps an account from requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Its limits by their keys.
    pub limits: BTreeMap<String, Limit>,
    /// Its bench.
    pub cooldown: Option<Cooldown>,
    /// Its credential was refused.
    pub needs_login: bool,
    /// The models that it does not have.
    pub unserved: BTreeMap<String, ModelRefusal>,
    /// Its quota.
    pub quota: Reported,
    /// When its spending limit ends, which it has reached.
    pub over_limit: Option<Timestamp>,
}

/// A quota, and when it was reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reported {
    /// Windows, meters and credits.
    pub known: KnownQuota,
    /// When the last of it was reported.
    pub at: Timestamp,
}

impl Reported {
    /// The later of the two, without meters whose windows are over.
    #[must_use = "this returns what is believed"]
    pub fn or_later(self, other: Option<&Reported>, now: Timestamp) -> Reported {
        let newest = match other {
            Some(other) if other.at >= self.at => other.clone(),
            Some(_) | None => self,
        };
        Reported { known: newest.known.current(now), at: newest.at }
    }
}

/// What siblings have to know of an account, on its way to the accounts file.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It met limits.
    Limited {
        /// Their keys.
        keys: Vec<String>,
        /// When they end.
        until: Timestamp,
    },
    /// It is benched.
    Benched {
        /// Until when, and why.
        cooldown: Cooldown,
        /// Its key was refused.
        needs_login: bool,
    },
    /// It does not have a model.
    Unserved {
        /// The model.
        model: String,
        /// Until when that is believed, and of which clients.
        refusal: ModelRefusal,
    },
    /// It served, which proves something over.
    Served {
        /// The keys of limits that are over.
        limits: Vec<String>,
        /// A model that it was believed not to have.
        model: Option<String>,
        /// Its bench is over.
        ends_bench: bool,
    },
    /// Its quota was reported.
    Quota {
        /// What was reported.
        report: QuotaReport,
        /// When.
        at: Timestamp,
        /// The keys of limits that are over.
        limits: Vec<String>,
    },
}
