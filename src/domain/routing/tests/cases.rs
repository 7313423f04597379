//! Each strategy beyond `sticky` by example: what it compares, its ties and its words.

use super::{LATER, NOW, ask, demand, family, pool};
use crate::domain::health::condition::Condition;
use crate::domain::health::{Gate, Limit};
use crate::domain::pool::Pool;
use crate::domain::routing::decision::{Decision, Why};
use crate::domain::routing::eligibility::{Reason, obstacles};
use crate::domain::routing::load::Load;
use crate::domain::routing::strategy::hybrid;
use crate::domain::routing::{Ask, Strategy, choose, explain};
use crate::domain::time::Timestamp;

#[track_caller]
fn check(strategy: Strategy, pool: &Pool, ask: &Ask<'_>, expected: (usize, Why)) {
    match choose(pool, ask, strategy, NOW) {
        Decision::Use(choice) => assert_eq!((choice.position, choice.why), expected),
        Decision::Exhausted(exhausted) => panic!("exhausted: {exhausted:?}"),
    }
}

fn used(utilisation: f64, seconds_ago: Option<i64>) -> Load {
    let at = |seconds: i64| Timestamp(NOW.0 - seconds * 1000);
    let condition = Condition { last_used: seconds_ago.map(at), ..Condition::default() };
    Load { utilisation, condition, ..Load::default() }
}

#[test]
fn round_robin_goes_on_from_its_turn_past_those_that_cannot_serve() {
    let (mut pool, family) = (pool(4), family());
    pool.members[2].limits.insert("gpt-5.2-codex".to_owned(), Limit::ending(LATER));
    for (turn, expected) in [(0, 0), (1, 1), (2, 3), (3, 3), (4, 0), (usize::MAX, 3)] {
        check(
            Strategy::RoundRobin,
            &pool,
            &Ask { turn, ..ask(&family, Some(1), &[]) },
            (expected, Why::Strategy(Strategy::RoundRobin)),
        );
    }
    check(Strategy::RoundRobin, &pool, &Ask { turn: 1, ..ask(&family, None, &[1]) }, (3, Why::Failover));
}

#[test]
fn least_utilized_takes_the_least_then_the_one_used_longest_ago_then_the_first() {
    let (mut pool, family) = (pool(4), family());
    let check = |loads: [Load; 4], expected: usize| {
        check(
            Strategy::LeastUtilized,
            &pool,
            &Ask { loads: &loads, ..ask(&family, Some(2), &[]) },
            (expected, Why::Strategy(Strategy::LeastUtilized)),
        );
    };
    check([used(0.5, None), used(0.3, Some(1)), used(0.3, Some(9)), used(0.4, None)], 2);
    check([used(0.3, Some(9)), used(0.3, Some(9)), used(0.3, Some(1)), used(0.3, None)], 3);
    check([used(f64::NAN, None), used(0.99, Some(1)), used(1.0, None), used(2.0, None)], 1);
    check([used(0.0, Some(1)), used(-0.0, Some(2)), used(-7.0, Some(1)), used(0.1, None)], 1);
    let loads = [used(0.9, None), used(0.1, Some(1))];
    let ask = Ask { loads: &loads, ..ask(&family, None, &[]) };
    assert_eq!(ask.load(3), Load::default(), "of one that is missing nothing is used");
    pool.members[1].enabled = false;
    let decision = choose(&pool, &ask, Strategy::LeastUtilized, NOW);
    assert!(matches!(decision, Decision::Use(choice) if choice.position == 2));
}

#[test]
fn priority_takes_the_highest_that_can_serve_and_stays_within_it() {
    let (mut pool, family) = (pool(5), family());
    for (member, priority) in pool.members.iter_mut().zip([0, 5, 5, 5, -1]) {
        member.priority = priority;
    }
    let strategy = Strategy::Priority;
    check(strategy, &pool, &ask(&family, Some(2), &[]), (2, Why::Strategy(Strategy::Priority)));
    check(strategy, &pool, &ask(&family, Some(0), &[]), (1, Why::Strategy(Strategy::Priority)));
    check(strategy, &pool, &ask(&family, None, &[]), (1, Why::Strategy(Strategy::Priority)));
    pool.members[3].live_sessions = 1;
    pool.members[2].gate = Gate::Open { until: LATER };
    check(strategy, &pool, &ask(&family, Some(2), &[]), (1, Why::Failover));
    check(strategy, &pool, &ask(&family, Some(0), &[]), (1, Why::Strategy(Strategy::Priority)));
    pool.members[1].gate = Gate::Open { until: NOW };
    check(strategy, &pool, &ask(&family, Some(1), &[]), (1, Why::Strategy(Strategy::Priority)));
    check(strategy, &pool, &ask(&family, None, &[]), (3, Why::Strategy(Strategy::Priority)));
    pool.members[1].gate = Gate::Open { until: LATER };
    check(strategy, &pool, &ask(&family, Some(1), &[]), (3, Why::Failover));
    pool.members[3].enabled = false;
    check(strategy, &pool, &ask(&family, Some(1), &[]), (0, Why::Failover));
}

