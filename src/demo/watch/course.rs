//! What happens while somebody looks: agents that ask, and every few seconds one of the things that this program is for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::super::ask::client;
use super::super::stage::{LOGIN, Stage, labels};
use super::agent::{self, Order, Uses};
use super::cast;
use super::dice::Dice;
use crate::background;

/// Between two scenes, in seconds.
const PERIOD: u64 = 9;

/// How long sidecars may take to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// All that goes on.
pub struct Course {
    agents: JoinSet<Result<(), String>>,
    director: JoinHandle<()>,
}

/// An agent as the director sees it.
struct Seat {
    orders: mpsc::Sender<Order>,
    uses: Uses,
}

/// One thing that happens.
#[derive(Clone, Copy)]
enum Scene {
    /// The account of an agent is limited for a while: its next request goes on to another one.
    Limit,
    /// An agent is switched by hand.
    Switch,
    /// A limit that is shorter than a switch is worth: the request waits and stays.
    ShortLimit,
    /// An agent leaves, and another one comes.
    Leave,
    /// An upstream is too busy.
    Overload,
    /// The switch is taken back.
    TakeBack,
    /// The token of a login ends before its time.
    TokenEnds,
}

const SCENES: [Scene; 7] =
    [Scene::Limit, Scene::Switch, Scene::ShortLimit, Scene::Leave, Scene::Overload, Scene::TakeBack, Scene::TokenEnds];

impl Course {
    /// Lets so many agents come, and things happen to them.
    pub fn begin(stage: &Arc<Stage>, sessions: usize) -> Result<Course, String> {
        let client = client()?;
        let mut agents = JoinSet::new();
        let mut seats = Vec::new();
        for number in 0..sessions {
            let (orders, receiver) = mpsc::channel(4);
            let uses = Uses::default();
            agents.spawn(agent::work(Arc::clone(stage), client.clone(), number, uses.clone(), receiver));
            seats.push(Seat { orders, uses });
        }
        let director = background::spawn(direct(Arc::clone(stage), seats));
        Ok(Course { agents, director })
    }

    /// Waits until it cannot go on; why.
    pub async fn failed(&mut self) -> String {
        let left = |ended: Result<Result<(), String>, JoinError>| match ended {
            Ok(Ok(())) => "an agent left for good".to_owned(),
            Ok(Err(why)) => why,
            Err(error) => error.to_string(),
        };
        tokio::select! {
            ended = self.agents.join_next() => ended.map_or_else(|| "every agent left".to_owned(), left),
            ended = &mut self.director => ended.err().map_or_else(String::new, |error| error.to_string()),
        }
    }

    /// Ends it all. A sidecar that takes too long is killed.
    pub async fn end(mut self) {
        // With it the orders end, and so do the agents that follow them.
        self.director.abort();
        let all = async { while self.agents.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(PATIENCE, all).await;
    }
}

/// Lets things happen, one after the other, and ends each limit when it is over.
async fn direct(stage: Arc<Stage>, seats: Vec<Seat>) {
    let mut dice = Dice::new(u64::MAX);
    let usual = labels(seats.len().max(cast::FEWEST));
    let mut limited: Vec<(u64, String)> = Vec::new();
    for second in 0_u64.. {
        tokio::time::sleep(Duration::from_secs(1)).await;
        limited.retain(|(until, label)| {
            let goes_on = *until > second;
            if !goes_on {
                stage.unlimit(label);
            }
            goes_on
        });
        // A person who types the code in elsewhere takes a moment.
        if second % 6 == 0 {
            cast::type_codes(&stage);
        }
        if second % PERIOD != PERIOD / 2 {
            continue;
        }
        let turn = usize::try_from(second / PERIOD).unwrap_or_default();
        let lap = turn / SCENES.len();
        let seat = |offset: usize| &seats[(lap + offset) % seats.len()];
        match SCENES[turn % SCENES.len()] {
            Scene::Limit => {
                let label = seat(0).uses.label();
                if !label.is_empty() && limited.is_empty() {
                    let lasts = dice.between(25, 50);
                    stage.limit(&label, Duration::from_secs(lasts));
                    limited.push((second + lasts, label));
                }
            }
            Scene::Switch => {
                let current = seat(1).uses.label();
                let others: Vec<&String> = usual.iter().filter(|label| **label != current).collect();
                seat(1).order(Order::Switch(Some((*dice.pick(&others)).clone())));
            }
            Scene::TakeBack => seat(1).order(Order::Switch(None)),
            Scene::ShortLimit => stage.limit_once(&seat(2).uses.label(), dice.millis(2_000, 4_500)),
            Scene::Overload => stage.overload_once(&seat(0).uses.label()),
            Scene::Leave => seat(3).order(Order::Leave),
            Scene::TokenEnds => stage.chatgpt.expire_access(stage.login(LOGIN)),
        }
    }
}

impl Seat {
    /// An agent that is not here now misses it.
    fn order(&self, order: Order) {
        let _ = self.orders.try_send(order);
    }
}
