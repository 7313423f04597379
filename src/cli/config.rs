//! `config show` and `config path`

use clap::{Args, Subcommand};
use serde_json::json;

use super::Json;
use super::context::Context;
use super::printer::{Printer, table};
use crate::config::{Config, Sources};

#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every effective value and where it comes from
    Show(Json),
    /// Where the files are
    Path(Json),
}

/// Shows values or places.
pub fn run(context: &Context, args: &ConfigArgs) -> u8 {
    match args.what {
        What::Show(output) => show(context, output),
        What::Path(output) => path(context, output),
    }
    0
}

fn show(context: &Context, output: Json) {
    let config = Config::load(&context.paths, &context.environment, &Sources::default());
    for warning in &config.warnings {
        Printer::warning(warning);
    }
    if output.json {
        let values: Vec<_> = config
            .settings()
            .iter()
            .map(|s| json!({"key": s.key.toml, "value": s.shown(), "source": s.source.name(), "location": s.location}))
            .collect();
        Printer::json(&json!({ "values": values }));
        return;
    }
    let rows: Vec<Vec<String>> = config
        .settings()
        .iter()
        .map(|setting| {
            let place = setting.location.as_deref().map(|location| format!(" ({location})")).unwrap_or_default();
            vec![setting.key.toml.to_owned(), setting.shown().to_string(), format!("{}{place}", setting.source.name())]
        })
        .collect();
    Printer::stdout(&table(&["KEY", "VALUE", "FROM"], &rows));
}

fn path(context: &Context, output: Json) {
    let paths = &context.paths;
    let places = [
        ("accounts", &paths.accounts_file),
        ("config", &paths.config_file),
        ("opencodeConfig", &paths.opencode_config_file),
        ("data", &paths.data_dir),
    ];
    if output.json {
        Printer::json(
            &places.iter().map(|(name, path)| ((*name).to_owned(), json!(path))).collect::<serde_json::Map<_, _>>(),
        );
    } else {
        let rows: Vec<Vec<String>> =
            places.iter().map(|(name, path)| vec![(*name).to_owned(), path.display().to_string()]).collect();
        Printer::stdout(&table(&["FILE", "WHERE"], &rows));
    }
}
