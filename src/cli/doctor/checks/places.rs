//! The places of the product's files: a person sees which ones this process uses.

use std::path::Path;

use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::probe;
use crate::cli::doctor::scene::Scene;

/// Each place by its path.
pub fn all(scene: &Scene) -> Vec<Finding> {
    let places = [
        ("accounts file", scene.accounts_file()),
        ("locks and sessions", scene.cam_folder()),
        ("key file and ledger", scene.data_dir()),
        ("configuration", scene.paths.config_file.clone()),
        ("OpenCode's configuration of this program", scene.paths.opencode_config_file.clone()),
    ];
    places.iter().map(|(what, path)| Finding::ok(place(what, path))).collect()
}

fn place(what: &str, path: &Path) -> String {
    let real = probe::real(path);
    let link = if real == path { String::new() } else { format!(" (really `{}`)", real.display()) };
    let missing = match probe::stat(path) {
        Ok(None) => ", not there yet",
        Ok(Some(_)) => "",
        Err(_) => ", cannot be reached",
    };
    format!("{what}: `{}`{link}{missing}", path.display())
}
