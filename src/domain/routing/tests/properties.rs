//! What holds for every strategy over pools of every make.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;

use super::{LATER, NOW, demand, family, member};
use crate::domain::account::{AccountId, Kind, ModelFamily, ModelScope};
use crate::domain::account_set::{Named, Selection};
use crate::domain::health::condition::Condition;
use crate::domain::health::model_refusal::ModelRefusal;
use crate::domain::health::{Cooldown, Gate, Limit, REASON_AUTH, REASON_QUOTA};
use crate::domain::pool::{Member, Pool};
use crate::domain::projects::{Bound as ProjectBound, Bounds};
use crate::domain::routing::decision::{Decision, Why};
use crate::domain::routing::eligibility::{Reason, can_serve, needs_probe, obstacles};
use crate::domain::routing::load::Load;
use crate::domain::routing::strategy::hybrid;
use crate::domain::routing::{Ask, Strategy, choose, explain};
use crate::domain::time::Timestamp;

const MODEL: &str = "gpt-5.2-codex";
const EARLIER: Timestamp = Timestamp(NOW.0 - 1);

/// A pool and all that a request may ask of it.
#[derive(Clone, Debug)]
struct Scene {
    pool: Pool,
    loads: Vec<Load>,
    current: Option<usize>,
    pinned: Option<usize>,
    bound: Option<usize>,
    excluded: Vec<usize>,
    turn: usize,
}

impl Scene {
    fn ask<'a>(&'a self, family: &'a ModelFamily) -> Ask<'a> {
        Ask {
            current: self.current,
            pinned: self.pinned,
            bound: self.bound,
            excluded: &self.excluded,
            loads: &self.loads,
            turn: self.turn,
            ..Ask::new(Some(MODEL), family)
        }
    }

    fn serves(&self, position: usize) -> bool {
        let member = self.pool.members.get(position);
        member.is_some_and(|member| can_serve(member, &demand(Some(MODEL), &family()), NOW))
            && !self.excluded.contains(&position)
    }

    fn serving(&self) -> Vec<usize> {
        (0..self.pool.members.len()).filter(|position| self.serves(*position)).collect()
    }

    fn is_due_for_a_probe(&self, position: usize) -> bool {
        needs_probe(&self.pool.members[position], NOW)
    }
}

/// One thing that may be the matter with an account; half of the accounts have nothing.
fn trouble() -> impl Generator<Value = usize> {
    prop_oneof![Just(usize::MAX), 0usize..15]
}

fn troubled(trouble: usize, priority: i64, live_sessions: usize) -> Member {
    let plain = Member { priority, live_sessions, ..member("") };
    let cooling = |until, reason: &str| Some(Cooldown { until, since: None, reason: reason.to_owned() });
    match trouble {
        0 => Member { enabled: false, ..plain },
        1 => Member { locked: true, ..plain },
        2 => Member { needs_login: true, ..plain },
        3 => Member { needs_login: true, cooldown: cooling(LATER, REASON_AUTH), ..plain },
        4 => Member { needs_login: true, cooldown: cooling(EARLIER, REASON_AUTH), ..plain },
        5 => Member { over_limit: Some(LATER), ..plain },
        6 => Member { over_limit: Some(EARLIER), ..plain },
        7 => Member { limits: [(MODEL.to_owned(), Limit::ending(LATER))].into(), ..plain },
        8 => Member {
            limits: [(format!("{MODEL}:{MODEL}"), Limit::ending(LATER)), (MODEL.to_owned(), Limit::ending(EARLIER))]
                .into(),
            ..plain
        },
        9 => Member { cooldown: cooling(LATER, REASON_QUOTA), ..plain },
        10 => Member { cooldown: cooling(EARLIER, REASON_QUOTA), ..plain },
        11 => Member { gate: Gate::Open { until: LATER }, ..plain },
        12 => Member { gate: Gate::Open { until: NOW }, scope: ModelScope::new(vec!["*codex".to_owned()]), ..plain },
        13 => Member { scope: ModelScope::new(vec!["gpt-4*".to_owned()]), kind: Kind::ChatGpt, ..plain },
        14 => Member { unserved: [(MODEL.to_owned(), ModelRefusal { until: LATER, version: None })].into(), ..plain },
        _ => plain,
    }
}

fn any_load() -> impl Generator<Value = Load> {
    let utilisation = prop_oneof![Just(0.0), Just(0.5), Just(f64::NAN), Just(-0.0), Just(f64::INFINITY), any::<f64>()];
    let health = prop_oneof![0.0..100.0, Just(f64::NAN), Just(70.0)];
    let condition = (health, 0.0..50.0, prop::option::of(0i64..7_200_000)).prop_map(|(health, bucket, ago)| {
        let at = Timestamp(NOW.0 - ago.unwrap_or(0));
        Condition { health, health_at: at, bucket, bucket_at: at, last_used: ago.map(|_| at) }
    });
    (utilisation, condition).prop_map(|(utilisation, condition)| Load { utilisation, condition, ..Load::default() })
}

