//! The checks themselves.
#![expect(clippy::disallowed_methods, reason = "modes and other programs' files are looked at here, read only")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Finding, Verdict};
use crate::cli::context::Context;
use crate::domain::account::{Kind, Likeness};
use crate::domain::base_url::BaseUrl;
use crate::domain::report::{AccountReport, State};
use crate::error::{Error, deepest};
use crate::manager::{FIRST_ACCOUNT, Manager};
use crate::secrets::master_key::{self, KeyState};
use crate::store::{self, SecretField, StoredSecret};
use crate::upstream::request_client;

/// An upstream that does not answer by then is not reachable.
const PATIENCE: Duration = Duration::from_secs(5);

/// A refresh that takes longer waits for an issuer that hangs, or its process is stopped.
const SLOW_REFRESH: Duration = Duration::from_secs(20);

/// A file from further in the future than this comes from a clock that is wrong.
const CLOCK_SLACK_MS: i64 = 5 * 60 * 1_000;

/// Every check, in the order a person would mend things.
pub async fn all(context: &Context) -> Result<Vec<Finding>, Error> {
    let manager = match context.manager() {
        Ok(manager) => manager,
        Err(error) => return Ok(vec![Finding::problem("start", error.message, error.hint.unwrap_or_default())]),
    };
    let mut findings = configuration(&manager);
    let store = manager.store();
    match store.read() {
        Err(error) => {
            let error = Error::from(error);
            findings.push(Finding::problem("file", error.message, error.hint.unwrap_or_default()));
        }
        Ok(None) => findings.push(Finding::warning(
            "file",
            format!("there is no accounts file at `{}` yet", store.path().display()),
            FIRST_ACCOUNT,
        )),
        Ok(Some(state)) => {
            findings.push(Finding::ok("file", format!("`{}`, revision {}", store.path().display(), state.revision)));
            findings.push(mode("modes", store.path(), 0o600));
            findings.push(mode("modes", store.folder(), 0o700));
            findings.extend(key_files(context).iter().map(|path| mode("modes", path, 0o600)));
            findings.extend(unwritable(store.path(), store.folder()));
            let key = key(&manager, &state);
            let is_locked = key.verdict == Verdict::Problem;
            findings.push(key);
            // What follows from a missing key is not told again for every account.
            findings.extend(if is_locked { Vec::new() } else { secrets(&manager, &state) });
            findings.extend(accounts(&manager, is_locked)?);
            findings.push(clock(&manager, &state));
            findings.push(siblings(&manager).await);
            findings.extend(turn(&manager));
        }
    }
    findings.extend(ledger(&manager).await);
    findings.extend(other_tools(context));
    findings.extend(reachability(&manager).await);
    Ok(findings)
}

fn configuration(manager: &Manager) -> Vec<Finding> {
    let config = manager.config();
    if config.warnings.is_empty() {
        return vec![Finding::ok("config", "every value can be used")];
    }
    let hint = "mend that line; `codex-account-manager config show` shows what is in force";
    config.warnings.iter().map(|warning| Finding::problem("config", warning, hint)).collect()
}

#[cfg(unix)]
fn mode(check: &'static str, path: &Path, wanted: u32) -> Finding {
    use std::os::unix::fs::PermissionsExt;
    let shown = path.display();
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::ok(check, format!("`{shown}` is not there yet"))
        }
        Err(error) => Finding::problem(check, format!("`{shown}` cannot be looked at: {error}"), "check its owner"),
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o777;
            if mode.trailing_zeros() >= 6 {
                Finding::ok(check, format!("`{shown}` is {mode:o}"))
            } else {
                Finding::problem(
                    check,
                    format!("`{shown}` is {mode:o}: others can reach it"),
                    format!("chmod {wanted:o} '{shown}'"),
                )
            }
        }
    }
}

#[cfg(not(unix))]
fn mode(check: &'static str, path: &Path, _: u32) -> Finding {
    Finding::ok(check, format!("`{}` is protected by the profile it is in", path.display()))
}

