//! Whatever happens in whatever order, no decision of a manager leaves what its rules allow: limits and other failures, switches
//! here and everywhere, strategies, groups that change, rules that change or break, restarts, and requests that go on through it all.
//! What is allowed is worked out here once more, from the words of the rules.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use codex_account_manager::domain::account::{AccountId, Families, ModelFamily};
use codex_account_manager::domain::health::Outcome;
use codex_account_manager::domain::report::Scope;
use codex_account_manager::domain::routing::Strategy;
use codex_account_manager::domain::routing::setback::Setback;
use codex_account_manager::manager::Manager;
use codex_account_manager::manager::accounts::verbs::{AccountChange, Change};
use codex_account_manager::manager::outcomes::Measured;
use codex_account_manager::manager::router::{Bound, Refusal, RouteRequest};
use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;
use serde_json::json;

use crate::support::Sandbox;

const ACCOUNTS: usize = 4;
const GROUPS: [&str; 3] = ["work", "private", "spare"];
const FOLDERS: [&str; 3] = ["work/site", "work", "private"];
const PATTERNS: [&str; 4] = ["~/work/site", "~/work/**", "~/private", "~/**"];
const MODELS: [&str; 2] = ["gpt-5.2-codex", "gpt-4o"];

/// A rule: its pattern, and words that each name a group, or leave it out.
type Rule = (usize, Vec<(bool, usize)>);

#[derive(Clone, Debug)]
enum Event {
    /// A request whose attempts end so, one after the other; bound to what an account made, or not.
    Asks {
        model: usize,
        owner: Option<usize>,
        ends: Vec<usize>,
    },
    /// A request begins that goes on later.
    Begins(usize),
    /// It goes on after an attempt that ended so.
    GoesOn(usize),
    Switches {
        account: Option<usize>,
        everywhere: bool,
        of_family: bool,
    },
    Regroups {
        account: usize,
        groups: Vec<usize>,
    },
    Rules(Vec<Rule>),
    BreaksRules,
    Strategy(usize),
    Restarts(usize),
}

fn any_event() -> impl Generator<Value = Event> {
    let words = prop::collection::vec((any::<bool>(), 0..GROUPS.len()), 0..3);
    let rules = prop::collection::vec((0..PATTERNS.len(), words), 0..4);
    let owner = prop::option::weighted(0.2, 0..ACCOUNTS);
    let asks = (0..MODELS.len(), owner, prop::collection::vec(0usize..7, 5));
    prop_oneof![
        6 => asks.prop_map(|(model, owner, ends)| Event::Asks { model, owner, ends }),
        2 => (0..MODELS.len()).prop_map(Event::Begins),
        3 => (0usize..7).prop_map(Event::GoesOn),
        3 => (prop::option::weighted(0.8, 0..ACCOUNTS), any::<bool>(), any::<bool>()).prop_map(
            |(account, everywhere, of_family)| Event::Switches { account, everywhere, of_family }
        ),
        2 => (0..ACCOUNTS, prop::collection::vec(0..GROUPS.len(), 0..3))
            .prop_map(|(account, groups)| Event::Regroups { account, groups }),
        4 => rules.prop_map(Event::Rules),
        1 => Just(Event::BreaksRules),
        1 => (0..Strategy::ALL.len()).prop_map(Event::Strategy),
        2 => (0..FOLDERS.len()).prop_map(Event::Restarts),
    ]
}

/// What an attempt came to.
fn outcome(end: usize) -> Outcome {
    let wait = Duration::from_millis(20);
    match end {
        0 => Outcome::Success,
        1 => Outcome::RateLimited { wait },
        2 => Outcome::RateLimited { wait: Duration::from_secs(600) },
        3 => Outcome::OutOfQuota,
        4 => Outcome::CredentialRefused { code: None },
        5 => Outcome::ModelUnavailable { is_of_version: false },
        _ => Outcome::ServerFailure { overloaded: false },
    }
}

/// A home, a manager in it, and what is known here of its rules.
struct World {
    sandbox: Sandbox,
    manager: Arc<Manager>,
    ids: Vec<AccountId>,
    groups: Vec<BTreeSet<usize>>,
    folder: usize,
    /// The rules that hold; `None` where nobody can tell what they say.
    holding: Option<Vec<Rule>>,
    /// Those in the file, if it can be read.
    written: Option<Vec<Rule>>,
    strategy: Option<usize>,
    /// A request that is under way, and what it might use when it began.
    under_way: Option<(RouteRequest, BTreeSet<usize>)>,
}

