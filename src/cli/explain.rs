//! `explain`: `routing/explain` in words.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::context::{Context, started_in};
use super::help::Example;
use super::printer::Printer;
use super::table::{Column, Room, Table};
use super::text::Text;
use crate::domain::routing::decision::{Candidate, Explanation};
use crate::domain::routing::eligibility::Reason;
use crate::domain::sentence::capitalised;
use crate::domain::time::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::manager::FIRST_ACCOUNT;
use crate::protocol::accounts::Account;
use crate::protocol::routing::RoutingExplainResult;
use crate::theme::Role;
use crate::wording::account_set::ThisFolder;
use crate::wording::cut::Keep;
use crate::wording::routing::{SPENT_BUDGET, obstacle, why};
use crate::wording::time::span;
use crate::wording::{below_home, below_home_in, plain};

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("explain", "which account the next request would get"),
    ("explain gpt-5.2-codex", "for this model, and why not the others"),
    ("explain ~/company", "the same in that folder"),
];

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The model that the request names, or the path of a folder, which is asked about in the place of this one
    #[arg(value_name = "MODEL|FOLDER", value_parser = NonEmptyStringValueParser::new())]
    model: Option<String>,
    /// The conversation, as `prompt_cache_key` names it
    #[arg(long, value_name = "KEY", value_parser = NonEmptyStringValueParser::new())]
    conversation: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which account a request from this folder would get now, and why not the others. No session has to run.
pub async fn run(context: &Context, args: ExplainArgs) -> Result<u8, Error> {
    let (named, model) = match args.model {
        Some(named) if is_path(&named) => (Some(named), None),
        model => (None, model),
    };
    let manager = match &named {
        Some(named) => context.manager_in(place(context, named)?)?,
        None => context.manager_here()?,
    };
    manager.survey().await;
    Context::warn_of_reports(&manager);
    let accounts: Vec<Account> = manager.list()?.accounts.into_iter().map(Account::from).collect();
    if accounts.is_empty() {
        return Err(Error::new(ErrorKind::AccountNotFound, "there is no account yet").hint(FIRST_ACCOUNT));
    }
    let (strategy, family, explanation) = manager.explain(model.as_deref(), args.conversation.as_deref()).await;
    let result = RoutingExplainResult::of(strategy, &family, &explanation, manager.account_set());
    if args.json {
        Printer::json(&result);
        return Ok(0);
    }
    let (room, now) = (Printer::room(), manager.session().now());
    let home = context.environment.get(crate::sys::files::HOME);
    let named = named.map(|named| plain(&below_home(&named, home)));
    let folder = ThisFolder { named, ..ThisFolder::of(&manager, home) };
    Printer::show(&explanation_text(model.as_deref(), &result, &accounts, &explanation, &folder, now, room));
    Ok(0)
}

/// Whether an argument is the path of a folder: one as no model is called, or one that is there.
fn is_path(text: &str) -> bool {
    let is_written_so = text.starts_with(['/', '.', '~']);
    is_written_so || text.contains(std::path::is_separator) && Path::new(text).is_dir()
}

/// The folder at that path.
fn place(context: &Context, text: &str) -> Result<PathBuf, Error> {
    let below_home = context.paths.home.as_deref().zip(text.strip_prefix('~'));
    let folder = match below_home.filter(|(_, rest)| rest.chars().next().is_none_or(std::path::is_separator)) {
        Some((home, rest)) => home.join(rest.trim_start_matches(std::path::is_separator)),
        None => started_in(&context.environment).join(text),
    };
    if folder.is_dir() {
        return Ok(folder);
    }
    Err(Error::new(ErrorKind::InvalidParams, format!("`{text}` is no folder"))
        .hint("name one that is there, or a model"))
}

