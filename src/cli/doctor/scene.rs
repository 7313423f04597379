//! The input of the checks: the environment, the places, and the files that could be opened.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::finding::{Finding, FindingKind, Mend};
use crate::background;
use crate::cli::context::Context;
use crate::env::Environment;
use crate::error::Error;
use crate::files::with_suffix;
use crate::manager::Manager;
use crate::paths::Paths;
use crate::secrets::master_key::KeyState;
use crate::store;

/// A file system that does not answer by then is not waited for. A passphrase is derived in a second or two.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// What is looked at.
pub struct Scene {
    /// The environment of the process.
    pub environment: Environment,
    /// Where the files are.
    pub paths: Paths,
    /// The product itself; `None` when it cannot be opened.
    pub manager: Option<Arc<Manager>>,
    /// The same, narrowed as a session in this folder is.
    pub here: Option<Arc<Manager>>,
    /// The accounts file; `None` when there is none or it cannot be read.
    pub state: Option<Arc<store::State>>,
    locked: OnceLock<bool>,
}

impl Scene {
    /// Opens what can be opened, and what was found by that. A file that does not answer stops nothing else.
    pub async fn open(context: &Context) -> (Arc<Scene>, Vec<Finding>) {
        let Context { environment, paths } = context.clone();
        let scene = Scene { environment, paths, manager: None, here: None, state: None, locked: OnceLock::new() };
        let file = scene.paths.accounts_file.clone();
        let context = context.clone();
        let opening = background::spawn_blocking(move || {
            let manager = context.manager()?;
            let state = manager.accounts().store().read().map_err(Error::from);
            let here = context.here()?;
            Ok::<_, Error>((manager, here, state))
        });
        let (scene, finding) = match tokio::time::timeout(PATIENCE, opening).await {
            Ok(Ok(Ok((manager, here, Ok(state))))) => {
                (Scene { manager: Some(manager), here: Some(here), state, ..scene }, None)
            }
            Ok(Ok(Ok((manager, here, Err(error))))) => {
                let finding = Finding::failed(FindingKind::AccountsFileUnreadable, error).of("file");
                (Scene { manager: Some(manager), here: Some(here), ..scene }, Some(finding))
            }
            Ok(Ok(Err(error))) => (scene, Some(Finding::failed(FindingKind::CannotStart, error).of("start"))),
            Ok(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
            Err(_) => (scene, Some(no_answer(&file).of("start"))),
        };
        (Arc::new(scene), finding.into_iter().collect())
    }

    /// The accounts file, links resolved where that is possible.
    pub fn accounts_file(&self) -> PathBuf {
        match &self.manager {
            Some(manager) => manager.accounts().store().path(),
            None => self.paths.accounts_file.clone(),
        }
    }

    /// The folder with the locks beside it.
    pub fn cam_folder(&self) -> PathBuf {
        match &self.manager {
            Some(manager) => manager.accounts().store().folder(),
            None => with_suffix(&self.paths.accounts_file, ".cam"),
        }
    }

    /// Where the ledger and new key files are.
    pub fn data_dir(&self) -> PathBuf {
        match &self.manager {
            Some(manager) => manager.session().data_folder(),
            None => self.paths.data.path.clone(),
        }
    }

    /// The product with the accounts file, where both can be used.
    pub fn pool(&self) -> Option<(&Arc<Manager>, &Arc<store::State>)> {
        self.manager.as_ref().zip(self.state.as_ref())
    }

    /// Whether no secret can be opened. What follows from that is not reported again for every account. It may take the
    /// time of a passphrase.
    pub fn is_locked(&self) -> bool {
        *self.locked.get_or_init(|| {
            self.pool().is_some_and(|(manager, state)| match manager.accounts().store().key_state(state) {
                KeyState::Unlocked => false,
                KeyState::Missing | KeyState::Wrong => true,
                KeyState::Untested => manager.accounts().store().key_source(state).is_err(),
            })
        })
    }
}

/// Something in `path` did not answer.
fn no_answer(path: &Path) -> Finding {
    Finding::problem(
        FindingKind::NoAnswer,
        format!("`{}` did not answer within {} seconds", path.display(), PATIENCE.as_secs()),
        Mend::hint("check that its file system is mounted and its server runs"),
    )
}
