//! The configuration: every value that cannot be used, and the keys of the proxy that others can read.

use std::io::ErrorKind;
use std::path::Path;

use crate::cli::doctor::finding::{CONFIG_EDIT, Finding, FindingKind, Mend, quoted};
use crate::cli::doctor::scene::Scene;
use crate::cli::rules;
use crate::cli::service::places::{closing, is_open_to_others};
use crate::files;

/// What is wrong with values of files, environment and flags.
pub fn values(scene: &Scene) -> Vec<Finding> {
    let Some(manager) = &scene.manager else { return Vec::new() };
    let config = manager.session().config();
    if config.warnings.is_empty() {
        return vec![Finding::ok("every value can be used")];
    }
    let problem = |warning: &String| {
        Finding::problem(FindingKind::ConfigurationValue, warning, mend(warning, &scene.paths.config_file))
    };
    config.warnings.iter().map(problem).collect()
}

/// What mends a value: nothing but the person's editor corrects a file, and none opens one that is not there.
fn mend(warning: &str, file: &Path) -> Mend {
    if !warning.contains(&file.display().to_string()) {
        return Mend::run("codex-account-manager config show").and("correct that value; this shows the values in use");
    }
    match files::open(file) {
        Ok(_) => Mend::run(CONFIG_EDIT).and("correct that line, or what it names"),
        Err(error) if error.kind() == ErrorKind::NotFound => Mend::hint(format!(
            "put the file back; if you meant to remove all that stood in it, write a line `# none` into {}",
            quoted(file)
        )),
        Err(_) => Mend::hint("make it a file that this user can read"),
    }
}

/// The keys of several clients of a proxy. What is wrong with an entry is said with the configuration.
pub fn proxy_keys(scene: &Scene) -> Vec<Finding> {
    let Some(manager) = &scene.manager else { return Vec::new() };
    let config = manager.session().config();
    let keys = &config.proxy_keys.keys;
    let in_file = keys.iter().any(|key| key.file.is_none()).then_some(scene.paths.config_file.as_path());
    let files = keys.iter().filter_map(|key| key.file.as_deref()).chain(in_file);
    let problem = |file: &Path| {
        Finding::problem(
            FindingKind::ModeTooOpen,
            format!("other users can read `{}`, which holds a key of the proxy", file.display()),
            Mend::run(closing(file)),
        )
    };
    let unnamed = rules::of_keys(&config.proxy_keys, manager).into_iter().map(|flaw| {
        let hint = "correct that key; `codex-account-manager list` shows groups and labels";
        Finding::problem(FindingKind::ProxyKey, flaw.message(), Mend::run(CONFIG_EDIT).and(hint))
    });
    let open = files.filter(|file| is_open_to_others(file)).map(problem);
    let mut findings: Vec<Finding> = unnamed.chain(open).collect();
    let serving = keys.iter().filter(|key| key.fault().is_none()).count();
    if findings.is_empty() && serving > 0 {
        findings.push(Finding::ok(format!("{serving} keys of the proxy can be used")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "the test makes the file that is looked at")]
    #[test]
    fn what_is_wrong_is_mended_where_it_stands() {
        let home = tempfile::TempDir::new().unwrap();
        let file = home.path().join("config.toml");
        let of_file = format!("{}:1: unknown key `x`", file.display());
        let shown = |warning: &str| {
            let finding = Finding::problem(FindingKind::ConfigurationValue, warning, mend(warning, &file));
            [finding.command, finding.hint].into_iter().flatten().collect::<Vec<_>>().join("; ")
        };
        let gone = shown(&of_file);
        assert!(gone.starts_with("put the file back; ") && gone.contains("write a line `# none` into '"), "{gone}");
        std::fs::write(&file, "x = 1").unwrap();
        for (warning, expected) in [
            (of_file.as_str(), "codex-account-manager config edit; correct that line, or what it names"),
            (
                "`CAM_X` cannot be `1`",
                "codex-account-manager config show; correct that value; this shows the values in use",
            ),
        ] {
            assert_eq!(shown(warning), expected);
        }
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert_eq!(shown(&of_file), "make it a file that this user can read");
    }
}
