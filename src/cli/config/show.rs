//! `config show`

use serde_json::json;

use crate::cli::Json;
use crate::cli::context::Context;
use crate::cli::printer::Printer;
use crate::cli::table::{Column, Room, Table};
use crate::cli::text::Text;
use crate::config::{Config, Sources};
use crate::wording::cut::Keep;

/// Every effective value and where it comes from.
pub fn run(context: &Context, output: Json) {
    let config = Config::load(&context.paths, &context.environment, &Sources::default());
    Printer::warnings(&config.warnings);
    if output.json {
        let values: Vec<_> = config
            .settings()
            .iter()
            .map(|s| json!({"key": s.key.toml, "value": s.shown(), "source": s.source.name(), "location": s.location}))
            .collect();
        Printer::json(&json!({ "values": values }));
        return;
    }
    Printer::show(&settings_text(&config, Printer::room()));
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