fn any_scene() -> impl Generator<Value = Scene> {
    let account = (trouble(), -1i64..2, 0usize..3);
    let position = || prop::option::weighted(0.4, 0usize..10);
    let requests = (position(), position(), position(), prop::collection::vec(0usize..10, 0..3), any::<usize>());
    (prop::collection::vec(account, 0..8), prop::collection::vec(any_load(), 0..8), 0usize..10, requests).prop_map(
        |(accounts, loads, active, (current, pinned, bound, excluded, turn))| {
            let members =
                accounts.into_iter().map(|(trouble, priority, sessions)| troubled(trouble, priority, sessions));
            let pool = Pool { members: members.collect(), active, ..Pool::default() };
            Scene { pool, loads, current, pinned, bound, excluded, turn }
        },
    )
}

fn any_strategy() -> impl Generator<Value = Strategy> {
    prop::sample::select(&Strategy::ALL[..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn only_an_account_that_can_serve_is_chosen_and_one_is_if_any_can(
        scene in any_scene(), strategy in any_strategy(),
    ) {
        let family = family();
        let ask = scene.ask(&family);
        let decision = choose(&scene.pool, &ask, strategy, NOW);
        let up = scene.serving().into_iter().filter(|position| scene.bound.is_none_or(|bound| bound == *position));
        match &decision {
            Decision::Use(choice) => {
                prop_assert!(scene.serves(choice.position), "{choice:?}");
                prop_assert_eq!(choice.probe, scene.is_due_for_a_probe(choice.position));
            }
            Decision::Exhausted(_) => prop_assert_eq!(up.count(), 0),
        }
        prop_assert_eq!(&decision, &choose(&scene.pool, &ask, strategy, NOW), "the same input made another choice");
    }

    #[test]
    fn every_account_that_is_skipped_says_why(scene in any_scene(), strategy in any_strategy()) {
        let family = family();
        let ask = scene.ask(&family);
        let explanation = explain(&scene.pool, &ask, strategy, NOW);
        prop_assert_eq!(explanation.candidates.len(), scene.pool.members.len());
        for (position, candidate) in explanation.candidates.iter().enumerate() {
            prop_assert_eq!(candidate.position, position);
            let skipped = !candidate.obstacles.is_empty() || candidate.excluded;
            prop_assert_eq!(skipped, !scene.serves(position), "{:?}", candidate);
            let is_probed = candidate.excluded && scene.is_due_for_a_probe(position);
            prop_assert!(!is_probed || candidate.available_at().is_none_or(|at| at > NOW), "{:?}", candidate);
            prop_assert!(!is_probed || !candidate.obstacles.is_empty(), "{:?}", candidate);
            prop_assert_eq!(candidate.probe, candidate.obstacles.is_empty() && scene.is_due_for_a_probe(position));
            prop_assert_eq!(candidate.score.is_some(), !matches!(strategy, Strategy::Sticky | Strategy::RoundRobin));
            prop_assert!(candidate.score.is_none_or(|score| !score.is_nan()));
        }
        match choose(&scene.pool, &ask, strategy, NOW) {
            Decision::Use(choice) => prop_assert_eq!(explanation.chosen, Some(choice)),
            Decision::Exhausted(exhausted) => {
                prop_assert_eq!(explanation.chosen, None);
                prop_assert_eq!(explanation.available_at, exhausted.available_at);
                for candidate in &exhausted.candidates {
                    prop_assert!(!candidate.obstacles.is_empty() || candidate.excluded);
                    prop_assert!(scene.bound.is_none_or(|bound| bound == candidate.position));
                }
            }
        }
    }

    #[test]
    fn a_resource_beats_a_pin_and_a_pin_beats_the_strategy(scene in any_scene(), strategy in any_strategy()) {
        let family = family();
        let pinned = scene.pinned.filter(|pinned| scene.serves(*pinned));
        match choose(&scene.pool, &scene.ask(&family), strategy, NOW) {
            Decision::Use(choice) => match (scene.bound, pinned) {
                (Some(bound), _) => prop_assert_eq!((choice.position, choice.why), (bound, Why::Bound)),
                (None, Some(pinned)) => prop_assert_eq!((choice.position, choice.why), (pinned, Why::Pinned)),
                (None, None) => {
                    prop_assert!(!matches!(choice.why, Why::Bound | Why::Pinned));
                    prop_assert!(scene.excluded.is_empty() || choice.why == Why::Failover);
                }
            },
            Decision::Exhausted(_) => prop_assert!(scene.bound.is_none_or(|bound| !scene.serves(bound))),
        }
    }

    #[test]
    fn sticky_leaves_for_one_that_is_due_for_a_probe_only_when_all_are(scene in any_scene()) {
        let scene = Scene { bound: None, pinned: None, current: None, ..scene };
        if let Decision::Use(choice) = choose(&scene.pool, &scene.ask(&family()), Strategy::Sticky, NOW) {
            let none_is_free = scene.serving().into_iter().all(|position| scene.is_due_for_a_probe(position));
            prop_assert_eq!(choice.probe, none_is_free);
        }
    }

    #[test]
    fn what_the_strategy_compares_by_is_best_in_the_chosen_one(scene in any_scene()) {
        let scene = Scene { bound: None, pinned: None, ..scene };
        let family = family();
        let ask = scene.ask(&family);
        let rivals: Vec<usize> = scene.serving();
        prop_assume!(!rivals.is_empty());
        let (least, first) = (Strategy::LeastUtilized, Strategy::Priority);
        for (strategy, sign) in [(least, -1.0), (first, 1.0)] {
            let explanation = explain(&scene.pool, &ask, strategy, NOW);
            let score = |position: usize| explanation.candidates[position].score.unwrap_or_default() * sign;
            let chosen = explanation.chosen.map(|choice| score(choice.position)).unwrap_or_default();
            prop_assert!(rivals.iter().all(|rival| score(*rival) <= chosen), "{strategy:?}");
        }
    }

    #[test]
    fn hybrid_leaves_a_usable_account_only_for_one_that_is_100_ahead(scene in any_scene()) {
        let scene = Scene { bound: None, pinned: None, ..scene };
        let family = family();
        let ask = scene.ask(&family);
        let usable = |position: usize| hybrid::Weight::of(&ask.load(position), false, NOW).is_usable;
        let score = |position: usize| hybrid::Weight::of(&ask.load(position), ask.current == Some(position), NOW).score;
        let rivals: Vec<usize> = scene.serving().into_iter().filter(|position| usable(*position)).collect();
        let Decision::Use(choice) = choose(&scene.pool, &ask, Strategy::Hybrid, NOW) else { return Ok(()) };
        prop_assume!(!rivals.is_empty());
        prop_assert!(rivals.contains(&choice.position));
        match scene.current.filter(|current| rivals.contains(current)) {
            Some(current) if choice.position == current => {
                prop_assert!(rivals.iter().all(|rival| score(*rival) < score(current) + 100.0));
            }
            left => {
                prop_assert!(left.is_none_or(|current| score(choice.position) >= score(current) + 100.0));
                let is_better = |rival: &usize| {
                    score(*rival) > score(choice.position)
                        || score(*rival) >= score(choice.position) && *rival < choice.position
                };
                prop_assert!(!rivals.iter().any(is_better));
            }
        }
    }

    #[test]
    fn round_robin_comes_by_each_account_that_can_serve_once_in_a_round(scene in any_scene()) {
        let mut scene = Scene { bound: None, pinned: None, ..scene };
        let serving: BTreeSet<usize> = scene.serving().into_iter().collect();
        let mut seen = BTreeSet::new();
        for _ in 0..serving.len() {
            let Decision::Use(choice) = choose(&scene.pool, &scene.ask(&family()), Strategy::RoundRobin, NOW) else {
                return Err(TestCaseError::fail("none was chosen"));
            };
            prop_assert!(seen.insert(choice.position), "twice in a round: {}", choice.position);
            scene.turn = choice.position + 1;
        }
        prop_assert_eq!(seen, serving);
    }

    /// Whatever the state, the strategy, a pin, a resource or the socket that a request came on.
    #[test]
    fn no_decision_ever_leaves_what_is_allowed(
        scene in any_scene(), strategy in any_strategy(), of_session in any::<u8>(), of_request in any::<u8>(),
        open in prop::option::of(0usize..8),
    ) {
        let mut scene = scene;
        for (position, member) in scene.pool.members.iter_mut().enumerate() {
            member.id = AccountId::new(position.to_string());
            member.allowed = of_session & (1 << position) != 0;
        }
        let ids: Vec<String> = (0..scene.pool.members.len()).map(|position| position.to_string()).collect();
        let named: Vec<Named> = ids.iter().map(|id| Named { id, label: id, groups: &[], has_unknown_groups: false }).collect();
        let of_request: Vec<&str> =
            ids.iter().enumerate().filter(|(at, _)| of_request & (1 << at) != 0).map(|(_, id)| id.as_str()).collect();
        let bound = ProjectBound::new("a rule", Ok(Selection::of(of_request.clone()).unwrap()));
        let within = Bounds::new(vec![bound]).allowed(&named);
        let family = family();
        let ask = Ask { within: Some(&within), open, ..scene.ask(&family) };
        let may = |position: usize| of_session & (1 << position) != 0 && of_request.contains(&ids[position].as_str());
        match choose(&scene.pool, &ask, strategy, NOW) {
            Decision::Use(choice) => prop_assert!(may(choice.position), "{choice:?}"),
            Decision::Exhausted(exhausted) => {
                for candidate in exhausted.candidates {
                    let refused = candidate.reasons().any(|reason| reason == Reason::NotAllowed);
                    prop_assert_eq!(refused, !may(candidate.position));
                }
            }
        }
        if let Some(choice) = explain(&scene.pool, &ask, strategy, NOW).chosen {
            prop_assert!(may(choice.position), "{choice:?}");
        }
    }

    #[test]
    fn the_quick_answer_and_the_reasons_agree(trouble in trouble()) {
        let member = troubled(trouble, 0, 0);
        let reasons = obstacles(&member, &demand(Some(MODEL), &family()), NOW);
        prop_assert_eq!(can_serve(&member, &demand(Some(MODEL), &family()), NOW), reasons.is_empty());
    }
}
