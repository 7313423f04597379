//! How the strongest source wins, and what becomes of a value that cannot be used: what the same file said before
//! stays, else the next source decides.

use std::collections::HashMap;

use serde_json::Value;

use super::keys::{KEYS, Key, Owned, Shape, Values};
use super::layers::{Broken, Entry, Layer};
use super::{Config, Setting, Source, projects, proxy_keys};
use crate::domain::near;
use crate::domain::usage::pricing::parse_override;

/// Takes for each key the strongest value that fits, and warns of the ones that do not. `before` is the configuration
/// in force until now; an empty one at the start of a process.
pub fn merge(layers: Vec<Layer>, before: &Config) -> Config {
    let mut merging =
        Merging { before, warnings: Vec::new(), from_files: Vec::new(), chosen: HashMap::new(), held: Vec::new() };
    for layer in layers {
        if let Some(broken) = layer.broken {
            merging.keep_file(&broken);
        }
        for entry in layer.entries {
            if let Some(setting) = merging.setting(entry) {
                merging.take(setting);
            }
        }
    }
    let prices = merging.bring_in_what_was_held();
    let Merging { warnings, from_files, mut chosen, .. } = merging;
    let settings: Vec<Setting> = KEYS.iter().filter_map(|key| chosen.remove(key.toml)).collect();
    let mut values = Values::of(settings.iter().map(|setting| &setting.value));
    if let Some([own, others]) = prices {
        values = values.priced(&own, &others);
    }
    Config { settings, from_files, values, warnings, ..Config::default() }
}

struct Merging<'c> {
    before: &'c Config,
    warnings: Vec<String>,
    from_files: Vec<Setting>,
    chosen: HashMap<&'static str, Setting>,
    /// What is not the owner's and may lift what the owner says: that is known once all that the owner says is.
    held: Vec<Setting>,
}

