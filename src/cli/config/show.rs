//! `config show`

use serde_json::json;

use crate::cli::Json;
use crate::cli::context::Context;
use crate::cli::printer::Printer;
use crate::cli::table::{Column, Room, Table};
use crate::cli::text::Text;
use crate::clock::Clock;
use crate::config::{Config, Sources};
use crate::domain::projects::{FolderPattern, RemotePattern, Rule};
use crate::protocol::configuration::ProjectRule;
use crate::wording::cut::Keep;

/// Every effective value and where it comes from.
pub fn run(context: &Context, output: Json) {
    let config = Config::load(&context.paths, &context.environment, &Sources::default(), Clock::system().now());
    Printer::warnings(&config.warnings);
    if output.json {
        let values: Vec<_> = config
            .settings()
            .iter()
            .map(|s| json!({"key": s.key.toml, "value": s.shown(), "source": s.source.name(), "location": s.location}))
            .collect();
        let rules: Vec<ProjectRule> = config.projects.rules.iter().map(Into::into).collect();
        Printer::json(&json!({ "values": values, "projects": rules }));
        return;
    }
    Printer::show(&settings_text(&config, Printer::room()));
    if !config.projects.rules.is_empty() {
        Printer::show(&rules_text(&config.projects.rules, Printer::room()));
    }
}

/// The rules of projects, each with what it is for and what it allows.
fn rules_text(rules: &[Rule], room: Room) -> Text {
    let mut table = Table::new(&[
        Column::new("RULE"),
        Column::new("FOR").least(12, Keep::Start),
        Column::new("ACCOUNTS").least(8, Keep::Start),
        Column::new("AND").rank(2),
        Column::new("FROM").least(12, Keep::End).rank(1),
    ]);
    for rule in rules {
        let [path, remote] =
            [rule.path.as_ref().map(FolderPattern::text), rule.remote.as_ref().map(RemotePattern::text)];
        let places: Vec<String> =
            path.into_iter().map(str::to_owned).chain(remote.map(|remote| format!("remote {remote}"))).collect();
        let accounts = Some(rule.accounts.to_string()).filter(|accounts| !accounts.is_empty());
        let limits = [(rule.daily_limit, "a day"), (rule.monthly_limit, "a month")];
        let limits = limits.into_iter().filter_map(|(limit, per)| Some(format!("{} USD {per}", limit?.as_usd())));
        let more: Vec<String> =
            rule.strategy.map(|strategy| strategy.name().to_owned()).into_iter().chain(limits).collect();
        table.row(&[
            rule.number.to_string().into(),
            places.join(" and ").into(),
            accounts.unwrap_or_else(|| "none".to_owned()).into(),
            more.join(", ").into(),
            rule.place.clone().into(),
        ]);
    }
    table.fit(room)
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
