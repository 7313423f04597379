//! The data folder that programs with one accounts file share: whether this process has another one than the rest, and
//! whether the one that is noted beside the accounts file can be used here.

use crate::cli::doctor::finding::{Finding, FindingKind, Mend, quoted};
use crate::cli::doctor::scene::Scene;

/// Whether key file and ledger are the ones that the other programs use.
pub fn shared(scene: &Scene) -> Vec<Finding> {
    let Some(manager) = &scene.manager else { return Vec::new() };
    let mut findings = Vec::new();
    if let Some(apart) = manager.session().apart() {
        let mend =
            Mend::run("unset CAM_DATA_DIR").and("then every program with this accounts file counts in one place");
        findings.push(Finding::warning(FindingKind::DataFolderApart, apart, mend));
    }
    let elsewhere = manager.session().data_elsewhere();
    if !elsewhere.is_empty() {
        let shown: Vec<String> = elsewhere.iter().map(|folder| format!("`{}`", folder.display())).collect();
        let note = scene.cam_folder().join("data-folders.json");
        findings.push(Finding::warning(
            FindingKind::DataFolderElsewhere,
            format!(
                "key file and ledger were in {}, which is not here, belongs to another user or lets others write; \
                 this process uses `{}`",
                shown.join(", "),
                scene.data_dir().display()
            ),
            Mend::run(format!("rm {}", quoted(&note)))
                .and("where that folder was moved, bring it back instead; the note only says where to look"),
        ));
    }
    findings
}
