//! `config get`

use clap::Args;
use serde_json::{Value, json};

use crate::cli::context::{Context, known};
use crate::cli::help::Example;
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::config::{Config, Sources};
use crate::error::{Error, ErrorKind};

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[("config get routing.strategy", "the value alone")];

#[derive(Debug, Args)]
pub struct GetArgs {
    /// The key, such as `routing.strategy`
    key: String,
    /// Print JSON: the value with its source
    #[arg(long)]
    json: bool,
}

/// The value alone: text without quotes, anything else as JSON. A secret is `****`, as everywhere.
pub fn run(context: &Context, args: &GetArgs) -> Result<(), Error> {
    let key = known("config get", &args.key)?;
    let config = Config::load(&context.paths, &context.environment, &Sources::default(), Clock::system().now());
    Printer::warnings(&config.warnings);
    let setting = config
        .settings()
        .iter()
        .find(|setting| setting.key == key)
        .ok_or_else(|| Error::new(ErrorKind::Internal, format!("`{}` has no value", key.toml)))?;
    let value = setting.shown();
    if args.json {
        let (source, location) = (setting.source.name(), &setting.location);
        Printer::json(&json!({ "key": key.toml, "value": value, "source": source, "location": location }));
        return Ok(());
    }
    Printer::stdout(&match value {
        Value::String(text) => text,
        other => other.to_string(),
    });
    Ok(())
}
