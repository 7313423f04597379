//! `service status`: whether it is installed, runs and answers.

use clap::Args;
use serde_json::json;

use super::places::{Record, is_open_to_others, read_key};
use super::{Listener, listener, places, services};
use crate::cli::context::Context;
use crate::cli::printer::Printer;
use crate::error::Error;
use crate::files;

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Print the key too
    #[arg(long)]
    show_key: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows it; the exit code is 0 only when the proxy answers.
pub async fn run(context: &Context, args: &StatusArgs) -> Result<u8, Error> {
    let places = places(context);
    let Some(record) = places.installed()? else {
        if args.json {
            Printer::json(&json!({ "installed": false, "running": false, "answers": false }));
        } else {
            Printer::line("It is not installed; `codex-account-manager service install` does that");
        }
        return Ok(1);
    };
    let Record { program, port, unit, key_file } = &record;
    let key = read_key(key_file);
    let services = services();
    let (state, found) = tokio::join!(services.state(), listener(*port, key.as_ref().ok()));
    let (has_program, has_unit) = (files::is_program(program), files::stat(unit).is_ok_and(|found| found.is_some()));
    let version = if let Listener::Ours(version) = &found { Some(version.as_str()) } else { None };
    let state_word = state.as_ref().map_or("unknown", |state| state.text.as_str());
    let running = state.as_ref().is_some_and(|state| state.succeeded);
    let shown_key = if args.show_key { key.as_ref().ok().map(|key| key.expose().clone()) } else { None };
    if args.json {
        let mut value = json!({
            "installed": true,
            "running": running,
            "state": state_word,
            "answers": version.is_some(),
            "version": version,
            "baseUrl": record.base_url(),
            "port": port,
            "program": program,
            "programExists": has_program,
            "unit": unit,
            "unitExists": has_unit,
            "keyFile": key_file,
        });
        if let Some(key) = shown_key {
            value["key"] = json!(key);
        }
        Printer::json(&value);
        return Ok(u8::from(version.is_none()));
    }
    let missing = |is_there: bool| if is_there { "" } else { ", which is not there" };
    let answer = match &found {
        Listener::Ours(version) => format!("{}, version {version}", record.base_url()),
        Listener::Nobody => format!("nothing listens on {}", record.base_url()),
        Listener::AnotherKey => format!("a proxy on port {port} wants another key"),
        Listener::Another => format!("another program listens on port {port}"),
    };
    let open = if is_open_to_others(key_file) { ", which other users can read" } else { "" };
    for (name, value) in [
        ("unit", format!("`{}`{}", unit.display(), missing(has_unit))),
        ("program", format!("`{}`{}", program.display(), missing(has_program))),
        ("state", state_word.to_owned()),
        ("answers", answer),
        ("key file", format!("`{}`{open}", key_file.display())),
    ] {
        Printer::line(&format!("{name:<9} {value}"));
    }
    if let Some(key) = shown_key {
        Printer::line(&format!("{:<9} {key}", "key"));
    }
    if let Err(error) = &key {
        Printer::error(error);
    }
    if version.is_none() {
        Printer::note(&format!("`codex-account-manager service install` starts it again; {}", services.log()));
    }
    Ok(u8::from(version.is_none()))
}
