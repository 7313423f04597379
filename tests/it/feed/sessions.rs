//! Sessions and what happens in them, in real processes.

use std::time::{Duration, Instant};

use codex_account_manager::protocol::accounts::{AccountSelector, AccountsSwitchParams};
use codex_account_manager::protocol::pins::SwitchScope;
use codex_account_manager::protocol::routing::RoutingExplainParams;
use codex_account_manager::protocol::{AccountsSwitch, RoutingExplain};
use codex_account_manager::tui::fact::{Fact, Finished, Link, Question, What};
use codex_account_manager::tui::feed::CallError;
use rustix::process::Signal;
use simulated_openai::api::Answer;

use super::{Watching, is_finished, is_selected};
use crate::support::upstream::{answer, ask, small_request};
use crate::support::{PATIENCE, Pool, Running, http, process};

#[track_caller]
fn is_open(watching: &mut Watching, session: &str) {
    watching.find("its socket is open", |fact| match fact {
        Fact::Link(id, Link::Open) if id == session => Some(()),
        _ => None,
    });
}

#[test]
fn decisions_of_every_session_arrive_with_their_ends() {
    let pool = Pool::new(2);
    let mut watching = Watching::start(&pool.sandbox);
    watching.sessions(0);
    let sidecars = [pool.sidecar(), pool.sidecar()];
    let ids = watching.sessions(2);
    for sidecar in &sidecars {
        assert!(ids.contains(&sidecar.session_id().to_owned()));
        watching.rewind();
        is_open(&mut watching, sidecar.session_id());
    }
    for sidecar in &sidecars {
        let number = ask(&pool, sidecar, "gpt-5.2");
        let selected = watching.news("an account is chosen", is_selected);
        let What::Selected { account, model, attempt, .. } = &selected.what else { unreachable!() };
        assert_eq!((account.as_str(), model.as_deref(), *attempt), (pool.ids[number - 1].as_str(), Some("gpt-5.2"), 1));
        assert_eq!(selected.session, sidecar.session_id());
        watching.rewind();
        let finished = watching.news("it is finished", |news| is_finished(news) && news.request == selected.request);
        let What::Finished(Finished { status, tokens, .. }) = finished.what else { unreachable!() };
        assert_eq!((status, tokens.is_some()), (200, true));
    }
}

#[test]
fn a_session_that_is_killed_is_gone_at_once_and_its_requests_are_lost() {
    let pool = Pool::new(1);
    let mut watching = Watching::start(&pool.sandbox);
    let mut sidecar = pool.sidecar();
    let id = sidecar.session_id().to_owned();
    is_open(&mut watching, &id);
    pool.script(1, Answer::Slow(PATIENCE));
    let (port, key) = (sidecar.port(), sidecar.api_key().to_owned());
    let client = std::thread::spawn(move || {
        let body = small_request("gpt-5.2");
        let _ = std::panic::catch_unwind(|| http::post(port, "/v1/responses", &key, &body));
    });
    let selected = watching.news("it is under way", is_selected);
    sidecar.kill();
    client.join().unwrap();
    let lost = watching.news("it is lost", |news| news.what == What::Lost);
    assert_eq!((lost.session, lost.request), (id, selected.request));
    watching.sessions(0);
}

#[test]
fn a_session_is_asked_and_what_it_refuses_keeps_its_kind_and_hint() {
    let pool = Pool::new(2);
    let mut watching = Watching::start(&pool.sandbox);
    let mut sidecar = pool.sidecar();
    let id = sidecar.session_id().to_owned();
    is_open(&mut watching, &id);
    let (feed, runtime) = (watching.feed.clone(), watching.runtime.clone());
    let call = |account: &str| {
        let (feed, id, account) = (feed.clone(), id.clone(), account.to_owned());
        let (answer, answered) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            let account = Some(AccountSelector::Name(account));
            let params = AccountsSwitchParams { account, family: None, scope: Some(SwitchScope::Session) };
            answer.send(feed.call::<AccountsSwitch>(&id, &params).await).unwrap();
        });
        answered.recv_timeout(PATIENCE).unwrap()
    };
    let switched = call(&pool.ids[1]).unwrap();
    assert_eq!(switched.account.unwrap().id, pool.ids[1]);
    assert_eq!(ask(&pool, &sidecar, "gpt-5.2"), 2);
    let Err(CallError::Refused(refusal)) = call("nobody") else { panic!("it is not refused") };
    assert_eq!((refusal.code, refusal.kind.as_deref()), (-32010, Some("accountNotFound")));
    assert!(refusal.hint.is_some_and(|hint| hint.contains("use a number")));

    let _inside = runtime.enter();
    for session in [Some(id.clone()), None] {
        feed.explain(Question { session: session.clone(), model: Some("gpt-5.2".to_owned()) });
        let result = watching.find("it is explained", |fact| match fact {
            Fact::Explained { question, result, .. } if question.session == session => Some(result.clone()),
            _ => None,
        });
        let result = result.unwrap();
        assert!(result.candidates.len() == 2 && result.candidates.iter().all(|candidate| candidate.eligible));
        if session.is_some() {
            assert_eq!(result.chosen.as_ref(), Some(&pool.ids[1]), "it is the session's own pin");
        }
    }
    sidecar.end();
    watching.sessions(0);
    assert_eq!(call(&pool.ids[0]).unwrap_err(), CallError::Gone);
}

