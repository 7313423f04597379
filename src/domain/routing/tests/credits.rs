//! Accounts that would serve on credits come after all that have included quota, in every strategy; a model whose meter is
//! used up is out alone.

use super::{LATER, NOW, ask, family, pool};
use crate::domain::account::ModelFamily;
use crate::domain::pool::Pool;
use crate::domain::routing::decision::{Decision, Why};
use crate::domain::routing::load::Load;
use crate::domain::routing::{Ask, Strategy, choose};
use crate::domain::usage::quota::UsedUp;

const USED_UP: UsedUp = UsedUp { until: Some(LATER), on_credits: None };
const ON_CREDITS: UsedUp = UsedUp { until: Some(LATER), on_credits: Some(LATER) };

fn chosen(pool: &Pool, ask: &Ask<'_>, strategy: Strategy) -> Option<(usize, Why)> {
    match choose(pool, ask, strategy, NOW) {
        Decision::Use(choice) => Some((choice.position, choice.why)),
        Decision::Exhausted(_) => None,
    }
}

#[test]
fn credits_are_used_last_whatever_the_strategy() {
    let family = family();
    // The best of all by priority and by load, and the one in use.
    let loads =
        [Load::default(), Load { utilisation: 0.9, ..Load::default() }, Load { utilisation: 0.9, ..Load::default() }];
    for strategy in Strategy::ALL {
        let mut pool = pool(3);
        pool.members[0].used_up = ON_CREDITS;
        pool.members[0].priority = 9;
        let ask = Ask { loads: &loads, ..ask(&family, Some(0), &[]) };
        let (position, _) = chosen(&pool, &ask, strategy).unwrap();
        assert_ne!(position, 0, "{strategy:?}");
        pool.members[1].enabled = false;
        assert_eq!(chosen(&pool, &ask, strategy).unwrap().0, 2, "{strategy:?}");
        // Now it is all there is.
        pool.members[2].used_up = USED_UP;
        assert_eq!(chosen(&pool, &ask, strategy).unwrap().0, 0, "{strategy:?}");
        pool.members[0].used_up = USED_UP;
        assert_eq!(chosen(&pool, &ask, strategy), None, "{strategy:?}");
    }
}

#[test]
fn a_session_leaves_for_included_quota_and_a_pin_stays() {
    let (mut pool, family) = (pool(2), family());
    pool.members[0].used_up = ON_CREDITS;
    let in_use = ask(&family, Some(0), &[]);
    assert_eq!(chosen(&pool, &in_use, Strategy::Sticky), Some((1, Why::Failover)));
    let open = Ask { open: Some(0), ..in_use.clone() };
    assert_eq!(chosen(&pool, &open, Strategy::Sticky), Some((1, Why::Failover)));
    let pinned = Ask { pinned: Some(0), ..in_use.clone() };
    assert_eq!(chosen(&pool, &pinned, Strategy::Sticky), Some((0, Why::Pinned)));
    let bound = Ask { bound: Some(0), ..in_use.clone() };
    assert_eq!(chosen(&pool, &bound, Strategy::Sticky), Some((0, Why::Bound)));
    // Tried and limited: the one on credits is what is left.
    assert_eq!(chosen(&pool, &Ask { excluded: &[1], ..in_use.clone() }, Strategy::Sticky), Some((0, Why::Failover)));
    // All on credits: it stays where it is.
    pool.members[1].used_up = ON_CREDITS;
    assert_eq!(chosen(&pool, &in_use, Strategy::Sticky), Some((0, Why::Strategy(Strategy::Sticky))));
    assert_eq!(chosen(&pool, &open, Strategy::Sticky), Some((0, Why::Strategy(Strategy::Sticky))));
}

#[test]
fn a_meter_that_is_used_up_keeps_its_model_away_alone() {
    let (mut pool, family) = (pool(2), ModelFamily::named("codex"));
    pool.members[0].used_up_models.insert("spark".to_owned(), USED_UP);
    for (model, expected) in [
        (Some("spark"), (1, Why::Failover)),
        (Some("gpt-5.3-codex"), (0, Why::Strategy(Strategy::Sticky))),
        (None, (0, Why::Strategy(Strategy::Sticky))),
    ] {
        let ask = Ask { current: Some(0), ..Ask::new(model, &family) };
        assert_eq!(chosen(&pool, &ask, Strategy::Sticky), Some(expected), "{model:?}");
    }
    pool.members[1].enabled = false;
    let ask = Ask { current: Some(0), ..Ask::new(Some("spark"), &family) };
    assert_eq!(chosen(&pool, &ask, Strategy::Sticky), None);
    pool.members[0].used_up_models.insert("spark".to_owned(), ON_CREDITS);
    assert_eq!(chosen(&pool, &ask, Strategy::Sticky), Some((0, Why::Strategy(Strategy::Sticky))));
}
