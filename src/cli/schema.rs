//! `schema`

use std::path::{Path, PathBuf};

use clap::Args;
use similar::TextDiff;

use super::printer::Printer;
use crate::error::{Error, ErrorKind};
use crate::protocol::schema;

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The folder
    #[arg(long, value_name = "DIR", default_value = "schemas")]
    out: PathBuf,
    /// Write nothing; fail and show the difference when a file is not as it would be written
    #[arg(long)]
    check: bool,
}

/// Writes the generated files, or compares them.
#[expect(clippy::disallowed_methods, reason = "generated files are read and written here")]
pub fn run(args: &SchemaArgs) -> Result<u8, Error> {
    let mut differences = 0;
    for (name, text) in schema::files() {
        let path = args.out.join(name);
        if args.check {
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            if found != text {
                differences += 1;
                Printer::stderr(&difference(&path, &found, &text));
            }
        } else {
            let written = std::fs::create_dir_all(&args.out).and_then(|()| std::fs::write(&path, text));
            written.map_err(|error| {
                Error::new(ErrorKind::Internal, format!("`{}` cannot be written: {error}", path.display()))
            })?;
        }
    }
    if differences == 0 {
        return Ok(0);
    }
    Err(Error::new(ErrorKind::Internal, format!("{differences} generated file is not as it would be written"))
        .hint(format!("run `codex-account-manager schema --out {}`", args.out.display())))
}

fn difference(path: &Path, found: &str, expected: &str) -> String {
    let name = path.display().to_string();
    TextDiff::from_lines(found, expected).unified_diff().header(&name, &format!("{name} (generated)")).to_string()
}
