//! What each session may use, as its record has it: siblings start apart by it, and a switch says whom it passes over.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Accounts;
use super::pool::used;
use super::view::View;
use crate::domain::account::AccountId;
use crate::domain::allowed::{Allowed, Narrowing};
use crate::domain::plain_text::bounded;
use crate::domain::pool::Pool;
use crate::domain::report::{AccountSetReport, PassedOver, SessionKind};
use crate::domain::routing::starting_account::Confined;
use crate::manager::session::{LONGEST_FOLDER, LONGEST_PROGRAM};
use crate::store::{SessionRecord, State, StoredAllowed};

/// No session is narrowed by more, as others show it.
const MOST_RULES: usize = 16;

/// What a session with this pool may use, for its record; `None` for every account.
pub(in crate::manager) fn recorded(pool: &Pool) -> Option<StoredAllowed> {
    if pool.allowed.is_all() {
        return None;
    }
    let accounts = pool.members.iter().filter(|member| member.allowed).map(|member| member.id.to_string()).collect();
    let keeping_out = pool.allowed.narrowed_by();
    // What is faulty keeps out too what another one before it does.
    let narrows = |it: &&Narrowing| it.fault.is_some() || keeping_out.contains(&it.name.as_str());
    let mut by: Vec<String> = pool.allowed.narrowings().filter(narrows).map(|it| it.name.clone()).collect();
    by.dedup();
    let fault = |it: &Narrowing| Some((it.name.clone(), it.fault.clone()?));
    let faults = pool.allowed.narrowings().filter_map(fault).collect();
    let name = pool.allowed.name().map(str::to_owned);
    Some(StoredAllowed { name, accounts, by, faults, ..StoredAllowed::default() })
}

/// What a record says of it, as it is reported: the words of a rule are known to its own session alone. The record may be another
/// program's, so its texts are cut as those of folders are.
impl From<&StoredAllowed> for AccountSetReport {
    fn from(stored: &StoredAllowed) -> AccountSetReport {
        let text = |text: &String| bounded(text, LONGEST_FOLDER);
        let narrowing = |by: &String| {
            let fault = stored.faults.get(by).and_then(text);
            let name = text(by)?;
            Some(Narrowing { brief: name.clone(), name, words: None, fault })
        };
        AccountSetReport {
            name: stored.name.as_ref().and_then(text).unwrap_or_default(),
            accounts: stored.accounts.iter().map(|id| AccountId::new(id.as_str())).collect(),
            narrowed_by: stored.by.iter().filter_map(narrowing).take(MOST_RULES).collect(),
            warnings: Vec::new(),
        }
    }
}

/// The sessions but `own` that start apart and may not use every account.
pub(in crate::manager) fn confined(state: &State, own: &str) -> Vec<Confined> {
    let others = state.sessions.iter().filter(|session| session.id != own && session.kind != SessionKind::Proxy);
    let confined = others.filter_map(|session| {
        let ids = |ids: &mut dyn Iterator<Item = &str>| ids.map(AccountId::new).collect::<BTreeSet<_>>();
        let allowed = ids(&mut session.allowed.as_ref()?.accounts.iter().map(String::as_str));
        Some(Confined { allowed, uses: ids(&mut used(session)) })
    });
    confined.collect()
}

/// Whether a session may use an account that `allowed` admits: those that share none are not beside each other.
pub(in crate::manager) fn shares(session: &SessionRecord, allowed: &Allowed) -> bool {
    let admits = |id: &String| allowed.admits(&AccountId::new(id.clone()));
    session.allowed.as_ref().is_none_or(|theirs| theirs.accounts.iter().any(admits))
}

impl Accounts {
    /// The live sessions that may not use `account`.
    pub(in crate::manager) fn passed_over(&self, state: &State, account: &AccountId) -> Vec<PassedOver> {
        let alive = state.sessions.iter().filter(|session| self.store.is_alive(&session.id));
        let over = alive.filter_map(|session| {
            let allowed = session.allowed.as_ref()?;
            let admits = allowed.accounts.iter().any(|id| id == account.as_str());
            let by = allowed.by.iter().filter_map(|name| bounded(name, LONGEST_FOLDER)).take(MOST_RULES);
            let by: Vec<String> = by.collect();
            (!admits).then(|| PassedOver {
                id: session.id.clone(),
                pid: session.pid,
                program: session.program.as_deref().and_then(|program| bounded(program, LONGEST_PROGRAM)),
                folder: session.folder.as_deref().and_then(|folder| bounded(folder, LONGEST_FOLDER)),
                rule: by.join(" and "),
            })
        });
        over.collect()
    }

    /// Brings this session's record up to what it may use now.
    pub(in crate::manager) fn keep_allowed(self: &Arc<Self>, view: &View) {
        let own = self.session.identity().id.clone();
        let kept = |record: &SessionRecord, pool: &Pool| {
            // What a later version wrote stays.
            let extra = record.allowed.as_ref().map(|allowed| allowed.extra.clone()).unwrap_or_default();
            recorded(pool).map(|allowed| StoredAllowed { extra, ..allowed })
        };
        let Some(record) = view.state.session(&own) else { return };
        if record.allowed == kept(record, &view.pool) {
            return;
        }
        let accounts = Arc::clone(self);
        let change = move |state: &mut State, _| {
            // As it is now: a rule may have been changed since.
            let pool = accounts.pool(state);
            if let Some(record) = state.session_mut(&own) {
                record.allowed = kept(record, &pool);
            }
        };
        drop(self.write_later(change, || {}));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Another program of the user may have written it.
    #[test]
    fn what_a_record_says_is_made_harmless_before_it_is_shown() {
        let long = "x".repeat(LONGEST_FOLDER * 2);
        let by =
            std::iter::once("rule\u{1b}[31m 1\n".to_owned()).chain(std::iter::repeat_n(long.clone(), 100)).collect();
        let faults = BTreeMap::from([("rule\u{1b}[31m 1\n".to_owned(), format!("\u{1b}{long}"))]);
        let stored = StoredAllowed { name: Some(format!(" \u{202e}{long}")), by, faults, ..StoredAllowed::default() };
        let report = AccountSetReport::from(&stored);
        assert!(
            report.name.starts_with('\u{fffd}') && report.name.chars().count() == LONGEST_FOLDER,
            "{}",
            report.name
        );
        assert_eq!((&*report.narrowed_by[0].name, report.narrowed_by.len()), ("rule\u{fffd}[31m 1", MOST_RULES));
        let fault = report.narrowed_by[0].fault.as_deref().unwrap();
        assert!(fault.starts_with('\u{fffd}') && fault.chars().count() == LONGEST_FOLDER, "{fault}");
        assert!(report.narrowed_by.iter().all(|it| it.name.chars().count() <= LONGEST_FOLDER));
    }
}