/// All of it in words: the answer, every account, the strategy.
pub(super) fn explanation_text(
    model: Option<&str>,
    result: &RoutingExplainResult,
    accounts: &[Account],
    explanation: &Explanation,
    folder: &ThisFolder,
    now: Timestamp,
    room: Room,
) -> Text {
    let request = match model {
        Some(model) if model == result.family => format!("A request for `{model}`"),
        Some(model) => format!("A request for `{model}`, of the family `{}`,", result.family),
        None => "A request without a model".to_owned(),
    };
    let from = folder.named.as_ref().map(|folder| format!(" from `{folder}`")).unwrap_or_default();
    let answer = format!("{request}{from} {}", answer(accounts, explanation, now));
    let mut text = Text::from(format!("{}\n\n", room.wrapped(&answer)));
    text.append(candidates(accounts, explanation, now, room));
    text.push(Role::Text, format!("\n\nThe strategy is `{}`.", result.strategy));
    let spent = explanation.overspent.iter().map(|overspent| format!("{}.", capitalised(&overspent.to_string())));
    let spent = spent.map(|line| below_home_in(&line, folder.home.as_deref()));
    for line in folder.lines().into_iter().chain(spent) {
        text.push(Role::Text, format!("\n{}", room.wrapped(&line)));
    }
    text
}

/// What becomes of the request.
fn answer(accounts: &[Account], explanation: &Explanation, now: Timestamp) -> String {
    match (explanation.chosen, explanation.available_at) {
        (Some(choice), _) => {
            let label = accounts.get(choice.position).map(|account| account.label.as_str()).unwrap_or_default();
            format!("gets account {} ({label}), because {}.", choice.position + 1, why(choice.why.name()))
        }
        (None, Some(at)) => format!("gets no account; the first one is available in {}.", span(at.since(now))),
        (None, None) => "gets no account, and waiting does not help.".to_owned(),
    }
}

/// Every account, and whether it could serve.
fn candidates(accounts: &[Account], explanation: &Explanation, now: Timestamp, room: Room) -> Text {
    let has_score = explanation.candidates.iter().any(|candidate| candidate.score.is_some());
    let mut columns = vec![Column::new("#"), Column::new("LABEL").least(12, Keep::Both)];
    columns.extend(has_score.then(|| Column::new("SCORE").number().rank(1)));
    columns.push(Column::new("NOW").least(24, Keep::Start));
    let mut table = Table::new(&columns);
    for candidate in &explanation.candidates {
        let is_chosen = explanation.chosen.is_some_and(|choice| choice.position == candidate.position);
        let label = accounts.get(candidate.position).map(|account| account.label.clone()).unwrap_or_default();
        let mut cells =
            vec![format!("{}{}", candidate.position + 1, if is_chosen { "*" } else { "" }).into(), label.into()];
        if has_score {
            cells.push(candidate.score.map_or("-".to_owned(), |score| format!("{score:.2}")).into());
        }
        let why = accounts.get(candidate.position).and_then(|account| account.reason.as_deref());
        cells.push(standing(candidate, why, explanation.overspent.is_some(), is_chosen, now));
        table.row(&cells);
    }
    table.fit(room)
}

/// Of an account that is not allowed here, `why` names what keeps it out: nothing else matters then. `is_spent`: a budget is, which
/// is named below.
fn standing(candidate: &Candidate, why: Option<&str>, is_spent: bool, is_chosen: bool, now: Timestamp) -> Text {
    if candidate.reasons().any(|reason| reason == Reason::NotAllowed) {
        return Text::of(Role::Faint, why.unwrap_or("is not allowed here"));
    }
    let obstacles = candidate.obstacles.iter().map(|it| {
        let until = it.until.map(|until| format!(" for {}", span(until.since(now)))).unwrap_or_default();
        let what = match it.reason {
            Reason::OverLimit if is_spent => SPENT_BUDGET.to_owned(),
            reason => obstacle(reason.name()),
        };
        format!("{what}{until}")
    });
    match obstacles.collect::<Vec<_>>().join(", ") {
        words if !words.is_empty() => Text::of(Role::Warning, words),
        _ if is_chosen => Text::of(Role::Good, "is chosen"),
        _ if candidate.probe => "can serve one request, as a test".into(),
        _ => "can serve".into(),
    }
}
