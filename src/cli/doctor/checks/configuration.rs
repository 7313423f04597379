//! The configuration: every value that cannot be used, and the keys of the proxy that others can read.

use crate::cli::doctor::finding::{Finding, FindingKind, Mend};
use crate::cli::doctor::scene::Scene;
use crate::cli::service::places::{closing, is_open_to_others};

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

/// The keys of several clients of a proxy. What is wrong with an entry is said with the configuration.
pub fn proxy_keys(scene: &Scene) -> Vec<Finding> {
    let Some(manager) = &scene.manager else { return Vec::new() };
    let config = manager.session().config();
    let keys = &config.proxy_keys.keys;
    let in_file = keys.iter().any(|key| key.file.is_none()).then_some(scene.paths.config_file.as_path());
    let files = keys.iter().filter_map(|key| key.file.as_deref()).chain(in_file);
    let problem = |file: &std::path::Path| {
        Finding::problem(
            FindingKind::ModeTooOpen,
            format!("other users can read `{}`, which holds a key of the proxy", file.display()),
            Mend::run(closing(file)),
        )
    };
    let mut findings: Vec<Finding> = files.filter(|file| is_open_to_others(file)).map(problem).collect();
    let serving = keys.iter().filter(|key| key.fault().is_none()).count();
    if findings.is_empty() && serving > 0 {
        findings.push(Finding::ok(format!("{serving} keys of the proxy can be used")));
    }
    findings
}
