//! `sticky`, eligibility and where sessions start by example; the other strategies are in `cases`, what holds always
//! in `properties`.

mod cases;
mod credits;
mod properties;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::decision::{Decision, Why};
use super::eligibility::{Demand, Reason, obstacles};
use super::setback::Setback;
use super::starting_account::{Confined, Newcomer, Start, starting_account};
use super::{Ask, Strategy, choose};
use crate::domain::account::{AccountId, Kind, ModelFamily, ModelScope};
use crate::domain::account_set::{Named, Selection};
use crate::domain::client_version::ClientVersion;
use crate::domain::health::{Cooldown, Gate, Limit, Outcome, REASON_AUTH, REASON_QUOTA};
use crate::domain::pool::{Member, Pool};
use crate::domain::projects::{Allowed, Bound, Bounds};
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::{Quota, UsedUp};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const LATER: Timestamp = Timestamp(1_700_000_900_000);

fn member(name: &str) -> Member {
    Member {
        id: AccountId::new(name),
        label: name.to_owned(),
        kind: Kind::ApiKey,
        allowed: true,
        enabled: true,
        locked: false,
        needs_login: false,
        priority: 0,
        over_limit: None,
        scope: ModelScope::default(),
        limits: [].into(),
        quota: Quota::default(),
        used_up: UsedUp::default(),
        used_up_models: [].into(),
        cooldown: None,
        gate: Gate::Closed,
        unserved: [].into(),
        live_sessions: 0,
    }
}

fn demand<'a>(model: Option<&'a str>, family: &'a ModelFamily) -> Demand<'a> {
    Demand {
        model,
        family,
        needs_api_key: false,
        client_version: ClientVersion::default(),
        within: None,
        spent_until: None,
    }
}

fn pool(count: usize) -> Pool {
    Pool { members: (0..count).map(|n| member(&format!("a{n}"))).collect(), ..Pool::default() }
}

fn ask<'a>(family: &'a ModelFamily, current: Option<usize>, excluded: &'a [usize]) -> Ask<'a> {
    Ask { current, excluded, ..Ask::new(Some("gpt-5.2-codex"), family) }
}

fn family() -> ModelFamily {
    ModelFamily::named("gpt-5.2-codex")
}

#[track_caller]
fn chosen(pool: &Pool, ask: &Ask<'_>) -> (usize, Why) {
    match choose(pool, ask, Strategy::Sticky, NOW) {
        Decision::Use(choice) => (choice.position, choice.why),
        Decision::Exhausted(exhausted) => panic!("exhausted: {exhausted:?}"),
    }
}

#[test]
fn sticky_keeps_its_account_and_fails_over_to_the_fewest_sessions_counting_on() {
    let mut pool = pool(4);
    let family = family();
    assert_eq!(chosen(&pool, &ask(&family, Some(2), &[])), (2, Why::Strategy(Strategy::Sticky)));
    pool.members[2].limits.insert("gpt-5.2-codex".to_owned(), Limit::ending(LATER));
    assert_eq!(chosen(&pool, &ask(&family, Some(2), &[])), (3, Why::Failover));
    pool.members[3].live_sessions = 1;
    assert_eq!(chosen(&pool, &ask(&family, Some(2), &[])), (0, Why::Failover));
    assert_eq!(chosen(&pool, &ask(&family, Some(2), &[0, 1])), (3, Why::Failover));
}

#[test]
fn a_pin_wins_gives_way_while_it_cannot_serve_and_is_returned_to() {
    let mut pool = pool(3);
    let family = family();
    let pinned = Ask { pinned: Some(1), ..ask(&family, Some(0), &[]) };
    assert_eq!(chosen(&pool, &pinned), (1, Why::Pinned));
    pool.members[1].limits.insert("gpt-5.2-codex:gpt-5.2-codex".to_owned(), Limit::ending(LATER));
    assert_eq!(chosen(&pool, &pinned), (0, Why::Strategy(Strategy::Sticky)));
    pool.members[1].limits.clear();
    assert_eq!(chosen(&pool, &pinned), (1, Why::Pinned));
}

#[test]
fn a_limit_of_one_family_leaves_the_others_alone() {
    let mut pool = pool(2);
    pool.members[0].limits.insert("codex".to_owned(), Limit::ending(LATER));
    let family = ModelFamily::named("gpt-5.1");
    assert_eq!(
        chosen(&pool, &Ask { model: Some("gpt-5.1"), ..ask(&family, Some(0), &[]) }),
        (0, Why::Strategy(Strategy::Sticky))
    );
}

