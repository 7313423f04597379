//! Configuration: every value with where it came from. Nothing here stops a start: what cannot be used is a
//! warning and the next source decides; where a file changes under a running process, what was good before stays.

mod edit;
mod entries;
mod file;
mod held;
mod json;
pub mod keys;
mod layers;
mod merge;
pub mod projects;
pub mod proxy_keys;
pub mod schema;
mod settling;
mod template;
mod toml_file;
mod toml_value;
mod write;

pub use edit::EditError;
pub use json::plain_json;
pub use layers::typed;
pub use settling::SURE;
pub use write::{WriteError, create, set};

use std::ops::Deref;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::domain::health::breaker::BreakerSettings;
use crate::domain::routing::Strategy;
use crate::domain::time::Timestamp;
use crate::env::Environment;
use crate::files::{RACY, Stamp};
use crate::logging;
use crate::paths::Paths;
use crate::secrets::Secret;
use entries::{ALL_NOTES, LISTS, warnings};
use held::{Notes, PROJECT_FILES};
use keys::{KEYS, Key, Values};
use layers::{Entry, Layer};
use projects::Projects;
use proxy_keys::ProxyKeys;
use settling::{Outcome, Said, Waiting};
use toml_file::TomlFile;

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
    /// The rule of `config.toml` that holds where this session works.
    Rule,
    /// The rest of `config.toml`.
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
            Source::Rule => "rule",
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
    /// The strategy of the rule that holds where this session works, and what that rule is called.
    pub rule_strategy: Option<(Strategy, String)>,
    /// `KEY=VALUE` pairs from flags, each with the flag's name.
    pub flags: Vec<(String, String, Value)>,
    /// The editor's options, `masterKey` left out.
    pub initialization_options: Map<String, Value>,
    /// The accounts that `--accounts` leaves, each time it is given.
    pub accounts: Vec<String>,
    /// Whether the keys of `[[proxy.keys]]` are read: a `proxy` takes them, and commands report them; a session of an agent
    /// has a key of its own.
    pub reads_proxy_keys: bool,
    /// The default strategy differs by command; so may others.
    pub defaults: Vec<(&'static str, Value)>,
}

/// Every effective value, and what could not be used.
#[derive(Clone, Debug, Default)]
pub struct Config {
    settings: Vec<Setting>,
    /// What was taken from each file, whether a stronger source beats it or not: it stays when the file goes bad.
    from_files: Vec<Setting>,
    /// Read once from the settings, because every request asks for them.
    values: Values,
    /// Which accounts each project may use.
    pub projects: Projects,
    /// The keys of the proxy; none where they are not read.
    pub proxy_keys: ProxyKeys,
    /// One sentence for each unknown key and bad value.
    pub warnings: Vec<String>,
    /// One sentence for each list that says less than before, which is no fault where the owner made it so.
    pub notices: Vec<String>,
    /// How much is in force of what fails closed; `None` before anything was read.
    said: Option<Said>,
    /// The file that may not be whole, so that what it said before holds.
    waiting: Option<Waiting>,
}

impl Config {
    /// Reads all sources.
    pub fn load(paths: &Paths, environment: &Environment, sources: &Sources, now: Timestamp) -> Config {
        Config::default().reload(paths, environment, sources, now)
    }

    /// Reads all sources again at `now`. What a file says that cannot be used leaves what this configuration took from it.
    #[must_use = "this returns the new configuration"]
    pub fn reload(&self, paths: &Paths, environment: &Environment, sources: &Sources, now: Timestamp) -> Config {
        let file = TomlFile::read(&paths.config_file);
        let reads_keys = sources.reads_proxy_keys;
        let before = self.said.clone().unwrap_or_else(|| Said::noted(paths, reads_keys));
        let is_start = self.said.is_none();
        let is_broken = self.projects.broken.is_some() || self.proxy_keys.broken.is_some();
        let outcome =
            before.then(&file, &settling::Looked { is_start, is_broken, reads_keys, now, waiting: self.waiting });
        let (said, waiting) = match outcome {
            Outcome::Taken(said) => (said, None),
            Outcome::Waits(waiting) => (before.clone(), Some(waiting)),
        };
        // Who begins here has nothing to go on with until it is whole.
        let file = if is_start && waiting.is_some() { file.unread(settling::CUT.to_owned()) } else { file };
        let stays = waiting.is_some() && !is_start;
        // What is wrong with the file itself is then said of the lists, which close by it.
        let closes = file.said().is_none() && before.is_lost_in(&file, reads_keys);
        let toml = if stays || closes { self.kept_layer(Source::Toml) } else { layers::toml(&file) };
        let is_unsaid = said.narrows && !stays && file.said().is_none();
        let layers = vec![
            layers::session(sources.session_strategy),
            layers::flags(&sources.flags),
            layers::initialization_options(&sources.initialization_options),
            layers::environment(environment),
            // A part of the file, and more particular than the rest of it.
            layers::rule(sources.rule_strategy.as_ref()),
            toml,
            layers::kept_on(is_unsaid.then(|| file.place())),
            json::layer(&paths.opencode_config_file),
            layers::defaults(&sources.defaults),
        ];
        let merged = merge::merge(layers, self);
        let own_key = reads_keys.then(|| merged.proxy_api_key());
        let (projects, proxy_keys, said, of_lists) = if stays {
            (self.projects.clone(), self.proxy_keys.with_their_files(), said, Vec::new())
        } else {
            self.follow_lists(paths, &file, (&before, said), own_key.as_ref())
        };
        let place = file.place();
        let lost = said
            .lost(&before)
            .map(|what| format!("{place}: {what}; if nobody took it out, the file was cut: put it back"));
        let notices = lost.collect();
        let mut config = Config { projects, proxy_keys, notices, said: Some(said), waiting, ..merged };
        config.warnings.extend(of_lists);
        config.warnings.extend(is_unsaid.then(|| {
            format!(
                "{}: `routing.project_files` was on in it, and stays on until the file is put back or mended; a line such as `# none` in its place turns it off",
                file.place()
            )
        }));
        // No key, since the log begins before anything is read.
        config.warnings.extend(environment.get("CAM_LOG").and_then(logging::complaint));
        config
    }