#[test]
fn one_that_is_stopped_holds_up_nobody_and_goes_on_where_it_was() {
    let pool = Pool::new(2);
    let mut watching = Watching::start(&pool.sandbox);
    let (stopped, other) = (pool.sidecar(), pool.sidecar());
    for sidecar in [&stopped, &other] {
        watching.rewind();
        is_open(&mut watching, sidecar.session_id());
    }
    process::signal(stopped.pid(), Signal::STOP);
    let (feed, id) = (watching.feed.clone(), stopped.session_id().to_owned());
    watching.runtime.spawn(async move { feed.call::<RoutingExplain>(&id, &RoutingExplainParams::default()).await });
    ask(&pool, &other, "gpt-5.2");
    watching.news("the other one works", |news| is_finished(news) && news.session == other.session_id());
    process::signal(stopped.pid(), Signal::CONT);
    ask(&pool, &stopped, "gpt-5.2");
    watching.news("and so does this one", |news| is_finished(news) && news.session == stopped.session_id());
}

#[test]
fn sessions_outlive_a_damaged_file_and_join_one_that_is_there_again() {
    let pool = Pool::new(1);
    let mut watching = Watching::start(&pool.sandbox);
    let sidecar = pool.sidecar();
    let id = sidecar.session_id().to_owned();
    is_open(&mut watching, &id);
    let whole = pool.sandbox.bytes().unwrap();
    pool.sandbox.write_accounts(b"{");
    watching.find("it is damaged", |fact| matches!(fact, Fact::AccountsFailed(_)).then_some(()));
    assert_eq!(answer(&sidecar, "gpt-5.2").status(), 200);
    watching.news("what is decided meanwhile", |news| is_finished(news) && news.session == id);
    pool.sandbox.write_accounts(&whole);
    watching.accounts("it is mended", |now| now.is_there);

    std::fs::remove_file(pool.sandbox.accounts_file()).unwrap();
    watching.sessions(0);
    pool.sandbox.write_accounts(&whole);
    assert_eq!(watching.sessions(1), std::slice::from_ref(&id));
    is_open(&mut watching, &id);
    ask(&pool, &sidecar, "gpt-5.2");
    watching.news("what is decided after", |news| is_finished(news) && news.session == id);
}

#[test]
fn a_feed_keeps_no_session_from_ending() {
    let pool = Pool::new(1);
    let mut watching = Watching::start(&pool.sandbox);
    for _ in 0..2 {
        let mut sidecar = pool.sidecar();
        is_open(&mut watching, sidecar.session_id());
        process::signal(sidecar.pid(), Signal::TERM);
        let (status, took) = sidecar.end_within(Duration::from_secs(2)).expect("it ends within 2 s");
        assert!(status.success(), "{status} after {took:?}");
        watching.sessions(0);
    }
}

#[test]
fn what_a_proxy_and_a_run_decide_is_seen_too() {
    let pool = Pool::new(1);
    let mut watching = Watching::start(&pool.sandbox);
    let proxy = Running::start(pool.sandbox.command(&["proxy", "--bind", "127.0.0.1:0", "--api-key", "sk-test"]));
    let run = Running::start(pool.sandbox.command(&["run", "cat"]));
    for id in watching.sessions(2) {
        watching.rewind();
        is_open(&mut watching, &id);
        let address = pool.sandbox.manager().session().rpc_of(&id).unwrap();
        if address.pid == proxy.pid() {
            let body = small_request("gpt-5.2");
            assert_eq!(http::post(address.port, "/v1/responses", "sk-test", &body).status(), 200);
            watching.news("the proxy's decision", |news| is_finished(news) && news.session == id);
        } else {
            assert_eq!(address.pid, run.pid());
        }
    }
    drop((proxy, run));
    watching.sessions(0);
}

#[test]
fn a_hundred_decisions_are_few_batches_in_their_order() {
    let pool = Pool::new(1);
    let mut watching = Watching::start(&pool.sandbox);
    let sidecar = pool.sidecar();
    is_open(&mut watching, sidecar.session_id());
    let began = Instant::now();
    for _ in 0..100 {
        assert_eq!(answer(&sidecar, "gpt-5.2").status(), 200);
    }
    let took = began.elapsed();
    let (mut finished, mut batches) = (0, 0);
    while finished < 100 {
        let news = watching.find("more of them", |fact| match fact {
            Fact::News(news) => Some(news.clone()),
            _ => None,
        });
        batches += 1;
        finished += news.iter().filter(|news| is_finished(news)).count();
    }
    assert_eq!(finished, 100);
    // Two batches of news are no closer than 50 ms, however many decisions there are; but for those that a look at the
    // sessions, which is made once or twice a second, sends along.
    let most = usize::try_from(took.as_millis() / 50 + took.as_millis() / 500).unwrap() + 5;
    assert!(batches <= most, "{batches} batches in {took:?}");
}