#[test]
fn a_skipped_account_always_carries_its_reasons_in_the_order_of_their_weight() {
    let mut worst = member("worst");
    worst.enabled = false;
    worst.locked = true;
    worst.needs_login = true;
    worst.kind = Kind::ChatGpt;
    worst.limits.insert("gpt-5.2-codex".to_owned(), Limit::ending(LATER));
    worst.cooldown = Some(Cooldown { until: LATER, since: None, reason: REASON_QUOTA.to_owned() });
    worst.gate = Gate::Open { until: LATER };
    worst.scope = ModelScope::new(vec!["gpt-4*".to_owned()]);
    let reasons: Vec<_> =
        obstacles(&worst, &Demand { needs_api_key: true, ..demand(Some("gpt-5.2-codex"), &family()) }, NOW)
            .iter()
            .map(|o| o.reason.name())
            .collect();
    insta::assert_snapshot!(reasons.join(" "), @"disabled locked needsLogin rateLimited coolingDown circuitOpen modelNotInScope notServed");
}

#[test]
fn when_nothing_can_serve_the_soonest_end_is_told_and_whether_waiting_helps() {
    let mut pool = pool(3);
    let family = family();
    pool.members[0].limits.insert("gpt-5.2-codex".to_owned(), Limit::ending(LATER));
    pool.members[1].enabled = false;
    pool.members[2].limits.insert("gpt-5.2-codex".to_owned(), Limit::ending(Timestamp(NOW.0 + 5)));
    let Decision::Exhausted(exhausted) = choose(&pool, &ask(&family, None, &[]), Strategy::Sticky, NOW) else {
        panic!("an account was found")
    };
    assert_eq!(exhausted.available_at, Some(Timestamp(NOW.0 + 5)));
    assert!(exhausted.rate_limited);
    assert_eq!(exhausted.candidates[1].available_at(), None);
}

#[test]
fn a_benched_key_is_probed_after_its_hour_and_only_when_no_other_can_serve() {
    let mut pool = pool(2);
    let family = family();
    pool.members[0].needs_login = true;
    pool.members[0].cooldown =
        Some(Cooldown { until: Timestamp(NOW.0 - 1), since: None, reason: REASON_AUTH.to_owned() });
    assert_eq!(chosen(&pool, &ask(&family, None, &[])), (1, Why::First));
    pool.members[1].enabled = false;
    let Decision::Use(choice) = choose(&pool, &ask(&family, None, &[]), Strategy::Sticky, NOW) else { panic!("none") };
    assert!(choice.probe && choice.position == 0);
    pool.members[0].cooldown = Some(Cooldown { until: LATER, since: None, reason: REASON_AUTH.to_owned() });
    let Decision::Exhausted(exhausted) = choose(&pool, &ask(&family, None, &[]), Strategy::Sticky, NOW) else {
        panic!("probed too early")
    };
    assert_eq!(exhausted.candidates[0].obstacles[0].reason, Reason::NeedsLogin);
    assert_eq!(exhausted.available_at, Some(LATER));
}

#[test]
fn a_limit_left_by_a_clock_that_jumped_is_not_believed() {
    let mut pool = pool(1);
    let family = family();
    pool.members[0].limits.insert("gpt-5.2-codex".to_owned(), Limit::ending(Timestamp(NOW.0 + 30 * 86_400_000)));
    assert_eq!(chosen(&pool, &ask(&family, Some(0), &[])), (0, Why::Strategy(Strategy::Sticky)));
    // Twenty seconds from a time that is a day ahead: the clock was set back since.
    let (since, until) = (Timestamp(NOW.0 + 86_400_000), Timestamp(NOW.0 + 86_420_000));
    pool.members[0].limits = [("gpt-5.2-codex".to_owned(), Limit { until, since: Some(since) })].into();
    pool.members[0].cooldown = Some(Cooldown { until, since: Some(since), reason: REASON_QUOTA.to_owned() });
    assert_eq!(chosen(&pool, &ask(&family, Some(0), &[])), (0, Why::Strategy(Strategy::Sticky)));
    // Two machines that share the file differ by some seconds.
    let since = Timestamp(NOW.0 + 5_000);
    pool.members[0].limits = [("gpt-5.2-codex".to_owned(), Limit { until: LATER, since: Some(since) })].into();
    assert!(matches!(choose(&pool, &ask(&family, Some(0), &[]), Strategy::Sticky, NOW), Decision::Exhausted(_)));
}

#[test]
fn what_came_of_an_account_that_was_tried_is_its_reason() {
    let pool = pool(2);
    let family = family();
    let refuse = |tried: &[(AccountId, Setback)]| {
        let Decision::Exhausted(exhausted) = choose(&pool, &ask(&family, None, &[0, 1]), Strategy::Sticky, NOW) else {
            panic!("an account was found")
        };
        exhausted.with_tried(tried, NOW)
    };
    let limit = Setback::of(&Outcome::RateLimited { wait: Duration::from_millis(200) }, 429, NOW).unwrap();
    let (a, b) = (pool.members[0].id.clone(), pool.members[1].id.clone());
    let limited = refuse(&[(a.clone(), limit), (b.clone(), limit)]);
    assert!(limited.rate_limited);
    assert_eq!(limited.available_at, Some(Timestamp(NOW.0 + 1_000)));
    assert_eq!(limited.candidates[0].reasons().collect::<Vec<_>>(), [Reason::RateLimited]);
    let failed = refuse(&[(a, Setback::NoAnswer), (b, Setback::Failed(500))]);
    assert!(!failed.rate_limited);
    assert_eq!(
        failed.candidates.iter().map(|each| each.tried).collect::<Vec<_>>(),
        [Some(Setback::NoAnswer), Some(Setback::Failed(500))]
    );
}