#[test]
fn the_score_of_hybrid_is_made_of_its_constants() {
    let at = Timestamp(NOW.0 - 600_000);
    let condition = Condition { health: 80.0, health_at: at, bucket: 10.0, bucket_at: NOW, last_used: Some(at) };
    let load = Load { condition, ..Load::default() };
    // 2 · (80 and 2 an hour for ten minutes), a fifth of the bucket, 600 s idle.
    let expected = 2.0 * (80.0 + 1.0 / 3.0) + 100.0 + 60.0;
    assert!((hybrid::Weight::of(&load, false, NOW).score - expected).abs() < 1e-9);
    assert!((hybrid::Weight::of(&load, true, NOW).score - expected - 150.0).abs() < 1e-9);
    assert!(
        (hybrid::Weight::of(&Load::default(), false, NOW).score - 1000.0).abs() < 1e-9,
        "never used: 140 + 500 + 360"
    );
    // A plan of which nine tenths are used holds 5 requests of 50 at most.
    let spent = Load { quota_used: 0.9, ..Load::default() };
    assert!((hybrid::Weight::of(&spent, false, NOW).score - 550.0).abs() < 1e-9, "140 + 50 + 360");
    assert!(
        hybrid::Weight::of(&spent, false, NOW).is_usable
            && !hybrid::Weight::of(&Load { quota_used: 0.99, ..spent }, false, NOW).is_usable
    );
}

#[test]
fn hybrid_keeps_its_account_until_another_is_100_ahead_and_rests_the_tired() {
    let (mut pool, family) = (pool(3), family());
    let in_condition = |health: f64, bucket: f64| {
        let condition = Condition { health, health_at: NOW, bucket, bucket_at: NOW, last_used: Some(NOW) };
        Load { condition, ..Load::default() }
    };
    let strategy = Strategy::Hybrid;
    // The account in use: 2·60 + 250 + 150 = 520; the last one 2·60 + 500 = 620, or a little less.
    let ahead = [in_condition(60.0, 25.0), in_condition(60.0, 20.0), in_condition(60.0, 50.0)];
    check(strategy, &pool, &Ask { loads: &ahead, ..ask(&family, Some(0), &[]) }, (2, Why::Strategy(Strategy::Hybrid)));
    let not_far_enough = [ahead[0], ahead[1], in_condition(59.9, 50.0)];
    check(
        strategy,
        &pool,
        &Ask { loads: &not_far_enough, ..ask(&family, Some(0), &[]) },
        (0, Why::Strategy(Strategy::Hybrid)),
    );
    let ill = [in_condition(49.9, 50.0), in_condition(90.0, 0.9), in_condition(50.0, 1.0)];
    check(strategy, &pool, &Ask { loads: &ill, ..ask(&family, Some(0), &[]) }, (2, Why::Strategy(Strategy::Hybrid)));
    pool.members[2].enabled = false;
    // 2·49.9 + 500 = 599.8 against 2·90 + 9 = 189: nobody is well, and none is refused for that.
    check(strategy, &pool, &Ask { loads: &ill, ..ask(&family, None, &[]) }, (0, Why::Strategy(Strategy::Hybrid)));
    check(strategy, &pool, &Ask { loads: &ill, ..ask(&family, Some(2), &[]) }, (0, Why::Failover));
    check(strategy, &pool, &ask(&family, None, &[]), (0, Why::Strategy(Strategy::Hybrid)));
}

#[test]
fn a_bound_request_has_one_account_or_none() {
    let (mut pool, family) = (pool(3), family());
    let bound = Ask { bound: Some(1), pinned: Some(2), ..ask(&family, Some(0), &[]) };
    check(Strategy::Sticky, &pool, &bound, (1, Why::Bound));
    pool.members[1].limits.insert("gpt-5.2-codex".to_owned(), Limit::ending(LATER));
    let Decision::Exhausted(exhausted) = choose(&pool, &bound, Strategy::Hybrid, NOW) else {
        panic!("a wrong account was chosen")
    };
    assert_eq!(exhausted.candidates.iter().map(|candidate| candidate.position).collect::<Vec<_>>(), [1]);
    assert_eq!((exhausted.available_at, exhausted.rate_limited), (Some(LATER), true));
    let explanation = explain(&pool, &bound, Strategy::Sticky, NOW);
    assert_eq!((explanation.chosen, explanation.candidates.len()), (None, 3));
    assert_eq!(explanation.available_at, Some(LATER));
}

#[test]
fn one_that_is_due_for_a_probe_keeps_its_place_so_that_it_is_found_well_again() {
    let (mut pool, family) = (pool(2), family());
    pool.members[0].gate = Gate::Open { until: NOW };
    check(Strategy::Sticky, &pool, &ask(&family, Some(0), &[]), (0, Why::Strategy(Strategy::Sticky)));
    check(Strategy::Priority, &pool, &ask(&family, Some(0), &[]), (0, Why::Strategy(Strategy::Priority)));
    check(Strategy::Hybrid, &pool, &ask(&family, Some(0), &[]), (0, Why::Strategy(Strategy::Hybrid)));
    check(Strategy::RoundRobin, &pool, &ask(&family, None, &[]), (0, Why::Strategy(Strategy::RoundRobin)));
    // A session that begins has nothing to gain from it.
    check(Strategy::Sticky, &pool, &ask(&family, None, &[]), (1, Why::First));
}

#[test]
fn a_spending_limit_ends_by_itself_and_is_told_with_its_end() {
    let (mut pool, family) = (pool(1), family());
    pool.members[0].over_limit = Some(LATER);
    let found = obstacles(&pool.members[0], &demand(None, &family), NOW);
    assert_eq!(found.iter().map(|o| (o.reason, o.until)).collect::<Vec<_>>(), [(Reason::OverLimit, Some(LATER))]);
    let Decision::Exhausted(exhausted) = choose(&pool, &ask(&family, None, &[]), Strategy::Priority, NOW) else {
        panic!("money was spent")
    };
    assert_eq!((exhausted.available_at, exhausted.rate_limited), (Some(LATER), true));
    assert!(obstacles(&pool.members[0], &demand(None, &family), LATER).is_empty());
}