    /// The file is to be read again, whether it changes or not.
    pub fn is_unsettled(&self) -> bool {
        self.waiting.is_some()
    }

    /// What the file says now of the lists that fail closed, how much that is, and what to warn of. How much stands in them is noted.
    fn follow_lists(
        &self,
        paths: &Paths,
        file: &TomlFile,
        (before, mut said): (&Said, Said),
        own_key: Option<&Secret<String>>,
    ) -> (Projects, ProxyKeys, Said, Vec<String>) {
        let home = paths.home.as_deref();
        let noted = LISTS.map(|list| held::noted(paths, list.notes));
        let note = |notes: Notes, noted: usize, amount: usize| {
            if file.said().is_some() && amount != noted {
                held::note(paths, notes, amount).unwrap_or_else(|error| {
                    tracing::warn!("whether there are {} was not noted: {error}", notes.of);
                });
            }
        };
        note(PROJECT_FILES, held::noted(paths, PROJECT_FILES), said.narrows.into());
        let (projects, of_rules) = self.projects.follow(file, home, noted[0] > 0);
        // What cannot be read leaves what was before.
        said.keep(0, (!of_rules.is_empty()).then_some(before), projects.held());
        note(LISTS[0].notes, noted[0], said.lists[0].amount);
        let Some(own_key) = own_key else {
            return (projects, ProxyKeys::default(), said, warnings(of_rules));
        };
        let (proxy_keys, of_keys) = self.proxy_keys.beside(own_key.expose()).follow(file, home, noted[1] > 0);
        said.keep(1, (!of_keys.is_empty()).then_some(before), proxy_keys.are_there());
        note(LISTS[1].notes, noted[1], said.lists[1].amount);
        (projects, proxy_keys, said, warnings(of_rules.into_iter().chain(of_keys)))
    }

    /// What was taken from a file, as a layer.
    fn kept_layer(&self, source: Source) -> Layer {
        let taken = self.from_files.iter().filter(|setting| setting.source == source).map(|setting| Entry {
            location: setting.location.clone(),
            ..Entry::new(source, Some(setting.key), setting.key.toml, setting.value.clone(), None)
        });
        Layer { entries: taken.collect(), broken: None }
    }

    /// Every effective value, in the order of the table of keys.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Time between two polls; `None` when polling is off.
    pub fn polling_interval(&self) -> Option<Duration> {
        self.polls().then(|| self.time_between_polls())
    }

    /// When an account or a host is not used for a while.
    pub fn breaker(&self) -> BreakerSettings {
        BreakerSettings { failures: self.breaker_failures(), open_for: self.breaker_open_for() }
    }
}

impl Deref for Config {
    type Target = Values;

    /// The value of each key by its accessor in the table.
    fn deref(&self) -> &Values {
        &self.values
    }
}

/// What shows that a configuration file changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamps([Option<Stamp>; 2]);

impl Stamps {
    /// The files as they are now; one that is not there has none.
    pub fn of(paths: &Paths) -> Stamps {
        Stamps([&paths.config_file, &paths.opencode_config_file].map(|path| Stamp::at(path)))
    }

    /// The files of a process that starts at `now`. One that was emptied a moment before is waited for, and one that is written
    /// where something stood that fails closed.
    /// Also when that was.
    pub fn at_start(paths: &Paths, reads_proxy_keys: bool, mut now: Timestamp) -> (Stamps, Timestamp) {
        let may_lose = ALL_NOTES.into_iter().any(|notes| held::is_noted(paths, notes));
        let mut stamps = Stamps::of(paths);
        for length in [RACY, SURE] {
            let has_stood = |stamp: &Stamp| stamp.has_stood(length, now.since_1970());
            let may_be_cut = || match length {
                RACY => may_lose,
                _ => may_lose && settling::is_cut(paths, reads_proxy_keys, now),
            };
            if stamps.are_emptied(now) || !stamps.0.iter().flatten().all(has_stood) && may_be_cut() {
                // Times are in whole milliseconds.
                let wait = length + Duration::from_millis(1);
                std::thread::sleep(wait);
                (stamps, now) = (Stamps::of(paths), now.after(wait));
            }
        }
        (stamps, now)
    }

    /// Whether somebody seems to be writing one of them at `now`: a moment later there may be rules in it again.
    pub fn are_emptied(&self, now: Timestamp) -> bool {
        self.0.iter().flatten().any(|stamp| stamp.is_emptied(now.since_1970()))
    }
}

/// The key of that TOML name.
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.toml == name)
}

/// Whether it is a list of tables which only a person writes, or something in one.
pub fn is_list(name: &str) -> bool {
    let lists = [projects::LIST, proxy_keys::LIST];
    lists.iter().any(|list| name.strip_prefix(list.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

#[cfg(test)]
mod tests;
