//! The master key, and whether it opens what is sealed.

use crate::cli::doctor::finding::{Finding, FindingKind, Mend};
use crate::cli::doctor::scene::Scene;
use crate::error::Error;
use crate::secrets::master_key::KeyState;
use crate::store::{SecretField, StoredSecret};

/// Whether the key of the accounts file is here.
pub fn key(scene: &Scene) -> Vec<Finding> {
    let Some((manager, state)) = scene.pool() else { return Vec::new() };
    let store = manager.accounts().store();
    let missing = || {
        Finding::problem(
            FindingKind::KeyMissing,
            "the secrets are sealed and there is no key",
            Mend::hint(
                "set `CAM_MASTER_KEY` or `CAM_MASTER_KEY_FILE`, or bring the key file back to the data directory",
            ),
        )
    };
    let wrong = || {
        Finding::problem(
            FindingKind::KeyWrong,
            "the secrets are sealed with another key",
            Mend::hint("set `CAM_MASTER_KEY` or `CAM_MASTER_KEY_FILE` to the key they were sealed with"),
        )
    };
    vec![match store.key_state(state) {
        KeyState::Unlocked if state.seal.is_none() => Finding::ok("nothing is sealed yet"),
        KeyState::Missing => missing(),
        KeyState::Wrong => wrong(),
        KeyState::Unlocked | KeyState::Untested => match store.key_source(state) {
            Ok(Some(source)) => Finding::ok(format!("{source} opens the secrets")),
            Ok(None) => Finding::ok("nothing is sealed yet"),
            Err(_) if scene.is_locked() => wrong(),
            Err(error) => Finding::failed(FindingKind::KeyUnusable, Error::from(error)),
        },
    }]
}

/// Whether every secret opens. Without the key none does, and that is reported once.
pub fn secrets(scene: &Scene) -> Vec<Finding> {
    let Some((manager, state)) = scene.pool() else { return Vec::new() };
    if scene.is_locked() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut plain = 0;
    for (account, number) in state.accounts.iter().zip(1..) {
        for field in SecretField::ALL {
            match account.secret(field) {
                None => {}
                Some(StoredSecret::Plain(_) | StoredSecret::New(_)) => plain += 1,
                Some(StoredSecret::Sealed(_)) => {
                    if let Err(error) = manager.accounts().store().open_secret(state, account, field) {
                        let finding = Finding::failed(FindingKind::SecretDamaged, Error::from(error));
                        findings.push(Finding { message: format!("account {number}: {}", finding.message), ..finding });
                    }
                }
            }
        }
    }
    if plain > 0 {
        findings.push(Finding::warning(
            FindingKind::SecretsNotSealed,
            format!("{plain} secrets of another tool are not sealed"),
            Mend::hint("the next change of the accounts file seals them"),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("every sealed secret opens"));
    }
    findings
}