impl Merging<'_> {
    fn take(&mut self, setting: Setting) {
        let is_it = |other: &Setting| other.key == setting.key && other.source == setting.source;
        if matches!(setting.source, Source::Toml | Source::Json) && !self.from_files.iter().any(is_it) {
            self.from_files.push(setting.clone());
        }
        let is_editors = setting.source == Source::InitializationOptions;
        let is_held = match setting.key.owned {
            Owned::Nothing => false,
            Owned::TurningOff => {
                (is_editors || matches!(setting.source, Source::Flag | Source::Environment))
                    && setting.value == Value::Bool(false)
            }
            Owned::TurningOn | Owned::Lowering | Owned::Cheapening => is_editors,
        };
        if is_held {
            self.held.push(setting);
            return;
        }
        self.chosen.entry(setting.key.toml).or_insert(setting);
    }

    /// Takes what lifts nothing of what is held, and warns of the rest. The owner's prices and an editor's, if it gives any.
    fn bring_in_what_was_held(&mut self) -> Option<[Value; 2]> {
        let mut prices = None;
        for setting in std::mem::take(&mut self.held) {
            let (name, owned) = (setting.key.toml, setting.key.owned);
            let Some(own) = self.chosen.get(name) else { continue };
            // Only flags come before an editor, and of what it says itself the first.
            let is_beaten = owned != Owned::TurningOff && own.source <= Source::InitializationOptions;
            let [is_on, was_on] = [&setting, own].map(|setting| setting.value == Value::Bool(true));
            let lifted = match owned {
                _ if is_beaten => continue,
                Owned::Nothing => None,
                Owned::TurningOff if was_on => Some("turned on here, not off; it stays on"),
                Owned::TurningOff => continue,
                Owned::TurningOn => (is_on && !was_on).then_some("turned off here, not on; it stays off"),
                Owned::Lowering => (setting.value.as_u64() < own.value.as_u64())
                    .then_some("raised here, not lowered; it stays as it was"),
                Owned::Cheapening => {
                    prices = Some([own.value.clone(), setting.value.clone()]);
                    if setting.value != Value::Array(Vec::new()) {
                        self.warnings.push(format!(
                            "{}: `{name}` only raises prices here: it makes no model cheaper, and one without a price gets none; \
                             write prices into `config.toml`",
                            setting.location.as_deref().unwrap_or_default()
                        ));
                    }
                    if own.source != Source::Default {
                        continue;
                    }
                    None
                }
            };
            match lifted {
                Some(how) => self.warnings.push(format!(
                    "{}: `{name}` can be {how}, as {} says",
                    setting.location.as_deref().unwrap_or_default(),
                    own.location.as_deref().unwrap_or("its default")
                )),
                None => {
                    self.chosen.insert(name, setting);
                }
            }
        }
        prices
    }

    /// Of a file that cannot be read everything stays that it said before.
    fn keep_file(&mut self, broken: &Broken) {
        let kept: Vec<Setting> =
            self.before.from_files.iter().filter(|setting| setting.source == broken.source).cloned().collect();
        let outcome = if kept.is_empty() { "the whole file is ignored" } else { "its previous values stay" };
        self.warnings.push(format!("{}: {}, so {outcome}: {}", broken.place, broken.what, broken.why));
        for setting in kept {
            self.take(setting);
        }
    }

    /// What the same file said before.
    fn kept(&self, key: &'static Key, source: Source) -> Option<&Setting> {
        self.before.from_files.iter().find(|setting| setting.key == key && setting.source == source)
    }

    fn setting(&mut self, entry: Entry) -> Option<Setting> {
        let place = entry.location.as_deref().map(|location| format!("{location}: ")).unwrap_or_default();
        let Some(key) = entry.key else {
            self.warnings.push(format!(
                "{place}unknown key `{}`; {}",
                entry.name,
                suggestion(&entry.name, entry.source)
            ));
            return None;
        };
        let kept = self.kept(key, entry.source).cloned();
        let Some(value) = self.value(key, &entry, &place, kept.as_ref()) else {
            let shown = |value: &Value| if key.secret { "the value".to_owned() } else { format!("`{value}`") };
            let stays = kept.as_ref().map(|kept| format!("; the previous value {} stays", shown(&kept.value)));
            self.warnings.push(format!(
                "{place}`{}` cannot be {}; accepted: {}{}",
                entry.name,
                shown(&entry.value),
                key.shape.accepted(),
                stays.unwrap_or_default()
            ));
            return kept;
        };
        Some(Setting { key, value, source: entry.source, location: entry.location })
    }

    fn value(&mut self, key: &'static Key, entry: &Entry, place: &str, kept: Option<&Setting>) -> Option<Value> {
        match (key.shape, &entry.value) {
            (Shape::Prices, Value::Array(tables)) => Some(self.tables(tables, entry, place, kept)),
            (shape, value) => shape.accept(value),
        }
    }

    /// The tables of prices that can be used. In the place of a bad one stays the one that the same models had before.
    fn tables(&mut self, tables: &[Value], entry: &Entry, place: &str, kept: Option<&Setting>) -> Value {
        let mut good = Vec::new();
        for (number, table) in tables.iter().enumerate() {
            let Err(why) = parse_override(table) else {
                good.push(table.clone());
                continue;
            };
            let before = kept.and_then(|kept| kept.value.as_array()).into_iter().flatten();
            let before = table.get("model").and_then(|model| before.into_iter().find(|old| old["model"] == *model));
            let place = entry.items.get(number).map_or_else(|| place.to_owned(), |place| format!("{place}: "));
            let outcome = if before.is_some() { "is ignored and the previous one stays" } else { "is ignored" };
            self.warnings.push(format!("{place}this table of `{}` {outcome}: {why}", entry.name));
            good.extend(before.cloned());
        }
        Value::Array(good)
    }
}

/// The key that was meant, by the name that it has in this source.
fn suggestion(name: &str, source: Source) -> String {
    let named = |key: &'static Key| if source == Source::Json { key.json } else { Some(key.toml) };
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let same = KEYS.iter().find(|key| last(key.toml) == last(name) || key.json == Some(name)).and_then(named);
    let lists = [projects::LIST.name, proxy_keys::LIST.name];
    let near = || {
        near::near(name, lists.into_iter().filter(|_| source == Source::Toml).chain(KEYS.iter().filter_map(named)))
            .first()
            .copied()
    };
    same.or_else(near).map_or_else(
        || "`codex-account-manager config show` lists the keys".to_owned(),
        |meant| format!("did you mean `{meant}`?"),
    )
}
