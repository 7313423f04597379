//! The accounts of an accounts file from elsewhere: their secrets opened, and only what means something here.

use serde_json::Value;

use super::{Incoming, Origin, Reading, Refused, main_secret};
use crate::domain::account::{Kind, LONGEST_LABEL, check_group, check_label};
use crate::domain::base_url::BaseUrl;
use crate::domain::claims::Claims;
use crate::domain::time::Timestamp;
use crate::domain::usage::Usd;
use crate::error::{Error, ErrorKind};
use crate::manager::accounts::names::learn;
use crate::secrets::is_word;
use crate::secrets::master_key::KeyError;
use crate::secrets::names::{is_secret_name, looks_secret};
use crate::store::{Foreign, SecretField, Store, StoredAccount, StoredSecret};

/// Reads every account. One that is damaged or cannot be used is refused alone; without the key none is read.
pub(super) fn read(store: &Store, file: &Foreign) -> Result<Reading, Error> {
    let mut reading = Reading::default();
    for (position, account) in file.accounts().iter().enumerate() {
        match take(store, file, account)? {
            Ok(account) => reading.incoming.push(Incoming { account, origin: Origin::Accounts }),
            Err(why) => reading.refused.push(Refused { name: name(account, position), why }),
        }
    }
    Ok(reading)
}

fn name(account: &StoredAccount, position: usize) -> String {
    let name = account.label.as_deref().or(account.email.as_deref());
    format!("account {}{}", position + 1, name.map(|name| format!(" ({name})")).unwrap_or_default())
}

fn take(store: &Store, file: &Foreign, account: &StoredAccount) -> Result<Result<StoredAccount, String>, Error> {
    let main = main_secret(account);
    let mut taken = usable(account);
    for field in SecretField::ALL {
        match file.open(store, account, field) {
            Ok(opened) => *taken.secret_mut(field) = opened.map(StoredSecret::New),
            Err(KeyError::Damaged { field: name, .. }) if field == main => {
                return Ok(Err(format!("its `{name}` is damaged or was copied from another account; add it again")));
            }
            // An access token is fetched again with the refresh token.
            Err(KeyError::Damaged { .. }) => *taken.secret_mut(field) = None,
            Err(error) => return Err(locked(error)),
        }
    }
    if let Some(url) = &account.base_url
        && let Err(why) = BaseUrl::parse(url)
    {
        return Ok(Err(format!("its base URL is refused: {why}")));
    }
    match taken.secret(main) {
        Some(StoredSecret::New(text)) if is_word(text.expose()) => {}
        Some(_) => return Ok(Err(format!("its `{}` is not one word of visible ASCII characters", main.name()))),
        None => return Ok(Err(format!("it has no `{}` to use it with", main.name()))),
    }
    tell_apart(&mut taken);
    Ok(Ok(taken))
}

/// What of an account means something in another file: not what running processes noted in it.
fn usable(account: &StoredAccount) -> StoredAccount {
    let mut taken = account.clone();
    taken.kind = Some(account.kind());
    taken.label = account.label.as_deref().and_then(usable_label);
    taken.refresh_pending = None;
    taken.end_cooldown();
    taken.organization.take_if(|text| !is_word(text));
    taken.project.take_if(|text| !is_word(text));
    for limit in [&mut taken.daily_limit_usd, &mut taken.monthly_limit_usd] {
        limit.take_if(|usd| Usd::from_usd(*usd).is_none());
    }
    if let Some(models) = &mut taken.models {
        models.retain(|pattern| !pattern.trim().is_empty() && !pattern.contains(char::is_control));
    }
    if let Some(groups) = &mut taken.groups {
        groups.retain(|group| check_group(group).is_ok());
    }
    // We do not seal what we do not know, so it must not be another tool's secret.
    taken.extra.retain(|name, value| {
        let is_secret = is_secret_name(name) || value.as_str().is_some_and(looks_secret);
        !is_secret && !value.is_object() && !value.is_array()
    });
    taken
}

/// The label as our rules have it; `None` when nothing is left of it.
fn usable_label(label: &str) -> Option<String> {
    let kept: String = label.chars().filter(|letter| !letter.is_control()).take(LONGEST_LABEL).collect();
    let kept = kept.trim();
    if check_label(kept).is_ok() {
        return Some(kept.to_owned());
    }
    let named = format!("Account {kept}");
    check_label(&named).is_ok().then_some(named).filter(|_| !kept.is_empty())
}

/// Other tools write no plan, and old files no account id; the token says them. Some have names of their own for them.
fn tell_apart(account: &mut StoredAccount) {
    if account.kind() != Kind::ChatGpt {
        return;
    }
    let claims = match &account.access_token {
        Some(StoredSecret::New(token)) => Claims::read(token.expose()).unwrap_or_default(),
        Some(StoredSecret::Sealed(_) | StoredSecret::Plain(_)) | None => Claims::default(),
    };
    let ends = claims.expires_at.map(Timestamp::as_millis);
    learn(account, claims);
    // As `oc-codex-multi-auth` calls them; its user id has the account's id behind it.
    let text = |name: &str| account.extra.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let user_id = text("accountUserId").and_then(|id| id.split("__").next()).map(str::to_owned);
    let plan = text("planType").map(str::to_owned);
    let expires_at = account.extra.get("expiresAt").and_then(Value::as_i64).filter(|at| *at > 0);
    account.user_id = account.user_id.take().or(user_id);
    account.plan = account.plan.take().or(plan);
    account.access_expires_at =
        account.access_expires_at.or(ends).or(expires_at.filter(|_| account.access_token.is_some()));
}

/// The hint is for whoever has two keys, one for each file.
fn locked(error: KeyError) -> Error {
    let error = Error::from(error);
    Error::new(ErrorKind::Locked, error.message).hint(
        "set `CAM_MASTER_KEY` to the key that file is sealed with, or `CAM_MASTER_KEY_FILE` to a file that holds it \
         where `CAM_MASTER_KEY` is that of your own accounts file; or export it with `--plain`",
    )
}
