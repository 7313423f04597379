//! The configuration in force: followed as its files change, and changed by a person.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde_json::{Value, json};

use super::Session;
use super::event::Level;
use crate::background;
use crate::config::keys::Key;
use crate::config::{self, Config, Sources, Stamps, WriteError};
use crate::domain::account::Families;
use crate::domain::projects::Rule;
use crate::domain::routing::Strategy;
use crate::domain::sentence::capitalised;
use crate::domain::time::Timestamp;
use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::paths::Paths;

/// What this process is configured by, and what that says now.
pub struct Configuration {
    paths: Paths,
    environment: Environment,
    sources: Mutex<Sources>,
    stamps: Mutex<Stamps>,
    current: RwLock<Arc<Config>>,
}

impl Configuration {
    /// Reads the files; writes nothing.
    pub fn load(paths: Paths, environment: Environment, sources: Sources, now: Timestamp) -> Configuration {
        // Before the files are read: a change in between is then seen as one.
        let (stamps, now) = Stamps::at_start(&paths, sources.reads_proxy_keys, now);
        let current = RwLock::new(Arc::new(Config::load(&paths, &environment, &sources, now)));
        Configuration { paths, environment, sources: Mutex::new(sources), stamps: Mutex::new(stamps), current }
    }

    fn current(&self) -> Arc<Config> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stamps(&self) -> MutexGuard<'_, Stamps> {
        self.stamps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a file was changed since it was read last. One that was emptied a moment ago is left for the next time.
    fn has_changed(&self, now: Timestamp) -> bool {
        let stamps = Stamps::of(&self.paths);
        !stamps.are_emptied(now) && (*self.stamps() != stamps || self.current().proxy_keys.has_changed())
    }

    /// Reads everything again; the warnings that were not given before.
    fn reload(&self, now: Timestamp) -> Vec<(Level, String)> {
        let sources = self.sources().clone();
        let before = self.current();
        // Before the files are read: a change in between is then seen as one.
        let stamps = Stamps::of(&self.paths);
        let config = before.reload(&self.paths, &self.environment, &sources, now);
        if !config.is_unsettled() {
            *self.stamps() = stamps;
        }
        let is_new = |warning: &&String| !before.warnings.contains(warning);
        let warnings = config
            .warnings
            .iter()
            .filter(is_new)
            .chain(&config.notices)
            .map(|warning| (Level::Warning, warning.clone()));
        let keys = config.proxy_keys.changes_since(&before.proxy_keys).into_iter();
        let new = warnings.chain(keys.map(|change| (Level::Info, capitalised(&change)))).collect();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        new
    }
}

impl Session {
    /// The configuration in force.
    pub fn config(&self) -> Arc<Config> {
        self.configuration.current()
    }

    /// The strategy in force.
    pub fn strategy(&self) -> Strategy {
        self.config().strategy()
    }

    /// The families of models.
    pub fn families(&self) -> Families {
        self.config().families()
    }

    /// Reads the configuration again when one of its files was changed, and reports what cannot be used.
    pub fn follow_config(&self) {
        if self.configuration.has_changed(self.now()) {
            self.reload_config();
        }
    }

    fn reload_config(&self) {
        for (level, text) in self.configuration.reload(self.now()) {
            match level {
                Level::Info => tracing::info!("{text}"),
                Level::Warning | Level::Error => tracing::warn!("{text}"),
            }
            self.notice(level, text);
        }
        self.touch_rules();
    }

    /// From now on the strategy of this rule holds here, or of none.
    pub(super) fn follow_rule(&self, rule: Option<(&Rule, Strategy)>) {
        let strategy = rule.map(|(rule, strategy)| (strategy, rule.title()));
        let before = std::mem::replace(&mut self.configuration.sources().rule_strategy, strategy.clone());
        if before != strategy {
            self.reload_config();
        }
    }

    /// Sets the strategy of this session, whatever the configuration says.
    pub fn set_strategy(&self, strategy: Strategy) {
        self.configuration.sources().session_strategy = Some(strategy);
        self.reload_config();
    }

    /// Sets the strategy in `config.toml`, which siblings follow, and of this session, whatever else it was set to.
    ///
    /// # Errors
    ///
    /// `Configuration`
    pub async fn set_strategy_everywhere(&self, strategy: Strategy) -> Result<(), Error> {
        let paths = self.configuration.paths.clone();
        let key = config::key("routing.strategy").expect("the key is in the table");
        // It may wait for another writer, and requests must not wait with it.
        let writing = background::spawn_blocking(move || configure(&paths, key, Some(&json!(strategy.name()))));
        writing
            .await
            .map_err(|error| Error::new(ErrorKind::Internal, "the configuration was not written").caused_by(error))??;
        self.configuration.sources().session_strategy = None;
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
    config::set(paths, key, value).map_err(|error| {
        let hint = match &error {
            WriteError::Content { .. } => "correct that line by hand, then try again",
            WriteError::Held { .. } => "then try again",
            WriteError::Io { .. } => "check the folder's permissions and the disk, or set `CAM_CONFIG_FILE`",
        };
        Error::new(ErrorKind::Configuration, error.to_string()).hint(hint).caused_by(error)
    })
}
