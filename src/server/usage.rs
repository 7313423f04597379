//! `usage/read`, which the command line shows as well.

use std::sync::Arc;

use super::Session;
use super::methods::Methods;
use crate::domain::usage::{PurseKind, Usd};
use crate::error::{Error, ErrorKind};
use crate::manager::Manager;
use crate::manager::books::usage::{self, By};
use crate::protocol::UsageRead;
use crate::protocol::usage::{UsageBy, UsageReadParams, UsageReadResult, UsageRow};

/// How many days are reported by default.
pub const DAYS: u64 = 30;

/// No more are kept.
pub const MOST_DAYS: u64 = 400;

/// The methods of this file.
pub fn register(methods: Methods) -> Methods {
    methods.on::<UsageRead, _>(read)
}

pub async fn read(session: Arc<Session>, params: UsageReadParams) -> Result<UsageReadResult, Error> {
    rows(&session.manager, params.days.unwrap_or(DAYS), params.by.unwrap_or_default()).await
}

/// What was used today and on the `days - 1` days before.
///
/// # Errors
///
/// `InvalidParams` for a number of days that is not kept, `Internal` when the ledger cannot be read.
pub async fn rows(manager: &Manager, days: u64, by: UsageBy) -> Result<UsageReadResult, Error> {
    let days =
        u32::try_from(days).ok().filter(|days| (1..=MOST_DAYS).contains(&u64::from(*days))).ok_or_else(|| {
            Error::new(ErrorKind::InvalidParams, format!("`days` is a whole number from 1 to {MOST_DAYS}"))
                .hint(format!("leave it out for the last {DAYS} days"))
        })?;
    let by = match by {
        UsageBy::Account => By::Account,
        UsageBy::Model => By::Model,
        UsageBy::Day => By::Day,
        UsageBy::Project => By::Purse(PurseKind::Project),
        UsageBy::Key => By::Purse(PurseKind::Key),
    };
    let used = manager.books().usage(days, by).await?;
    Ok(UsageReadResult { rows: used.rows.into_iter().map(row).collect(), total: row(used.total) })
}

fn row(row: usage::UsageRow) -> UsageRow {
    let named =
        |kind: PurseKind| row.purse.as_ref().filter(|purse| purse.kind == kind).map(|purse| purse.name.to_string());
    let (project, key) = (named(PurseKind::Project), named(PurseKind::Key));
    UsageRow {
        account: row.account.map(|id| id.to_string()),
        model: row.model,
        day: row.day.map(|day| day.to_string()),
        project,
        key,
        requests: row.requests,
        input_tokens: row.tokens.input,
        cached_input_tokens: row.tokens.cached,
        output_tokens: row.tokens.output,
        cost_usd: Usd::as_usd(row.cost),
        unpriced: row.unpriced,
    }
}
