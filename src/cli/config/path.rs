//! `config path`

use serde_json::json;

use crate::cli::Json;
use crate::cli::context::Context;
use crate::cli::printer::Printer;
use crate::cli::table::{Column, Room, Table};
use crate::store::DataFolders;

/// Where the files are, whether they exist or not.
pub fn run(context: &Context, output: Json) {
    let paths = &context.paths;
    // A file that cannot be found has no word in it.
    let data = DataFolders::new(paths).map_or_else(|_| paths.data.path.clone(), |folders| folders.home());
    let places = [
        ("accounts", &paths.accounts_file),
        ("config", &paths.config_file),
        ("opencodeConfig", &paths.opencode_config_file),
        ("data", &data),
    ];
    if output.json {
        Printer::json(
            &places.iter().map(|(name, path)| ((*name).to_owned(), json!(path))).collect::<serde_json::Map<_, _>>(),
        );
    } else {
        // A path is there to be copied, so that it is never shortened.
        let mut table = Table::new(&[Column::new("FILE"), Column::new("WHERE")]);
        for (name, path) in places {
            table.row(&[name.into(), path.display().to_string().into()]);
        }
        Printer::show(&table.fit(Room { columns: None, ..Printer::room() }));
    }
}
