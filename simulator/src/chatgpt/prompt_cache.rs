//! The prompt cache, as clients meet it: what one machine has read of a conversation it does not read again, and which
//! machine a request goes to is up to what the request says of its session. One that says nothing goes to any of them.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::account::Account;
use crate::words::mixed;

/// How many machines share the requests that name no session; half of the requests meet the other one.
const MACHINES: u64 = 2;

/// A prompt that is shorter is not kept, in tokens.
const SHORTEST: u64 = 1_024;

/// What is kept has a multiple of so many tokens.
const STEP: u64 = 128;

/// The bytes of a token.
const TOKEN: u64 = 4;

/// What has been read so far.
#[derive(Default)]
pub(super) struct PromptCache {
    /// Each beginning of a prompt that a machine has read.
    begun: HashSet<(u64, u64)>,
    /// Each whole prompt that a machine has read.
    whole: HashSet<(u64, u64)>,
    /// How often the prompts of each account were found.
    pub(super) counts: HashMap<Account, CacheCounts>,
}

/// How often an account's prompts were found in the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// The prompts that are long enough to be kept.
    pub prompts: u64,
    /// Those that go on from one that their machine has read.
    pub hits: u64,
}

impl PromptCache {
    /// How many tokens of `request` its machine has read before, in whole steps; `serial` chooses the machine where the
    /// request names no session.
    pub(super) fn read(&mut self, account: Account, session: Option<&str>, request: &Value, serial: u64) -> u64 {
        let machine = machine(account, session, request, serial);
        let mut beginnings = beginnings(request);
        beginnings.retain(|(_, bytes)| bytes / TOKEN >= SHORTEST);
        let Some((all, _)) = beginnings.last() else { return 0 };
        let known = beginnings.iter().rev().find(|(beginning, _)| self.begun.contains(&(machine, *beginning)));
        let known = known.map_or(0, |(_, bytes)| bytes / TOKEN / STEP * STEP);
        let counts = self.counts.entry(account).or_default();
        counts.prompts += 1;
        counts.hits += u64::from(beginnings.iter().any(|(beginning, _)| self.whole.contains(&(machine, *beginning))));
        self.whole.insert((machine, *all));
        self.begun.extend(beginnings.iter().map(|(beginning, _)| (machine, *beginning)));
        known
    }
}

/// The machine that a request goes to: what names the session has to stay the same all of it, be it one name or two.
fn machine(account: Account, session: Option<&str>, request: &Value, serial: u64) -> u64 {
    let key = request["prompt_cache_key"].as_str().filter(|key| !key.is_empty());
    let any = (session.is_none() && key.is_none()).then_some(mixed(serial) % MACHINES);
    hash(&(account, session, key, any, request["model"].as_str()))
}

/// Each beginning of the prompt up to the end of an item, the shortest first, and its bytes. An item is named by what it
/// says: its id and its status are none of the prompt.
fn beginnings(request: &Value) -> Vec<(u64, u64)> {
    let before = format!("{}{}", request["instructions"], request["tools"]);
    let items = request["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut so_far = (hash(&before), before.len() as u64);
    let extended = items.iter().map(|item| {
        let mut item = item.clone();
        if let Some(fields) = item.as_object_mut() {
            fields.remove("id");
            fields.remove("status");
        }
        let text = item.to_string();
        so_far = (hash(&(so_far.0, &text)), so_far.1 + text.len() as u64);
        so_far
    });
    extended.collect()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
