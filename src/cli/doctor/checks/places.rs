//! The places of the product's files: a person sees which ones this process uses.

use std::path::Path;

use crate::cli::doctor::finding::{Finding, FindingKind, Mend};
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
    places.iter().map(|(what, path)| Finding::ok(place(what, path))).chain(named_in_vain(scene)).collect()
}

/// A configuration that was named and is not there: with a misspelt name no rule holds.
fn named_in_vain(scene: &Scene) -> Option<Finding> {
    const VARIABLE: &str = "CAM_CONFIG_FILE";
    scene.environment.get(VARIABLE)?;
    let file = &scene.paths.config_file;
    let is_missing = matches!(probe::stat(file), Ok(None));
    is_missing.then(|| {
        Finding::warning(
            FindingKind::ConfigurationMissing,
            format!(
                "`{VARIABLE}` names `{}`, which is not there, so no setting and no rule of it holds",
                file.display()
            ),
            Mend::hint(format!("correct `{VARIABLE}`, or make that file: `codex-account-manager config edit`")),
        )
    })
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
