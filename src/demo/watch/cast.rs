//! Who is on the stage of `--watch`: accounts in every condition that a person will meet.

use std::time::Duration;

use serde_json::Value;

use super::super::stage::{LOGIN, Stage, labels, text};
use crate::clock::Clock;
use crate::domain::account::AccountId;
use simulated_openai::chatgpt::{Quota, Window};

/// A second login, of a larger plan.
const TEAM: &str = "you@work.example";

/// Whoever is logged in while somebody looks.
const GUEST: &str = "guest@example.com";

/// The people at the simulated ChatGPT, with their plans.
pub const LOGINS: [(&str, &str); 3] = [(LOGIN, "plus"), (TEAM, "pro"), (GUEST, "plus")];

/// An account that is over its limit.
const TRIAL: &str = "trial";

/// Accounts with a limit for a day, in USD: what they have spent of it when the screen opens.
pub const SPENT: [(&str, &str, f64); 2] = [(TRIAL, "1", 1.03), ("side-project", "1.50", 1.34)];

/// An account that is switched off.
const ARCHIVED: &str = "archived";

/// How much of every window a response of a login uses, in percent.
const QUOTA_STEP: f64 = 0.4;

/// There are so many keys beside the odd ones at least.
pub const FEWEST: usize = 3;

/// An account as the past and the course name it.
#[derive(Clone, Debug)]
pub struct Known {
    pub id: AccountId,
    pub label: String,
    /// Whether it can serve when the screen opens.
    pub is_usable: bool,
    /// Whether it is a login, whose requests cost nothing by themselves.
    pub is_login: bool,
}

/// The accounts for so many agents.
pub struct Cast {
    usual: Vec<String>,
}

impl Cast {
    /// As many keys as agents, and three at least; the logins and the odd ones are beside.
    pub fn new(sessions: usize) -> Cast {
        Cast { usual: labels(sessions.max(FEWEST)) }
    }

    /// The labels of all keys.
    pub fn labels(&self) -> Vec<String> {
        self.usual.iter().cloned().chain([TRIAL, ARCHIVED].map(str::to_owned)).collect()
    }

    /// Adds them all by the product's own verbs.
    pub async fn enter(&self, stage: &Stage) -> Result<Vec<Known>, String> {
        for (label, key) in &stage.keys {
            let mut words = match label.as_str() {
                "work" => vec!["--daily-limit", "25", "--monthly-limit", "300", "--priority", "10"],
                "personal" => vec!["--monthly-limit", "60"],
                TRIAL => vec!["--model", "gpt-5.*"],
                ARCHIVED => vec!["--disabled"],
                _ => Vec::new(),
            };
            if let Some((_, limit, _)) = SPENT.iter().find(|(known, ..)| known == label) {
                words.extend(["--daily-limit", limit]);
            }
            stage.add_account(label, key, &words).await?;
        }
        let now = Clock::system().now();
        for (email, first, second, resets_in) in [(LOGIN, 71.0, 38.0, 41 * 60), (TEAM, 12.0, 84.0, 3 * 3600 + 260)] {
            let window = |used_percent: f64, window_minutes: u64, seconds: u64| Window {
                used_percent,
                window_minutes,
                reset_at: now.after(Duration::from_secs(seconds)).as_millis() / 1000,
            };
            let (primary, secondary) =
                (Some(window(first, 300, resets_in)), Some(window(second, 10_080, resets_in + 53 * 3600)));
            stage.chatgpt.set_quota(stage.login(email), Quota { primary, secondary });
            stage.log_in(email).await?;
        }
        stage.chatgpt.set_quota_step(QUOTA_STEP);
        stage.chatgpt.signs_in(stage.login(GUEST));
        listed(stage).await
    }
}

/// Enters the codes that wait for somebody, as a guest who types them in elsewhere.
pub fn type_codes(stage: &Stage) {
    for code in stage.chatgpt.waiting_user_codes() {
        stage.chatgpt.approve_device(&code, stage.login(GUEST));
    }
}

async fn listed(stage: &Stage) -> Result<Vec<Known>, String> {
    let output = stage.command().args(["list", "--json"]).output().await.map_err(|error| error.to_string())?;
    let list: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("no list of accounts: {error}"))?;
    let accounts = list["accounts"].as_array().ok_or("the list has no accounts")?;
    let known = |account: &Value| {
        let label = text(&account["label"]).to_owned();
        let is_usable = label != ARCHIVED && label != TRIAL;
        let is_login = LOGINS.iter().any(|(email, _)| label == *email);
        Known { id: AccountId::new(text(&account["id"])), label, is_usable, is_login }
    };
    Ok(accounts.iter().map(known).collect())
}