/// Whether what was used can be told; nothing before the first request.
async fn ledger(manager: &Manager) -> Vec<Finding> {
    let path = manager.ledger_path();
    match manager.check_ledger().await {
        Err(error) => vec![Finding::problem("ledger", error.message, error.hint.unwrap_or_default())],
        Ok(()) if !path.exists() => vec![Finding::ok("ledger", "nothing was used yet")],
        Ok(()) => vec![Finding::ok("ledger", format!("`{}` can be read", path.display())), mode("modes", path, 0o600)],
    }
}

/// The key file that is there, the one that was named and else our own, and the keys that `rekey` left beside it.
fn key_files(context: &Context) -> Vec<PathBuf> {
    let named = context.environment.get("CAM_MASTER_KEY_FILE").map(PathBuf::from);
    let first = named.into_iter().chain([context.paths.data_dir.join("master.key")]).find(|path| path.is_file());
    first.into_iter().chain(master_key::other_key_files(&context.paths.data_dir)).collect()
}

/// A change is a new file beside the old one, so it is the folders that must be writable.
#[cfg(unix)]
fn unwritable(file: &Path, folder: &Path) -> Vec<Finding> {
    use rustix::fs::{Access, access};
    let places = [file.parent(), Some(folder).filter(|folder| folder.exists())];
    let closed = places.into_iter().flatten().filter_map(|place| Some((place, access(place, Access::WRITE_OK).err()?)));
    closed
        .map(|(place, error)| {
            Finding::problem(
                "modes",
                format!("nothing can be changed, `{}` is not writable: {error}", place.display()),
                format!("chmod u+w '{}', or mend its owner", place.display()),
            )
        })
        .collect()
}

#[cfg(not(unix))]
fn unwritable(_: &Path, _: &Path) -> Vec<Finding> {
    Vec::new()
}

fn key(manager: &Manager, state: &store::State) -> Finding {
    match manager.store().key_state(state) {
        KeyState::Unlocked if state.seal.is_none() => Finding::ok("key", "nothing is sealed yet"),
        KeyState::Unlocked => Finding::ok("key", "the key that the secrets are sealed with is at hand"),
        KeyState::Untested => Finding::ok("key", "there is a passphrase; it is tried with the secrets"),
        KeyState::Missing => Finding::problem(
            "key",
            "the secrets are sealed and there is no key",
            "set `CAM_MASTER_KEY` or `CAM_MASTER_KEY_FILE`, or bring the key file back to the data directory",
        ),
        KeyState::Wrong => Finding::problem(
            "key",
            "the secrets are sealed with another key",
            "set `CAM_MASTER_KEY` or `CAM_MASTER_KEY_FILE` to the key they were sealed with",
        ),
    }
}

fn secrets(manager: &Manager, state: &store::State) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut plain = 0;
    for (account, number) in state.accounts.iter().zip(1..) {
        for field in SecretField::ALL {
            match account.secret(field) {
                None => {}
                Some(StoredSecret::Plain(_) | StoredSecret::New(_)) => plain += 1,
                Some(StoredSecret::Sealed(_)) => {
                    if let Err(error) = manager.store().open_secret(state, account, field) {
                        let error = Error::from(error);
                        let hint = error.hint.unwrap_or_default();
                        findings.push(Finding::problem(
                            "secrets",
                            format!("account {number}: {}", error.message),
                            hint,
                        ));
                    }
                }
            }
        }
    }
    if plain > 0 {
        findings.push(Finding::warning(
            "secrets",
            format!("{plain} secrets of another tool are not sealed"),
            "they are sealed by the next change",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("secrets", "every sealed secret opens"));
    }
    findings
}

