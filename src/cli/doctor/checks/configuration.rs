//! The configuration: every value that cannot be used.

use crate::cli::doctor::finding::{Finding, FindingKind, Mend};
use crate::cli::doctor::scene::Scene;

/// What is wrong with values of files, environment and flags.
pub fn values(scene: &Scene) -> Vec<Finding> {
    let Some(manager) = &scene.manager else { return Vec::new() };
    let config = manager.session().config();
    if config.warnings.is_empty() {
        return vec![Finding::ok("every value can be used")];
    }
    let mend = Mend::run("codex-account-manager config show").and("correct that line; this shows the values in use");
    let problem = |warning| Finding::problem(FindingKind::ConfigurationValue, warning, mend.clone());
    config.warnings.iter().map(problem).collect()
}