/// What a rule leaves that names these accounts alone.
fn only(pool: &Pool, allowed: &BTreeSet<AccountId>) -> Allowed {
    let named = pool.members.iter().map(|member| Named {
        id: member.id.as_str(),
        label: &member.label,
        groups: &[],
        has_unknown_groups: false,
    });
    let accounts = Selection::of(allowed.iter().map(AccountId::as_str)).map_err(|why| why.to_string());
    Bounds::new(vec![Bound::new("rule 1", accounts)]).allowed(&named.collect::<Vec<_>>())
}

/// One that may go anywhere leaves free what others have no choice but to use.
#[test]
fn one_that_has_a_choice_starts_where_nobody_has_to() {
    let pool = pool(4);
    let id = |position: usize| pool.members[position].id.clone();
    let confined = [Confined { allowed: [id(0), id(1)].into(), uses: [id(0)].into() }];
    let mut seen = pool.clone();
    seen.members[0].live_sessions = 1;
    for pid in 0..4 {
        let newcomer = Newcomer { pid, others: 1, spread: true, confined: &confined };
        assert!(starting_account(&seen, newcomer, NOW).unwrap().position >= 2);
    }
}

#[test]
fn one_that_is_alone_starts_on_the_active_account() {
    let mut pool = pool(3);
    pool.active = 1;
    let alone = Newcomer { pid: 77, others: 0, spread: true, confined: &[] };
    assert_eq!(starting_account(&pool, alone, NOW), Some(Start { position: 1, shifted: false }));
    pool.members[1].enabled = false;
    assert_eq!(starting_account(&pool, alone, NOW), Some(Start { position: 2, shifted: false }));
    let crowded = Newcomer { others: 5, spread: false, ..alone };
    assert_eq!(starting_account(&pool, crowded, NOW), Some(Start { position: 2, shifted: false }));
}

proptest! {
    #[test]
    fn k_sessions_on_at_least_k_usable_accounts_all_start_apart(
        accounts in 1usize..12, active in 0usize..12, pids in prop::collection::vec(any::<u32>(), 1..12),
    ) {
        let mut pool = pool(accounts);
        pool.active = active;
        let mut starts = BTreeSet::new();
        for (others, pid) in pids.iter().take(accounts).enumerate() {
            let newcomer = Newcomer { pid: *pid, others, spread: true, confined: &[] };
            let start = starting_account(&pool, newcomer, NOW).expect("usable");
            pool.members[start.position].live_sessions += 1;
            prop_assert!(starts.insert(start.position));
        }
    }

    /// Those that may use the same accounts differ among themselves, wherever the others are and in whatever order they come.
    #[test]
    fn those_under_one_rule_start_apart_within_what_it_allows(
        accounts in 2usize..10, active in 0usize..10, allowed in 1usize..9, elsewhere in prop::collection::vec(0usize..10, 0..12),
        comes in prop::collection::vec((any::<u32>(), any::<bool>()), 1..16),
    ) {
        let mut all = pool(accounts);
        all.active = active;
        for position in elsewhere.into_iter().filter(|position| *position < accounts) {
            all.members[position].live_sessions += 1;
        }
        let allowed: BTreeSet<AccountId> = all.members.iter().take(allowed).map(|member| member.id.clone()).collect();
        let (mut confined, mut starts) = (Vec::<Confined>::new(), BTreeSet::new());
        for (others, (pid, is_confined)) in comes.into_iter().enumerate() {
            let mut seen = all.clone();
            if is_confined {
                seen.allowed = Arc::new(only(&all, &allowed));
                seen.members.iter_mut().for_each(|member| member.allowed = allowed.contains(&member.id));
            }
            let newcomer = Newcomer { pid, others, spread: true, confined: &confined };
            let start = starting_account(&seen, newcomer, NOW).expect("usable");
            let id = all.members[start.position].id.clone();
            all.members[start.position].live_sessions += 1;
            if is_confined {
                prop_assert!(allowed.contains(&id));
                prop_assert!(others == 0 || starts.len() >= allowed.len() || starts.insert(id.clone()), "{id} again");
                starts.insert(id.clone());
                confined.push(Confined { allowed: allowed.clone(), uses: BTreeSet::from([id]) });
            }
        }
    }
}