fn accounts(manager: &Manager, is_locked: bool) -> Result<Vec<Finding>, Error> {
    let report = manager.list()?;
    let mut findings = Vec::new();
    for account in &report.accounts {
        let Some(reason) = &account.reason else { continue };
        if is_locked && account.state == State::Locked {
            continue;
        }
        let message = format!("account {} ({}): {reason}", account.index, account.label);
        let hint = format!("codex-account-manager show {}", account.index);
        findings.push(match account.state {
            State::NeedsLogin if account.kind == Kind::ApiKey => Finding::problem(
                "accounts",
                message,
                format!("codex-account-manager edit {} --key-stdin", account.index),
            ),
            _ => Finding::warning("accounts", message, hint),
        });
    }
    for (at, account) in report.accounts.iter().enumerate() {
        let is_same = |other: &&AccountReport| account.identity().likeness(&other.identity()) == Some(Likeness::Same);
        if let Some(twin) = report.accounts[..at].iter().find(is_same) {
            findings.push(Finding::warning(
                "accounts",
                format!("accounts {} and {} are one login and share its quota", twin.index, account.index),
                format!("codex-account-manager remove {}", account.index),
            ));
        }
    }
    if report.accounts.is_empty() {
        findings.push(Finding::warning("accounts", "there is no account", FIRST_ACCOUNT));
    }
    Ok(findings)
}

/// The newest time in the file against the clock.
fn clock(manager: &Manager, state: &store::State) -> Finding {
    let newest = state.accounts.iter().flat_map(|account| [account.added_at, account.last_used]).flatten().max();
    let ahead = newest.unwrap_or_default().saturating_sub(manager.now().as_millis());
    if ahead > CLOCK_SLACK_MS {
        return Finding::warning(
            "clock",
            format!("the accounts file has a time {} minutes ahead of the clock", ahead / 60_000),
            "check the clock of this machine",
        );
    }
    Finding::ok("clock", "no time in the accounts file is ahead of the clock")
}

async fn siblings(manager: &Manager) -> Finding {
    let sessions = manager.sessions().await;
    let told: Vec<String> = sessions.iter().map(|session| format!("{} {}", session.kind.name(), session.pid)).collect();
    match told.len() {
        0 => Finding::ok("siblings", "no session is alive"),
        count => Finding::ok("siblings", format!("{count} alive: {}", told.join(", "))),
    }
}

/// Whether a process refreshes a token, and whether it has done so for too long.
fn turn(manager: &Manager) -> Option<Finding> {
    // What keeps the lock from being looked at is found by the checks of modes.
    let holder = manager.turn_holder().ok()??;
    let (now, message) = (manager.now(), holder.doing(manager.now()));
    Some(if holder.held_for(now) < SLOW_REFRESH {
        Finding::ok("refresh", message)
    } else {
        Finding::warning("refresh", format!("{message}; no other token is refreshed meanwhile"), holder.hint())
    })
}

/// Plugins that write the same accounts file and cannot read sealed tokens.
fn other_tools(context: &Context) -> Vec<Finding> {
    let Some(folder) = context.paths.opencode_config_file.parent() else { return Vec::new() };
    let names = ["opencode.json", "opencode.jsonc", "config.json"];
    let mut found = BTreeSet::new();
    for text in names.iter().filter_map(|name| std::fs::read_to_string(folder.join(name)).ok()) {
        let words = text.split(['"', '\'']);
        found.extend(words.filter(|word| is_accounts_plugin(word)).map(str::to_owned));
    }
    found
        .into_iter()
        .map(|plugin| {
            Finding::problem(
                "plugins",
                format!("OpenCode loads `{plugin}`, which writes the same accounts file and cannot read sealed tokens"),
                format!("take it out of `plugin` in `{}`", folder.display()),
            )
        })
        .collect()
}

fn is_accounts_plugin(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or_default();
    ["codex-auth", "codex-multi-auth", "chatgpt-multi-auth", "openai-multi"].iter().any(|part| name.contains(part))
        && !word.contains(' ')
}

/// Asks each upstream without a key or token: any answer will do.
async fn reachability(manager: &Manager) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (check, base) in manager.upstreams() {
        findings.push(match ask(&base).await {
            Ok(response) => Finding::ok(check, format!("`{base}` answers ({})", response.status().as_u16())),
            Err(error) => Finding::problem(
                check,
                format!("`{base}` does not answer: {}", deepest(&error)),
                "check the network, `HTTPS_PROXY` and the address",
            ),
        });
    }
    findings
}

/// Asks as the proxy would: never through another proxy when it is on this machine.
async fn ask(base: &BaseUrl) -> reqwest::Result<reqwest::Response> {
    request_client(base, PATIENCE)?.get(format!("{base}/v1/models")).send().await
}
