//! Four accounts, what happens to them, and a router that does with a choice what the manager does.

use std::collections::BTreeMap;

use codex_account_manager::domain::account::{AccountId, Families, Kind, ModelFamily, ModelScope};
use codex_account_manager::domain::health::condition::Effect;
use codex_account_manager::domain::health::{Gate, Limit};
use codex_account_manager::domain::pool::{Member, Pool, model_limit_key};
use codex_account_manager::domain::routing::decision::{Candidate, Choice, Decision, Why};
use codex_account_manager::domain::routing::load::Load;
use codex_account_manager::domain::routing::{Ask, Strategy, choose, explain};
use codex_account_manager::domain::time::Timestamp;
use codex_account_manager::domain::usage::quota::{Quota, UsedUp};

pub const NAMES: [&str; 4] = ["work", "home", "spare", "team"];
const WORK: usize = 0;
const HOME: usize = 1;
const SPARE: usize = 2;
const TEAM: usize = 3;
const PRIORITIES: [i64; 4] = [10, 10, 0, 5];
/// The share that is used up at the start, and what each answer adds.
const UTILISATION: [(f64, f64); 4] = [(0.50, 0.04), (0.30, 0.08), (0.62, 0.02), (0.45, 0.05)];

/// A time of the day on which everything happens.
pub const fn clock(hours: i64, minutes: i64, seconds: i64) -> Timestamp {
    Timestamp(((hours * 60 + minutes) * 60 + seconds) * 1000)
}

/// What is written once above each table.
pub const ABOUT: &str = "\
work   priority 10   its limit for gpt-5.2-codex is used up from 12:03 to 12:08, and again from 12:12
home   priority 10   answers 503 from 12:04 to 12:05; its breaker opens at 12:09 for a minute
spare  priority 0    another session uses it; its owner disables it at 12:06
team   priority 5    for gpt-5* only; its USD limit is reached at 12:11, until midnight";

/// What one attempt came to.
pub enum Answer {
    Served,
    Limited(Timestamp),
    Failed,
}

/// One look at the accounts and what came of it.
pub struct Attempt {
    pub decision: Option<Choice>,
    pub candidates: Vec<Candidate>,
    pub answer: Option<Answer>,
}

pub struct World {
    strategy: Strategy,
    pool: Pool,
    loads: Vec<Load>,
    current: BTreeMap<ModelFamily, usize>,
    turn: usize,
}

impl World {
    pub fn new(strategy: Strategy) -> World {
        let member = |position: usize| Member {
            id: AccountId::new(NAMES[position]),
            label: NAMES[position].to_owned(),
            kind: Kind::ApiKey,
            allowed: true,
            enabled: true,
            locked: false,
            needs_login: false,
            priority: PRIORITIES[position],
            over_limit: None,
            scope: ModelScope::new(if position == TEAM { vec!["gpt-5*".to_owned()] } else { vec![] }),
            limits: BTreeMap::new(),
            quota: Quota::default(),
            used_up: UsedUp::default(),
            used_up_models: BTreeMap::new(),
            cooldown: None,
            gate: Gate::Closed,
            unserved: BTreeMap::new(),
            live_sessions: usize::from(position == SPARE),
        };
        World {
            strategy,
            pool: Pool { members: (0..4).map(member).collect(), ..Pool::default() },
            loads: UTILISATION.map(|(utilisation, _)| Load { utilisation, ..Load::default() }).into(),
            current: BTreeMap::new(),
            turn: 0,
        }
    }

    /// What others do to the accounts by `now`.
    pub fn happen(&mut self, now: Timestamp) {
        self.pool.members[SPARE].enabled = now < clock(12, 6, 0);
        self.pool.members[TEAM].over_limit = (now >= clock(12, 11, 0)).then_some(clock(24, 0, 0));
        let home = &mut self.pool.members[HOME];
        if (clock(12, 9, 0)..clock(12, 10, 0)).contains(&now) {
            home.gate = Gate::Open { until: clock(12, 10, 0) };
        }
    }

    /// Routes one request: to one account after the other until one serves it.
    pub fn request(&mut self, model: &str, bound: Option<&str>, now: Timestamp) -> Vec<Attempt> {
        let family = ModelFamily::of(Some(model), &Families::default());
        let mut tried: Vec<usize> = Vec::new();
        let mut attempts: Vec<Attempt> = Vec::new();
        loop {
            let loads = self.loads.clone();
            let ask = Ask {
                current: self.current.get(&family).copied(),
                bound: bound.and_then(|name| self.pool.position(&AccountId::new(name))),
                excluded: &tried,
                loads: &loads,
                turn: self.turn,
                ..Ask::new(Some(model), &family)
            };
            let candidates = explain(&self.pool, &ask, self.strategy, now).candidates;
            let Decision::Use(choice) = choose(&self.pool, &ask, self.strategy, now) else {
                attempts.push(Attempt { decision: None, candidates, answer: None });
                return attempts;
            };
            let answer = self.attempt(choice.position, model, &family, now);
            // A request that can go nowhere else says nothing about where the others go.
            if choice.why != Why::Bound {
                self.turn = choice.position + 1;
                self.current.insert(family.clone(), choice.position);
            }
            let served = matches!(answer, Answer::Served);
            attempts.push(Attempt { decision: Some(choice), candidates, answer: Some(answer) });
            if served {
                return attempts;
            }
            tried.push(choice.position);
        }
    }

    fn attempt(&mut self, position: usize, model: &str, family: &ModelFamily, now: Timestamp) -> Answer {
        let (member, load) = (&mut self.pool.members[position], &mut self.loads[position]);
        load.condition.apply(Effect::Began, now);
        if let Some(until) = limit(position, family, now) {
            member.limits.insert(family.to_string(), Limit::ending(until));
            member.limits.insert(model_limit_key(family, model), Limit::ending(until));
            load.condition.apply(Effect::RateLimited, now);
            return Answer::Limited(until);
        }
        if position == HOME && (clock(12, 4, 0)..clock(12, 5, 0)).contains(&now) {
            load.condition.apply(Effect::Failed, now);
            return Answer::Failed;
        }
        member.gate = Gate::Closed;
        load.condition.apply(Effect::Succeeded, now);
        load.utilisation += UTILISATION[position].1;
        Answer::Served
    }
}

/// When the limit ends that an attempt of now runs into.
fn limit(position: usize, family: &ModelFamily, now: Timestamp) -> Option<Timestamp> {
    let spans = [(clock(12, 3, 0), clock(12, 8, 0)), (clock(12, 12, 0), clock(12, 20, 0))];
    let is_hit = position == WORK && family.as_str() == "gpt-5.2-codex";
    spans.into_iter().find(|(from, until)| is_hit && (*from..*until).contains(&now)).map(|(_, until)| until)
}