impl World {
    fn new() -> World {
        let sandbox = Sandbox::new();
        for folder in FOLDERS {
            std::fs::create_dir_all(sandbox.path(folder)).unwrap();
        }
        let accounts: Vec<_> = (0..ACCOUNTS)
            .map(|number| json!({ "id": format!("id-{number}"), "label": format!("label-{number}"), "apiKey": format!("sk-{number}") }))
            .collect();
        sandbox.write_accounts(json!({ "version": 3, "accounts": accounts, "activeIndex": 0 }).to_string().as_bytes());
        let manager = sandbox.manager_in(&[]);
        let ids = (0..ACCOUNTS).map(|number| AccountId::new(format!("id-{number}"))).collect();
        let mut world = World {
            sandbox,
            manager,
            ids,
            groups: vec![BTreeSet::new(); ACCOUNTS],
            folder: 0,
            holding: Some(Vec::new()),
            written: Some(Vec::new()),
            strategy: None,
            under_way: None,
        };
        world.restart(0);
        world
    }

    /// The accounts that may be used, by the words of the rules.
    fn allowed(&self) -> BTreeSet<usize> {
        let all: BTreeSet<usize> = (0..ACCOUNTS).collect();
        let Some(rules) = &self.holding else { return BTreeSet::new() };
        let covers = |pattern: usize| match pattern {
            0 => self.folder == 0,
            1 => self.folder <= 1,
            2 => self.folder == 2,
            _ => true,
        };
        let Some((_, words)) = rules.iter().find(|(pattern, _)| covers(*pattern)) else { return all };
        let of = |group: usize| {
            (0..ACCOUNTS).filter(|account| self.groups[*account].contains(&group)).collect::<BTreeSet<_>>()
        };
        if words.iter().any(|(_, group)| of(*group).is_empty()) {
            return BTreeSet::new();
        }
        let only_leaves_out = !words.is_empty() && words.iter().all(|(leaves_out, _)| *leaves_out);
        let mut named = if only_leaves_out { all } else { BTreeSet::new() };
        named.extend(words.iter().filter(|(leaves_out, _)| !leaves_out).flat_map(|(_, group)| of(*group)));
        named.retain(|account| !words.iter().any(|(leaves_out, group)| *leaves_out && of(*group).contains(account)));
        named
    }

