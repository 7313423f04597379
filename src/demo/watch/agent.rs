//! One simulated agent: a real sidecar, and somebody who asks through it at their ease.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::super::ask::{Question, ask};
use super::super::sidecar::Sidecar;
use super::super::stage::Stage;
use super::dice::Dice;

/// What each kind of agent asks for, the usual one first.
const TASTES: [[&str; 3]; 4] = [
    ["gpt-5.3-codex", "gpt-5.3-codex", "gpt-5.4"],
    ["gpt-5.4", "gpt-5.4", "gpt-5.2-codex"],
    ["gpt-5.2-codex", "gpt-5.2-codex", "gpt-5.2-codex"],
    ["gpt-5.5", "gpt-5.3-codex", "gpt-5.4"],
];

/// The folders in which they work.
const PROJECTS: [&str; 4] = ["shop", "website", "firmware", "notes"];

/// The longest question, in bytes; four of them are a token at the simulated upstreams.
const LONGEST: u64 = 160_000;

/// What the course asks of an agent.
pub enum Order {
    /// To be switched to this account by hand; `None` takes that back.
    Switch(Option<String>),
    /// To leave; another one comes in its place.
    Leave,
}

/// What an agent and the course share.
#[derive(Clone, Default)]
pub struct Uses(Arc<Mutex<String>>);

impl Uses {
    /// The label of the account that answered last; empty before that.
    pub fn label(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, label: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = label;
    }
}

/// Works until nobody is left to give orders, one sidecar after the other.
///
/// # Errors
///
/// No sidecar can be started.
pub async fn work(
    stage: Arc<Stage>,
    client: reqwest::Client,
    number: usize,
    uses: Uses,
    mut orders: mpsc::Receiver<Order>,
) -> Result<(), String> {
    let mut dice = Dice::new(number as u64);
    let project = PROJECTS[number % PROJECTS.len()];
    while !orders.is_closed() {
        let mut command = stage.command();
        command.stderr(std::process::Stdio::null()).current_dir(stage.project(project)?);
        let mut sidecar = Sidecar::start(command, introduction(number)).await?;
        let info = sidecar.info.clone();
        tokio::select! {
            never = asking(&stage, &client, &info, number, &uses, &mut dice) => match never {},
            is_gone = obeying(&mut sidecar, &mut orders) => {
                if !is_gone {
                    // One that is slow to end is killed with what holds it.
                    let _ = sidecar.end().await;
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(dice.millis(3_000, 6_000)) => {}
            // Whatever it is, there is nobody to follow it.
            _ = orders.recv() => {}
        }
    }
    Ok(())
}

/// How it introduces itself.
fn introduction(number: usize) -> Value {
    let strategy = if number % 3 == 2 { "least_utilized" } else { "sticky" };
    json!({
        "clientInfo": { "name": format!("agent-{}", number + 1) },
        "initializationOptions": { "routing": { "strategy": strategy } },
    })
}

/// Follows orders until it has to leave; whether its sidecar is gone, since somebody may have killed it.
async fn obeying(sidecar: &mut Sidecar, orders: &mut mpsc::Receiver<Order>) -> bool {
    loop {
        tokio::select! {
            _ = sidecar.idle() => return true,
            order = orders.recv() => match order {
                // An account that somebody has removed meanwhile is no reason to stop.
                Some(Order::Switch(account)) => {
                    let _ = sidecar.request("accounts/switch", &json!({ "account": account })).await;
                }
                Some(Order::Leave) | None => return false,
            },
        }
    }
}

async fn asking(
    stage: &Stage,
    client: &reqwest::Client,
    info: &Value,
    number: usize,
    uses: &Uses,
    dice: &mut Dice,
) -> Infallible {
    let filler =
        "Refactor the handler and keep its tests green. ".repeat(1 + usize::try_from(LONGEST).unwrap_or(0) / 47);
    loop {
        tokio::time::sleep(dice.millis(800, 5_500)).await;
        stage.say(&answer(dice));
        let length = usize::try_from(dice.between(LONGEST / 20, LONGEST)).unwrap_or(1);
        let model = dice.pick(&TASTES[number % TASTES.len()]);
        // What goes wrong is on the screen; an agent tries again.
        if let Ok(answer) = ask(client, info, &Question { model, input: &filler[..length] }).await
            && !answer.label.is_empty()
        {
            uses.set(answer.label);
        }
    }
}

/// Lines of code, each of which is streamed in one piece.
fn answer(dice: &mut Dice) -> String {
    let line = |line: u64| format!("handlers[{line}]=registry[request_kind(line_{line},fallback=default_handler)]");
    (0..dice.between(8, 48)).map(line).collect::<Vec<_>>().join(" ")
}
