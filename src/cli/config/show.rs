//! `config show`

use serde_json::{Value, json};

use crate::cli::Json;
use crate::cli::context::Context;
use crate::cli::printer::Printer;
use crate::cli::table::{Column, Room, Table};
use crate::cli::text::Text;
use crate::clock::Clock;
use crate::config::proxy_keys::{ProxyKey, ProxyKeys};
use crate::config::{Config, Sources};
use crate::domain::account_set::Selection;
use crate::domain::projects::{FolderPattern, RemotePattern, Rule};
use crate::domain::usage::{Budget, Usd};
use crate::protocol::configuration::ProjectRule;
use crate::theme::Role;
use crate::wording::cut::Keep;

/// Every effective value and where it comes from.
pub fn run(context: &Context, output: Json) {
    let sources = Sources { reads_proxy_keys: true, ..Sources::default() };
    let config = Config::load(&context.paths, &context.environment, &sources, Clock::system().now());
    Printer::warnings(&config.warnings);
    if output.json {
        let values: Vec<_> = config
            .settings()
            .iter()
            .map(|s| json!({"key": s.key.toml, "value": s.shown(), "source": s.source.name(), "location": s.location}))
            .collect();
        let rules: Vec<ProjectRule> = config.projects.rules.iter().map(Into::into).collect();
        let keys: Vec<_> = config.proxy_keys.keys.iter().map(|key| key_json(key)).collect();
        Printer::json(&json!({ "values": values, "projects": rules, "proxyKeys": keys }));
        return;
    }
    Printer::show(&text(&config, Printer::room()));
}

fn key_json(key: &ProxyKey) -> Value {
    let accounts = key.bound().and_then(|bound| bound.accounts.ok()).map(|accounts| accounts.to_string());
    let Budget { daily, monthly, .. } = key.budget();
    json!({
        "name": &*key.name,
        "accounts": accounts,
        "dailyLimitUsd": daily.map(Usd::as_usd),
        "monthlyLimitUsd": monthly.map(Usd::as_usd),
        "location": key.place,
        "fault": key.fault(),
    })
}

/// All of it, a table each.
pub fn text(config: &Config, room: Room) -> Text {
    let mut text = settings_text(config, room);
    let rules = (!config.projects.rules.is_empty()).then(|| rules_text(&config.projects.rules, room));
    let keys = (!config.proxy_keys.keys.is_empty()).then(|| keys_text(&config.proxy_keys, room));
    for table in rules.into_iter().chain(keys) {
        text.push(Role::Text, "\n\n");
        text.append(table);
    }
    text
}

/// The rules of projects, each with what it is for and what it allows.
fn rules_text(rules: &[Rule], room: Room) -> Text {
    let mut table = Table::new(&[
        Column::new("RULE"),
        Column::new("FOR").least(12, Keep::Start),
        Column::new("ACCOUNTS").least(8, Keep::Start),
        Column::new("STRATEGY").rank(3),
        Column::new("LIMITS").rank(2),
        Column::new("FROM").least(12, Keep::End).rank(1),
    ]);
    for rule in rules {
        let [path, remote] =
            [rule.path.as_ref().map(FolderPattern::text), rule.remote.as_ref().map(RemotePattern::text)];
        let places: Vec<String> =
            path.into_iter().map(str::to_owned).chain(remote.map(|remote| format!("remote {remote}"))).collect();
        table.row(&[
            rule.number.to_string().into(),
            places.join(" and ").into(),
            named(&rule.accounts).into(),
            rule.strategy.map_or_else(String::new, |strategy| strategy.name().to_owned()).into(),
            limits(rule.daily_limit, rule.monthly_limit).into(),
            rule.place.clone().into(),
        ]);
    }
    table.fit(room)
}

/// The keys of the proxy, each with what it may be used for. The key itself is shown nowhere.
fn keys_text(keys: &ProxyKeys, room: Room) -> Text {
    let mut table = Table::new(&[
        Column::new("KEY OF PROXY").least(8, Keep::Start),
        Column::new("ACCOUNTS").least(8, Keep::Start),
        Column::new("LIMITS").rank(2),
        Column::new("FROM").least(12, Keep::End).rank(1),
    ]);
    for key in keys.keys.iter() {
        let accounts = match key.bound().map(|bound| bound.accounts) {
            None => "all".to_owned(),
            Some(Ok(accounts)) => named(&accounts),
            Some(Err(_)) => "none, it cannot be read".to_owned(),
        };
        let Budget { daily, monthly, .. } = key.budget();
        table.row(&[
            key.name.to_string().into(),
            accounts.into(),
            limits(daily, monthly).into(),
            key.place.clone().into(),
        ]);
    }
    table.fit(room)
}

fn named(accounts: &Selection) -> String {
    Some(accounts.to_string()).filter(|accounts| !accounts.is_empty()).unwrap_or_else(|| "none".to_owned())
}

fn limits(daily: Option<Usd>, monthly: Option<Usd>) -> String {
    let limits = [(daily, "a day"), (monthly, "a month")];
    let limits = limits.into_iter().filter_map(|(limit, per)| Some(format!("{} {per}", limit?)));
    limits.collect::<Vec<_>>().join(", ")
}

/// Every key with its value and where that comes from.
pub fn settings_text(config: &Config, room: Room) -> Text {
    let mut table = Table::new(&[
        Column::new("KEY"),
        Column::new("VALUE").least(12, Keep::Start),
        Column::new("FROM").least(12, Keep::End).rank(1),
    ]);
    for setting in config.settings() {
        let place = setting.location.as_deref().map(|location| format!(" ({location})")).unwrap_or_default();
        let (value, from) = (setting.shown().to_string(), format!("{}{place}", setting.source.name()));
        table.row(&[Text::from(setting.key.toml), value.into(), from.into()]);
    }
    table.fit(room)
}
