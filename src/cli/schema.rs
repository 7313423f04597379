//! `schema`

mod accounts_file;
mod markdown;
mod prices;
mod reference;

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use similar::TextDiff;

use super::printer::Printer;
use crate::config;
use crate::error::{Error, ErrorKind};
use crate::protocol::schema::{self, Generated, Place};
use crate::store;

/// Where the files belong in a checkout.
const SCHEMAS: &str = "schemas";

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Print this file
    #[arg(value_name = "NAME", default_value = "protocol", value_parser = PossibleValuesParser::new(files().map(|file| file.name)))]
    name: String,
    /// Write or compare the schemas in this folder instead
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write or compare the types of the clients in this folder as well
    #[arg(long, value_name = "DIR")]
    clients: Option<PathBuf>,
    /// Rewrite the tables of this README too
    #[arg(long, value_name = "FILE")]
    readme: Option<PathBuf>,
    /// Rewrite the tables of the pages in this folder too
    #[arg(long, value_name = "DIR")]
    docs: Option<PathBuf>,
    /// Write nothing; fail and show the difference when a file is not as it would be written
    #[arg(long)]
    check: bool,
}

/// What is generated beside the protocol's own.
static FURTHER_FILES: &[Generated] = &[
    Generated {
        name: "accounts-file",
        place: Place::Schemas("accounts-file.schema.json"),
        text: || schema::pretty(&store::schema::document()),
    },
    Generated {
        name: "config",
        place: Place::Schemas("config.schema.json"),
        text: || schema::pretty(&config::schema::toml()),
    },
    Generated {
        name: "opencode-config",
        place: Place::Schemas("opencode-config.schema.json"),
        text: || schema::pretty(&config::schema::json()),
    },
    Generated { name: "prices", place: Place::Clients("opencode/src/prices.ts"), text: prices::text },
];

fn files() -> impl Iterator<Item = &'static Generated> {
    schema::FILES.iter().chain(FURTHER_FILES)
}

/// Prints one of the generated files, writes them all, or compares them.
pub fn run(args: &SchemaArgs) -> Result<u8, Error> {
    let writes = args.check || [&args.out, &args.clients, &args.readme, &args.docs].iter().any(|place| place.is_some());
    if !writes {
        let file = files().find(|file| file.name == args.name).expect("the name is one of the files'");
        Printer::stdout((file.text)().trim_end());
        return Ok(0);
    }
    let out = args.out.clone().unwrap_or_else(|| SCHEMAS.into());
    write(args, &out)
}

#[expect(clippy::disallowed_methods, reason = "generated files are read and written here")]
fn write(args: &SchemaArgs, out: &Path) -> Result<u8, Error> {
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for file in self::files() {
        match (file.place, &args.clients) {
            (Place::Schemas(path), _) => files.push((out.join(path), (file.text)())),
            (Place::Clients(path), Some(clients)) => files.push((clients.join(path), (file.text)())),
            (Place::Clients(_), None) => {}
        }
    }
    let readme = args.readme.clone().map(|readme| (readme, reference::README));
    let docs =
        args.docs.iter().flat_map(|docs| reference::PAGES.iter().map(|(page, tables)| (docs.join(page), *tables)));
    for (page, tables) in readme.into_iter().chain(docs) {
        let text = std::fs::read_to_string(&page).map_err(|error| unusable(&page, &error))?;
        let text = markdown::with_tables(&text, tables).map_err(|error| unusable(&page, &error))?;
        files.push((page, text));
    }
    let mut differences = 0;
    for (path, text) in files {
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        if found == text {
            continue;
        }
        if args.check {
            differences += 1;
            Printer::stderr(&difference(&path, &found, &text));
        } else {
            let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            folder.and_then(|()| std::fs::write(&path, text)).map_err(|error| unusable(&path, &error))?;
        }
    }
    if differences == 0 {
        return Ok(0);
    }
    Err(Error::new(ErrorKind::Internal, format!("not as they would be written: {differences} generated files"))
        .hint(format!("run `{}`", command(args, out))))
}

/// What writes the files that were compared.
fn command(args: &SchemaArgs, out: &Path) -> String {
    let flag = |name: &str, path: Option<&PathBuf>| path.map(|path| format!(" --{name} {}", path.display()));
    let clients = flag("clients", args.clients.as_ref()).unwrap_or_default();
    let readme = flag("readme", args.readme.as_ref()).unwrap_or_default();
    let docs = flag("docs", args.docs.as_ref()).unwrap_or_default();
    format!("codex-account-manager schema --out {}{clients}{readme}{docs}", out.display())
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("`{}` cannot be used: {error}", path.display()))
}

fn difference(path: &Path, found: &str, expected: &str) -> String {
    let name = path.display().to_string();
    TextDiff::from_lines(found, expected).unified_diff().header(&name, &format!("{name} (generated)")).to_string()
}
