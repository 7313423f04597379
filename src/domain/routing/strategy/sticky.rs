//! `sticky`: keep the account in use; when it cannot serve, the one with the fewest live sessions, counting on.

use super::{Rule, Strategy};
use crate::domain::pool::Pool;
use crate::domain::routing::decision::{Choice, Why};
use crate::domain::routing::serving::Serving;
use crate::domain::routing::{Ask, serving};
use crate::domain::time::Timestamp;

/// Keeps the account in use until it cannot serve.
pub const RULE: Rule = Rule {
    name: "sticky",
    brief: "keep the account until it cannot serve",
    chooses: "the account in use; when it cannot serve, the one with the fewest live sessions. The default of `sidecar` \
              and `run`",
    explanation: "Keeps the account in use, for each family of models, until it cannot serve; then takes the one with the \
                  fewest live sessions. `proxy` keeps one account for each conversation, which it recognises by \
                  `prompt_cache_key`, a session header, or the first messages",
    why_brief: "in use",
    why: "it is the one in use",
    keeps_an_account: true,
    weighs_load: false,
    choose,
    score: |_, _, _, _| None,
};

/// The account in use if it can serve, else the next by the rule above; one that is due for a probe comes after those
/// that need none, because nothing is gained by leaving for it.
fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    // The usual way: nobody else is looked at.
    if let Some(kept) = ask.current.and_then(|current| serving::at(pool, ask, current, now)) {
        return Some(kept.because(ask, Why::Strategy(Strategy::Sticky)));
    }
    let rank = |each: &Serving<'_>| (each.probe, each.member.live_sessions);
    let from = serving::current_position(pool, ask);
    let chosen = serving::least(pool, ask, from, now, rank)?;
    Some(chosen.instead_of_current(pool, ask, Why::First, now))
}
