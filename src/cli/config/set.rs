//! `config set`

use clap::Args;
use serde_json::json;

use crate::cli::context::{Context, checked, known};
use crate::cli::help::Example;
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::config::{Config, Source, Sources, typed};
use crate::error::Error;
use crate::manager::session::configuration::configure;

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("config set routing.strategy round_robin", "running processes follow"),
    ("config set routing.strategy --unset", "back to the default"),
];

#[derive(Debug, Args)]
pub struct SetArgs {
    /// The key, such as `routing.strategy`
    key: String,
    /// The value: TOML where it is valid TOML, else text
    #[arg(required_unless_present = "unset", conflicts_with = "unset", allow_hyphen_values = true)]
    value: Option<String>,
    /// Remove the key from the file
    #[arg(long)]
    unset: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Sets a key, or removes it.
pub fn run(context: &Context, args: &SetArgs) -> Result<(), Error> {
    let (key, value) = match &args.value {
        Some(text) => checked("config set", &args.key, &typed(text.trim())).map(|(key, value)| (key, Some(value)))?,
        None => (known("config set", &args.key)?, None),
    };
    configure(&context.paths, key, value.as_ref())?;
    if key.secret && value.is_some() {
        Printer::warning("your shell's history has the value now");
    }
    let config = Config::load(&context.paths, &context.environment, &Sources::default(), Clock::system().now());
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
    Printer::line(&match (shown, in_force) {
        (Some(shown), _) => format!("`{}` is {shown} in `{file}`", key.toml),
        (None, Some(setting)) => {
            format!("`{}` is not in `{file}`; it is {} ({})", key.toml, setting.shown(), setting.source.name())
        }
        (None, None) => format!("`{}` is not in `{file}`", key.toml),
    });
    Ok(())
}
