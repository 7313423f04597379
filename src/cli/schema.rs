//! `schema`

use std::path::{Path, PathBuf};

use clap::Args;
use similar::TextDiff;

use super::printer::Printer;
use super::reference;
use crate::error::{Error, ErrorKind};
use crate::protocol::schema;

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The folder
    #[arg(long, value_name = "DIR", default_value = "schemas")]
    out: PathBuf,
    /// Make the tables of this README anew as well
    #[arg(long, value_name = "FILE")]
    readme: Option<PathBuf>,
    /// Write nothing; fail and show the difference when a file is not as it would be written
    #[arg(long)]
    check: bool,
}

/// Writes the generated files, or compares them.
#[expect(clippy::disallowed_methods, reason = "generated files are read and written here")]
pub fn run(args: &SchemaArgs) -> Result<u8, Error> {
    let unusable = |path: &Path, error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Internal, format!("`{}` cannot be used: {error}", path.display()))
    };
    let mut files: Vec<(PathBuf, String)> =
        schema::files().into_iter().map(|(name, text)| (args.out.join(name), text)).collect();
    if let Some(readme) = &args.readme {
        let text = std::fs::read_to_string(readme).map_err(|error| unusable(readme, &error))?;
        files.push((readme.clone(), reference::with_tables(&text).map_err(|error| unusable(readme, &error))?));
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
    let readme = args.readme.as_ref().map(|path| format!(" --readme {}", path.display())).unwrap_or_default();
    let command = format!("codex-account-manager schema --out {}{readme}", args.out.display());
    Err(Error::new(ErrorKind::Internal, format!("not as they would be written: {differences} generated files"))
        .hint(format!("run `{command}`")))
}

fn difference(path: &Path, found: &str, expected: &str) -> String {
    let name = path.display().to_string();
    TextDiff::from_lines(found, expected).unified_diff().header(&name, &format!("{name} (generated)")).to_string()
}
