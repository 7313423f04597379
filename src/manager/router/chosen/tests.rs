//! What follows from choices, without a store.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::domain::account::ModelScope;
use crate::domain::account_set::{Named, Selection};
use crate::domain::health::{Gate, Limit};
use crate::domain::pool::{Member, model_limit_key};
use crate::domain::projects::{Bound, Bounds};
use crate::domain::routing::conversation::conversation_key;
use crate::domain::usage::quota::{Quota, UsedUp};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn id(name: &str) -> AccountId {
    AccountId::new(name)
}

fn family() -> ModelFamily {
    ModelFamily::named("codex")
}

fn member(name: &str, kind: Kind) -> Member {
    Member {
        id: id(name),
        label: name.to_owned(),
        kind,
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

/// Two logins and a key.
fn pool() -> Pool {
    let members = vec![member("a", Kind::ChatGpt), member("b", Kind::ChatGpt), member("key", Kind::ApiKey)];
    Pool { members, ..Pool::default() }
}

fn request(model: &str) -> RouteRequest {
    RouteRequest { model: Some(model.to_owned()), family: family(), ..RouteRequest::default() }
}

struct Session {
    chosen: Chosen,
    pool: Pool,
}

impl Session {
    fn of(kind: SessionKind) -> Session {
        Session { chosen: Chosen::new(kind, 7), pool: pool() }
    }

    fn take(&mut self, request: &RouteRequest, position: usize, why: Why, strategy: Strategy) -> Move {
        let choice = Choice { position, why, probe: false };
        self.chosen.take(&self.pool, request, choice, strategy, NOW)
    }

    fn current(&mut self, request: &RouteRequest) -> Option<usize> {
        self.chosen.standpoint(&self.pool, request, NOW).current
    }
}

#[test]
fn a_session_is_where_its_last_request_went() {
    let mut session = Session::of(SessionKind::Sidecar);
    session.chosen.begin_at(Some(id("a")), false);
    session.chosen.begin_at(Some(id("b")), true);
    let request = request("m");
    assert_eq!(session.current(&request), Some(0), "it starts once");
    let first = session.take(&request, 0, Why::Strategy(Strategy::Sticky), Strategy::Sticky);
    assert_eq!(first, Move { is_new: true, notice: Some(None) });
    assert_eq!(
        session.take(&request, 0, Why::Strategy(Strategy::Sticky), Strategy::Sticky),
        Move::default(),
        "it was there"
    );
    let failover = session.take(&request, 1, Why::Failover, Strategy::Sticky);
    assert_eq!(failover, Move { is_new: true, notice: Some(Some(id("a"))) });
    assert_eq!(session.current(&request), Some(1));
    assert_eq!(session.take(&request, 0, Why::Bound, Strategy::Sticky), Move::default());
    assert_eq!(session.current(&request), Some(1), "a bound request says nothing of where the session is");
}

#[test]
fn where_every_request_goes_elsewhere_only_the_first_is_news() {
    let mut session = Session::of(SessionKind::Sidecar);
    let request = request("m");
    assert!(session.take(&request, 0, Why::First, Strategy::RoundRobin).is_new);
    assert_eq!(session.take(&request, 1, Why::Strategy(Strategy::RoundRobin), Strategy::RoundRobin), Move::default());
    assert!(session.take(&request, 0, Why::Failover, Strategy::RoundRobin).notice.is_some());
}

#[test]
fn a_key_that_stands_in_for_a_login_does_not_move_the_session() {
    let mut session = Session::of(SessionKind::Sidecar);
    session.take(&request("m"), 0, Why::First, Strategy::Sticky);
    for request in
        [RouteRequest { needs_api_key: true, ..request("m") }, RouteRequest { prefers_api_key: true, ..request("m") }]
    {
        assert_eq!(session.take(&request, 2, Why::Failover, Strategy::Sticky), Move::default());
    }
    assert_eq!(session.current(&request("m")), Some(0));
}

#[test]
fn a_model_whose_own_limit_is_met_moves_alone() {
    let mut session = Session::of(SessionKind::Sidecar);
    session.take(&request("m"), 0, Why::First, Strategy::Sticky);
    let limit = Limit::ending(NOW.after(Duration::from_secs(60)));
    session.pool.members[0].limits.insert(model_limit_key(&family(), "spark"), limit);
    let moved = session.take(&request("spark"), 1, Why::Failover, Strategy::Sticky);
    assert_eq!(moved, Move { is_new: false, notice: Some(Some(id("a"))) });
    assert_eq!(
        session.take(&request("spark"), 1, Why::Strategy(Strategy::Sticky), Strategy::Sticky),
        Move::default(),
        "said once"
    );
    assert_eq!((session.current(&request("spark")), session.current(&request("m"))), (Some(1), Some(0)));
    session.pool.members[0].limits.clear();
    assert_eq!(session.current(&request("spark")), Some(0), "it comes back when the limit is over");
}

#[test]
fn an_account_that_is_gone_is_forgotten_by_the_next_model_that_moves() {
    let mut session = Session::of(SessionKind::Sidecar);
    session.take(&request("m"), 0, Why::First, Strategy::Sticky);
    let limit = Limit::ending(NOW.after(Duration::from_secs(60)));
    for (model, position) in [("spark", 1), ("mini", 2)] {
        session.pool.members[0].limits.insert(model_limit_key(&family(), model), limit);
        session.take(&request(model), position, Why::Failover, Strategy::Sticky);
    }
    session.pool.members.remove(1);
    session.pool.members[0].limits.insert(model_limit_key(&family(), "nano"), limit);
    session.take(&request("nano"), 1, Why::Failover, Strategy::Sticky);
    let models: Vec<&str> = session.chosen.aside.keys().map(|(_, model)| model.as_str()).collect();
    assert_eq!(models, ["mini", "nano"]);
}

#[test]
fn a_proxy_keeps_an_account_for_each_conversation() {
    let mut session = Session::of(SessionKind::Proxy);
    let of = |text: &str| RouteRequest {
        conversation: conversation_key(None, &|_| None, Some(text.as_bytes())),
        ..request("m")
    };
    session.take(&of("one"), 0, Why::First, Strategy::Sticky);
    session.take(&of("two"), 1, Why::First, Strategy::Sticky);
    assert_eq!([of("one"), of("two"), of("three")].map(|it| session.current(&it)), [Some(0), Some(1), None]);
}

#[test]
fn names_of_families_and_models_do_not_add_up() {
    let mut session = Session::of(SessionKind::Sidecar);
    for number in 0..1_000 {
        let family = ModelFamily::named(format!("family {number}"));
        let request = RouteRequest { family, ..request("m") };
        session.take(&request, 0, Why::First, Strategy::Sticky);
    }
    assert_eq!(session.chosen.whereabouts().current.len(), MOST_FAMILIES);
}

#[test]
fn a_family_begins_where_the_session_started_or_where_the_file_says() {
    let start = |start: Option<&str>, shifted, named: Option<usize>| {
        let mut session = Session::of(SessionKind::Run);
        session.chosen.begin_at(start.map(id), shifted);
        session.pool.active_by_family = named.map(|position| ("codex".to_owned(), position)).into_iter().collect();
        session.chosen.current(&session.pool, &family())
    };
    assert_eq!(start(Some("b"), true, Some(2)), Some(1));
    assert_eq!(start(Some("b"), false, Some(2)), Some(2));
    assert_eq!(start(Some("b"), false, Some(0)), Some(1), "its start stands in for an active one that was not usable");
    assert_eq!(start(None, false, Some(0)), Some(0));
    assert_eq!(start(None, false, Some(9)), None);
}

#[test]
fn processes_begin_apart_among_what_they_may_use() {
    let ids = ["a", "b", "key"].map(|id| Named { id, label: id, groups: &[], has_unknown_groups: false });
    for (words, expected) in
        [(None, [0, 1, 2, 0]), (Some("a, key"), [0, 2, 0, 2]), (Some("key"), [2; 4]), (Some(""), [0; 4])]
    {
        let bound = |text| Bound::new("", Selection::parse(text).map_err(|_| String::new()));
        let allowed = Bounds::new(words.map(bound).into_iter().collect()).allowed(&ids);
        let mut pool = pool();
        pool.members.iter_mut().for_each(|member| member.allowed = allowed.admits(&member.id));
        pool.allowed = Arc::new(allowed);
        let begins = [0, 1, 2, 3]
            .map(|pid| Chosen::new(SessionKind::Proxy, pid).standpoint(&pool, &request("gpt-5"), NOW).begin);
        assert_eq!(begins, expected, "{words:?}");
    }
}
