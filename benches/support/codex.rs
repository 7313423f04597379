//! The real Codex, which asks, runs a tool, and asks again: how long each of the two answers takes as it sees it.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use simulated_openai::{Answer, ToolCall};

use super::{clock, system};

/// Codex waits for no tool longer.
const LONGEST_TOOL: u64 = 29;

/// What Codex is given.
pub struct Provider<'p> {
    /// Its address, with `/v1`.
    pub base_url: &'p str,
    /// The key that it takes.
    pub key: &'p str,
    /// The file of the authority that its certificate is by.
    pub authority: &'p Path,
}

/// What has the model run a tool for so long.
pub fn tool(seconds: u64) -> Answer {
    let arguments = json!({ "cmd": format!("sleep {}", seconds.min(LONGEST_TOOL)), "yield_time_ms": 30_000 });
    Answer::CallTools(vec![ToolCall { name: "exec_command".to_owned(), arguments: arguments.to_string() }])
}

/// The milliseconds from the question to the call of the tool, and from the tool's end to what is said then.
pub fn waits(program: &OsStr, provider: &Provider<'_>) -> io::Result<[f64; 2]> {
    let home = tempfile::tempdir()?;
    let Provider { base_url, key, authority } = provider;
    let far = format!("model_providers.far={{name=\"far\",base_url=\"{base_url}\",env_key=\"FAR_KEY\"}}");
    let mut command = system::program(Path::new(program));
    command
        .args(["exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"])
        .args(["-c", "model=gpt-5.4", "-c", "model_provider=far", "-c", &far, "use your tool"])
        .env("HOME", home.path())
        .env("CODEX_HOME", home.path())
        .env("FAR_KEY", key)
        .env("SSL_CERT_FILE", authority)
        .env("CODEX_CA_CERTIFICATE", authority)
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut codex = Ended(command.spawn()?);
    let stdout = codex.0.stdout.take().expect("piped above");
    let (mut asked, mut waits) = (None::<Instant>, Vec::new());
    for line in BufReader::new(stdout).lines() {
        let event: Value = serde_json::from_str(&line?).unwrap_or_default();
        match (event["type"].as_str(), event["item"]["type"].as_str()) {
            (Some("turn.started"), _) | (Some("item.completed"), Some("command_execution")) => {
                asked = Some(clock::now());
            }
            (Some("item.started"), Some("command_execution")) | (Some("item.completed"), Some("agent_message")) => {
                waits.extend(asked.take().map(|asked| asked.elapsed().as_secs_f64() * 1e3));
            }
            (Some("turn.failed" | "error"), _) => return Err(io::Error::other(event.to_string())),
            _ => {}
        }
    }
    waits.try_into().map_err(|waits| io::Error::other(format!("Codex did not ask twice: {waits:?}")))
}

/// A Codex; dropping it ends it.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
