//! Configuration: every value with where it came from. Nothing here stops a start: what cannot be used is a
//! warning and the next source decides; where a file changes under a running process, what was good before stays.

mod edit;
mod file;
mod json;
pub mod keys;
mod layers;
mod merge;
pub mod schema;
mod template;
mod write;

pub use edit::EditError;
pub use json::plain_json;
pub use layers::typed;
pub use write::{WriteError, create, set};

use std::time::Duration;

use serde_json::{Map, Value};

use crate::domain::account::Families;
use crate::domain::client_version::ClientVersion;
use crate::domain::health::breaker::BreakerSettings;
use crate::domain::routing::Strategy;
use crate::domain::usage::pricing::PriceTable;
use crate::env::Environment;
use crate::files::Stamp;
use crate::paths::Paths;
use crate::secrets::Secret;
use keys::{KEYS, Key};

/// The key every program on the machine knows; only `proxy` on a loopback address uses it.
pub const DEFAULT_PROXY_KEY: &str = "sk-codex-account-manager";

/// Where a value came from, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `routing/setStrategy`, until the session ends.
    Session,
    /// `--strategy`, `--set` or another flag.
    Flag,
    /// The editor's `initializationOptions`.
    InitializationOptions,
    /// An environment variable.
    Environment,
    /// `config.toml`.
    Toml,
    /// OpenCode's JSON file.
    Json,
    /// Built in.
    Default,
}

impl Source {
    /// The word on the wire and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Source::Session => "session",
            Source::Flag => "flag",
            Source::InitializationOptions => "initializationOptions",
            Source::Environment => "environment",
            Source::Toml => "toml",
            Source::Json => "json",
            Source::Default => "default",
        }
    }
}

/// One effective value.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The key it belongs to.
    pub key: &'static Key,
    /// The value, checked against the key's shape. A secret one is still whole here.
    pub value: Value,
    /// Where it came from.
    pub source: Source,
    /// The flag, variable, or file and line.
    pub location: Option<String>,
}

impl Setting {
    /// The value as it may be shown: a secret that is not the well-known default is `****`.
    pub fn shown(&self) -> Value {
        let secret = self.key.secret && self.source != Source::Default;
        if secret { Value::String("****".to_owned()) } else { self.value.clone() }
    }
}

/// What the configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The strategy that a client set for this session.
    pub session_strategy: Option<Strategy>,
    /// `KEY=VALUE` pairs from flags, each with the flag's name.
    pub flags: Vec<(String, String, Value)>,
    /// The editor's options, `masterKey` left out.
    pub initialization_options: Map<String, Value>,
    /// The default strategy differs by command; so may others.
    pub defaults: Vec<(&'static str, Value)>,
}

/// Every effective value, and what could not be used.
#[derive(Clone, Debug, Default)]
pub struct Config {
    settings: Vec<Setting>,
    /// What was taken from each file, whether a stronger source beats it or not: it stays when the file goes bad.
    from_files: Vec<Setting>,
    /// Made once from the settings, because every request asks for them.
    strategy: Strategy,
    families: Families,
    prices: PriceTable,
    /// One sentence for each unknown key and bad value.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads all sources.
    pub fn load(paths: &Paths, environment: &Environment, sources: &Sources) -> Config {
        Config::default().reload(paths, environment, sources)
    }

    /// Reads all sources anew. What a file says that cannot be used leaves what this configuration took from it.
    #[must_use = "this returns the new configuration"]
    pub fn reload(&self, paths: &Paths, environment: &Environment, sources: &Sources) -> Config {
        let layers = vec![
            layers::session(sources.session_strategy),
            layers::flags(&sources.flags),
            layers::initialization_options(&sources.initialization_options),
            layers::environment(environment),
            layers::toml(&paths.config_file),
            json::layer(&paths.opencode_config_file),
            layers::defaults(&sources.defaults),
        ];
        merge::merge(layers, self)
    }

