//! The sessions that are alive, and a link to each. All that sessions report passes here, so that it stays in order.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::call::Links;
use super::link::{self, LinkReport};
use super::news::Newsroom;
use super::{Signals, aside};
use crate::manager::Manager;
use crate::protocol::status::Session;
use crate::tui::fact::{Fact, Link, What};

/// How often it is looked who is alive.
const LOOK: Duration = Duration::from_secs(1);

/// A session whose socket has closed may not be dead yet, by a moment.
const SECOND_LOOK: Duration = Duration::from_millis(100);

/// News wait for others for so long at most.
const BATCH: Duration = Duration::from_millis(50);

/// So many are a batch of their own.
const LONGEST_BATCH: usize = 512;

/// Reports of links that wait.
const REPORTS: usize = 256;

/// Follows the sessions until nobody wants facts any more.
pub(super) async fn follow(manager: Arc<Manager>, facts: mpsc::Sender<Fact>, signals: Arc<Signals>, links: Links) {
    let (reports, mut reported) = mpsc::channel(REPORTS);
    let mut hub = Hub {
        manager,
        facts,
        signals,
        links,
        reports,
        sessions: None,
        followed: Vec::new(),
        tasks: JoinSet::new(),
        news: Newsroom::default(),
        batch_ends: Instant::now(),
        second_look: None,
    };
    let mut tick = interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let never = || Instant::now() + LOOK;
    loop {
        let has_news = hub.news.len() > 0;
        let done = tokio::select! {
            () = hub.facts.closed() => return,
            report = reported.recv() => match report {
                Some((session, report)) => hub.take(&session, report).await,
                None => return,
            },
            () = sleep_until(hub.batch_ends), if has_news => hub.send_news().await,
            _ = tick.tick() => hub.look(&mut reported).await,
            () = hub.signals.sessions.notified() => hub.look(&mut reported).await,
            () = sleep_until(hub.second_look.unwrap_or_else(never)), if hub.second_look.is_some() => {
                hub.second_look = None;
                hub.look(&mut reported).await
            }
        };
        if done.is_none() {
            return;
        }
    }
}

struct Hub {
    manager: Arc<Manager>,
    facts: mpsc::Sender<Fact>,
    signals: Arc<Signals>,
    links: Links,
    reports: mpsc::Sender<(String, LinkReport)>,
    /// As they were reported last.
    sessions: Option<Vec<Session>>,
    followed: Vec<(String, AbortHandle)>,
    /// They end with this.
    tasks: JoinSet<()>,
    news: Newsroom,
    /// When those that wait are sent.
    batch_ends: Instant,
    second_look: Option<Instant>,
}

/// `None` when nobody wants facts any more.
type Done = Option<()>;

impl Hub {
    async fn take(&mut self, session: &str, report: LinkReport) -> Done {
        // What a link sent before it was aborted is of no use to anyone.
        if !self.followed.iter().any(|(followed, _)| followed == session) {
            return Some(());
        }
        match report {
            LinkReport::Open => self.send(Fact::Link(session.to_owned(), Link::Open)).await,
            LinkReport::Closed(why) => {
                self.second_look = Some(Instant::now() + SECOND_LOOK);
                self.signals.sessions.notify_one();
                self.send(Fact::Link(session.to_owned(), Link::Closed(why))).await
            }
            LinkReport::News(request, what) => {
                if matches!(what, What::Finished(_)) {
                    self.signals.ledger.notify_one();
                }
                self.news.add(session, request, what, self.manager.session().now());
                if self.news.len() >= LONGEST_BATCH { self.send_news().await } else { Some(()) }
            }
            LinkReport::Missed => {
                self.signals.ledger.notify_one();
                Some(())
            }
        }
    }

    /// The first after a silence is not kept waiting.
    async fn send_news(&mut self) -> Done {
        self.batch_ends = Instant::now() + BATCH;
        let news = self.news.take();
        if news.is_empty() { Some(()) } else { self.send(Fact::News(news)).await }
    }

    async fn look(&mut self, reported: &mut mpsc::Receiver<(String, LinkReport)>) -> Done {
        let Some(alive) = aside(&self.manager, Manager::live_sessions).await else { return Some(()) };
        let sessions: Vec<Session> = alive.into_iter().map(Session::from).collect();
        let ids: HashSet<&str> = sessions.iter().map(|session| session.id.as_str()).collect();
        if self.followed.iter().any(|(id, _)| !ids.contains(id.as_str())) {
            // What one that has ended said last comes before its end.
            while let Ok((session, report)) = reported.try_recv() {
                self.take(&session, report).await?;
            }
        }
        for (id, task) in self.followed.extract_if(.., |(id, _)| !ids.contains(id.as_str())) {
            task.abort();
            self.links.remove(&id);
            self.news.ended(&id, self.manager.session().now());
        }
        while self.tasks.try_join_next().is_some() {}
        for session in &sessions {
            if !self.followed.iter().any(|(id, _)| *id == session.id) {
                let task = self.link(&session.id);
                self.followed.push((session.id.clone(), task));
            }
        }
        self.send_news().await?;
        if self.sessions.as_ref() != Some(&sessions) {
            self.sessions = Some(sessions.clone());
            // Accounts are listed with who uses them.
            self.signals.accounts.notify_one();
            self.send(Fact::Sessions(sessions)).await?;
        }
        Some(())
    }

    fn link(&mut self, session: &str) -> AbortHandle {
        let asked = self.links.add(session);
        let (manager, id) = (Arc::clone(&self.manager), session.to_owned());
        let find = move || {
            let (manager, id) = (Arc::clone(&manager), id.clone());
            async move { aside(&manager, move |manager| manager.session().rpc_of(&id)).await.flatten() }.boxed()
        };
        self.tasks.spawn(link::follow(session.to_owned(), find, self.reports.clone(), asked))
    }

    async fn send(&self, fact: Fact) -> Done {
        self.facts.send(fact).await.ok()
    }
}
