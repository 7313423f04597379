//! `config show`, `config path` and `config set`

use clap::{Args, Subcommand};
use serde_json::json;

use super::Json;
use super::context::{Context, checked, known};
use super::printer::{Printer, table};
use crate::config::{Config, Source, Sources, typed};
use crate::error::Error;
use crate::manager::configuration::configure;

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
    /// Set a key in `config.toml`; running processes follow
    Set(SetArgs),
}

#[derive(Debug, Args)]
struct SetArgs {
    /// Such as `routing.strategy`
    key: String,
    /// TOML where it is TOML, else text
    #[arg(required_unless_present = "unset", conflicts_with = "unset", allow_hyphen_values = true)]
    value: Option<String>,
    /// Take the key out of the file
    #[arg(long)]
    unset: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows values or places, or sets a value.
pub fn run(context: &Context, args: &ConfigArgs) -> Result<u8, Error> {
    match &args.what {
        What::Show(output) => show(context, *output),
        What::Path(output) => path(context, *output),
        What::Set(args) => set(context, args)?,
    }
    Ok(0)
}

fn set(context: &Context, args: &SetArgs) -> Result<(), Error> {
    let (key, value) = match &args.value {
        Some(text) => checked("config set", &args.key, &typed(text.trim())).map(|(key, value)| (key, Some(value)))?,
        None => (known("config set", &args.key)?, None),
    };
    configure(&context.paths, key, value.as_ref())?;
    if key.secret && value.is_some() {
        Printer::warning("the value is in your shell's history now");
    }
    let config = Config::load(&context.paths, &context.environment, &Sources::default());
    let in_force = config.settings().iter().find(|setting| setting.key == key);
    let stronger = in_force.filter(|setting| setting.source < Source::Toml);
    if let Some(stronger) = stronger {
        let place = stronger.location.as_deref().unwrap_or_default();
        Printer::warning(&format!("`{place}` ({}) beats the file: it is {}", stronger.source.name(), stronger.shown()));
    }
    let file = context.paths.config_file.display();
    let shown = value.map(|value| if key.secret { json!("****") } else { value });
    if args.json {
        let beaten_by = stronger.and_then(|setting| setting.location.as_deref());
        Printer::json(&json!({ "key": key.toml, "value": shown, "file": file.to_string(), "overriddenBy": beaten_by }));
        return Ok(());
    }
    Printer::stdout(&match (shown, in_force) {
        (Some(shown), _) => format!("`{}` is {shown} in `{file}`", key.toml),
        (None, Some(setting)) => {
            format!("`{}` is not in `{file}`; it is {} ({})", key.toml, setting.shown(), setting.source.name())
        }
        (None, None) => format!("`{}` is not in `{file}`", key.toml),
    });
    Ok(())
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