    fn write(&mut self, rules: Option<Vec<Rule>>) {
        let mut text = String::from("[polling]\nenabled = false\n");
        for (pattern, words) in rules.iter().flatten() {
            let words = words.iter().map(|(out, group)| format!("{}{}", if *out { "!" } else { "" }, GROUPS[*group]));
            let words: Vec<String> = words.collect();
            let path = PATTERNS[*pattern].replace('~', &self.sandbox.home().display().to_string());
            writeln!(text, "[[projects]]\npath = \"{path}\"\naccounts = {}", json!(words)).unwrap();
        }
        if rules.is_none() {
            text += "[[projects]]\npath = \n";
        }
        let (new, file) = (self.sandbox.path("new.toml"), self.sandbox.path("config.toml"));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, &file).unwrap();
        self.written = rules;
        // Those that held stay where the file cannot be read.
        if self.written.is_some() {
            self.holding.clone_from(&self.written);
        }
        // What says less than before must have stood for a while.
        self.manager.session().follow_config();
        self.sandbox.pass(Duration::from_secs(3));
        self.manager.session().follow_config();
        self.manager.session().look_at_project();
    }

    fn restart(&mut self, folder: usize) {
        self.folder = folder;
        self.manager = self.sandbox.manager_in(&[self.sandbox.path(FOLDERS[folder])]);
        if let Some(strategy) = self.strategy {
            self.manager.session().set_strategy(Strategy::ALL[strategy]);
        }
        self.holding.clone_from(&self.written);
        self.under_way = None;
    }

    /// A request for this model that names what an account made.
    fn request(&self, model: usize, owner: Option<usize>) -> RouteRequest {
        RouteRequest {
            request_id: "req".to_owned(),
            model: Some(MODELS[model].to_owned()),
            family: ModelFamily::of(Some(MODELS[model]), &Families::default()),
            bound: owner.map(|owner| Bound {
                resource: "resp_1".to_owned(),
                account: self.ids[owner].clone(),
                torn: None,
            }),
            ..RouteRequest::default()
        }
    }

    /// One attempt of a request that might use `before` when it began. `None` when there is no account for it.
    async fn attempt(&self, request: &mut RouteRequest, before: &BTreeSet<usize>, end: usize) -> Option<bool> {
        self.manager.consult(request).await;
        let now = self.allowed();
        match self.manager.route(request) {
            Ok(route) => {
                let account = self.ids.iter().position(|id| *id == route.account).unwrap();
                assert!(now.contains(&account) && before.contains(&account), "{account} of {now:?} and {before:?}");
                assert!(request.bound.as_ref().is_none_or(|bound| bound.account == route.account));
                let measured = Measured { status: 200, started: Instant::now() };
                drop(self.manager.record(&route, request, &outcome(end), measured));
                assert!(self.manager.may_still_use(request, &route.account));
                request.tried.push((route.account.clone(), Setback::NoAnswer));
                request.attempt += 1;
                Some(end == 0)
            }
            Err(Refusal::Exhausted(exhausted)) => {
                // It says so of each that is outside, and of no other.
                for candidate in &exhausted.candidates {
                    let is_outside = candidate.reasons().any(|reason| reason.name() == "notAllowed");
                    let may = now.contains(&candidate.position) && before.contains(&candidate.position);
                    assert_eq!(is_outside, !may, "{candidate:?}");
                }
                None
            }
            Err(Refusal::Bound(..)) => None,
            Err(Refusal::NoAccounts(why)) => panic!("{why}"),
        }
    }

    async fn happen(&mut self, event: Event) {
        match event {
            Event::Asks { model, owner, ends } => {
                let (mut request, before) = (self.request(model, owner), self.allowed());
                for end in ends {
                    if self.attempt(&mut request, &before, end).await != Some(false) {
                        break;
                    }
                }
            }
            Event::Begins(model) => {
                let (mut request, before) = (self.request(model, None), self.allowed());
                self.attempt(&mut request, &before, 1).await;
                self.under_way = Some((request, before));
            }
            Event::GoesOn(end) => {
                if let Some((mut request, before)) = self.under_way.take() {
                    // As one does that waited.
                    request.tried.clear();
                    self.attempt(&mut request, &before, end).await;
                    self.under_way = Some((request, before));
                }
            }
            Event::Switches { account, everywhere, of_family } => {
                let scope = if everywhere { Scope::Everywhere } else { Scope::Session };
                let family = of_family.then(|| ModelFamily::named("codex"));
                let may = account.is_none_or(|account| self.allowed().contains(&account));
                let wanted = account.map(|account| self.ids[account].to_string());
                let switched = self.manager.switch(wanted.clone(), family.clone(), scope).await;
                assert_eq!(switched.is_ok(), may, "{switched:?}");
                if !may {
                    // One from elsewhere is in the file all the same.
                    let elsewhere = self.sandbox.manager_in(&[]);
                    if self.holding.is_some() {
                        drop(elsewhere.switch(wanted, family, Scope::Everywhere).await);
                    }
                }
            }
            Event::Regroups { account, groups } => {
                let names = groups.iter().map(|group| GROUPS[*group].to_owned()).collect();
                let change = AccountChange { groups: Change::Set(names), ..AccountChange::default() };
                self.manager.update(self.ids[account].to_string(), change).await.unwrap();
                self.groups[account] = groups.into_iter().collect();
            }
            Event::Rules(rules) => self.write(Some(rules)),
            Event::BreaksRules => self.write(None),
            Event::Strategy(strategy) => {
                self.strategy = Some(strategy);
                self.manager.session().set_strategy(Strategy::ALL[strategy]);
            }
            Event::Restarts(folder) => self.restart(folder),
        }
        let pool = self.manager.accounts().view().pool;
        let left: BTreeSet<usize> = (0..ACCOUNTS).filter(|account| pool.members[*account].allowed).collect();
        assert_eq!(left, self.allowed(), "{}", pool.allowed.sentences());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_leads_a_decision_out_of_what_is_allowed(events in prop::collection::vec(any_event(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for event in events {
                world.happen(event).await;
            }
        });
    }
}