    /// Every effective value, in the order of the table of keys.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    fn value(&self, name: &str) -> &Value {
        static NULL: Value = Value::Null;
        self.settings.iter().find(|setting| setting.key.toml == name).map_or(&NULL, |setting| &setting.value)
    }

    fn flag(&self, name: &str) -> bool {
        self.value(name).as_bool().unwrap_or_default()
    }

    fn number(&self, name: &str) -> u64 {
        self.value(name).as_u64().unwrap_or_default()
    }

    /// `routing.strategy`
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// `routing.families`
    pub fn families(&self) -> Families {
        self.families.clone()
    }

    /// `pricing`, before the built-in table.
    pub fn prices(&self) -> &PriceTable {
        &self.prices
    }

    /// `routing.wait_when_exhausted`
    pub fn wait_when_exhausted(&self) -> bool {
        self.flag("routing.wait_when_exhausted")
    }

    /// `routing.max_wait_ms`; `None` is no limit.
    pub fn max_wait(&self) -> Option<Duration> {
        Some(self.number("routing.max_wait_ms")).filter(|wait| *wait > 0).map(Duration::from_millis)
    }

    /// `routing.max_waits`
    pub fn max_waits(&self) -> u32 {
        u32::try_from(self.number("routing.max_waits")).unwrap_or(u32::MAX)
    }

    /// `routing.pid_offset`
    pub fn pid_offset(&self) -> bool {
        self.flag("routing.pid_offset")
    }

    /// `routing.short_retry_ms`
    pub fn short_retry(&self) -> Duration {
        Duration::from_millis(self.number("routing.short_retry_ms"))
    }

    /// `routing.max_attempts`
    pub fn max_attempts(&self) -> u32 {
        u32::try_from(self.number("routing.max_attempts")).unwrap_or(u32::MAX)
    }

    /// `routing.reserve_percent`
    pub fn reserve_percent(&self) -> f64 {
        // At most 99.
        f64::from(u32::try_from(self.number("routing.reserve_percent")).unwrap_or_default())
    }

    /// `routing.use_credits`
    pub fn use_credits(&self) -> bool {
        self.flag("routing.use_credits")
    }

    /// `tokens.refresh_skew_ms`
    pub fn refresh_skew(&self) -> Duration {
        Duration::from_millis(self.number("tokens.refresh_skew_ms"))
    }

    /// `polling.interval_seconds`; `None` when polling is off.
    pub fn polling_interval(&self) -> Option<Duration> {
        self.flag("polling.enabled").then(|| Duration::from_secs(self.number("polling.interval_seconds")))
    }

    /// `notifications.quiet`
    pub fn quiet(&self) -> bool {
        self.flag("notifications.quiet")
    }

    /// `notifications.rate_limit_debounce_ms`
    pub fn toast_debounce(&self) -> Duration {
        Duration::from_millis(self.number("notifications.rate_limit_debounce_ms"))
    }

    /// `breaker.failures` and `breaker.open_seconds`
    pub fn breaker(&self) -> BreakerSettings {
        BreakerSettings {
            failures: u32::try_from(self.number("breaker.failures")).unwrap_or(u32::MAX),
            open_for: Duration::from_secs(self.number("breaker.open_seconds")),
        }
    }

    /// `chatgpt.client_version`
    pub fn client_version(&self) -> ClientVersion {
        self.value("chatgpt.client_version").as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// `proxy.bind_addr`
    pub fn bind_addr(&self) -> &str {
        self.value("proxy.bind_addr").as_str().unwrap_or_default()
    }

    /// `proxy.api_key`
    pub fn proxy_api_key(&self) -> Secret<String> {
        Secret::new(self.value("proxy.api_key").as_str().unwrap_or_default().to_owned())
    }

    /// `proxy.allowed_hosts`
    pub fn allowed_hosts(&self) -> Vec<String> {
        let hosts = self.value("proxy.allowed_hosts").as_array();
        hosts.into_iter().flatten().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect()
    }
}

/// What tells that a configuration file moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamps([Option<Stamp>; 2]);

impl Stamps {
    /// The files as they are now; one that is not there has none.
    pub fn of(paths: &Paths) -> Stamps {
        Stamps([&paths.config_file, &paths.opencode_config_file].map(|path| Stamp::at(path)))
    }
}

/// The key of that TOML name.
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.toml == name)
}

#[cfg(test)]
mod tests;
