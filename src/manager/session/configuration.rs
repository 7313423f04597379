//! The configuration in force: followed as its files change, and changed by a person.

use std::sync::{Arc, PoisonError};

use serde_json::{Value, json};

use crate::config::keys::Key;
use crate::config::{self, Config, Stamps, WriteError};
use crate::domain::account::Families;
use crate::domain::routing::Strategy;
use crate::error::{Error, ErrorKind};
use crate::manager::Manager;
use crate::manager::session::event::{Event, Level, Notice};
use crate::paths::Paths;

impl Manager {
    /// The configuration in force.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The strategy in force.
    pub fn strategy(&self) -> Strategy {
        self.config().strategy()
    }

    /// The families that models are told apart by.
    pub fn families(&self) -> Families {
        self.config().families()
    }

    /// Reads the configuration anew when one of its files moved, and tells what cannot be used.
    pub fn follow_config(&self) {
        let stamps = Stamps::of(&self.paths);
        if std::mem::replace(&mut *self.config_stamps.lock().unwrap_or_else(PoisonError::into_inner), stamps) == stamps
        {
            return;
        }
        self.reload_config();
    }

    /// What was told of these files before is not told again.
    fn reload_config(&self) {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let before = self.config();
        let config = before.reload(&self.paths, &self.environment, &sources);
        for warning in config.warnings.iter().filter(|warning| !before.warnings.contains(warning)) {
            tracing::warn!("{warning}");
            self.emit(Event::Notice(Notice { level: Level::Warning, text: warning.clone() }));
        }
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        self.memory().touch();
    }

    /// Sets the strategy of this session, whatever the configuration says.
    pub fn set_strategy(&self, strategy: Strategy) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).session_strategy = Some(strategy);
        self.reload_config();
    }

    /// Sets the strategy in `config.toml`, which siblings follow, and of this session, whatever else it was told.
    ///
    /// # Errors
    ///
    /// `Configuration`
    pub async fn set_strategy_everywhere(&self, strategy: Strategy) -> Result<(), Error> {
        let paths = self.paths.clone();
        let key = config::key("routing.strategy").expect("the key is in the table");
        // It may wait for another writer, and requests must not wait with it.
        let writing = tokio::task::spawn_blocking(move || configure(&paths, key, Some(&json!(strategy.name()))));
        writing.await.map_err(|_| Error::new(ErrorKind::Internal, "the configuration was not written"))??;
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).session_strategy = None;
        self.reload_config();
        if self.strategy() != strategy {
            // A stronger source, such as a flag, holds in this session otherwise.
            self.set_strategy(strategy);
        }
        Ok(())
    }
}

/// Sets a key in `config.toml`, or takes it out.
///
/// # Errors
///
/// `Configuration` when the file cannot be read as TOML or cannot be written.
pub fn configure(paths: &Paths, key: &'static Key, value: Option<&Value>) -> Result<(), Error> {
    config::set(&paths.config_file, key, value).map_err(|error| {
        let hint = match &error {
            WriteError::Content { .. } => "correct that line by hand, then try again",
            WriteError::Io { .. } => "check the folder's permissions and the disk, or set `CAM_CONFIG_FILE`",
        };
        Error::new(ErrorKind::Configuration, error.to_string()).hint(hint)
    })
}
