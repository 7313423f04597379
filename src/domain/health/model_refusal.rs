//! A model that an account was refused: believed for a while, and where a newer client may get it, of clients as old as
//! the one that was refused.

use std::collections::BTreeMap;

use super::UNSERVED;
use crate::domain::client_version::ClientVersion;
use crate::domain::time::Timestamp;

/// How many models an account is known not to have; a client that makes names up must not fill the file.
const MOST: usize = 64;

/// What is believed of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelRefusal {
    /// Until when.
    pub until: Timestamp,
    /// The newest version that was refused. `None` where the version does not matter.
    pub version: Option<ClientVersion>,
}

impl ModelRefusal {
    /// Whether a client of this version would be refused at `now`.
    pub fn holds(&self, version: ClientVersion, now: Timestamp) -> bool {
        // One that ends further away came from a clock that was set back since.
        let is_believed = self.until > now && self.until <= now.after(UNSERVED);
        is_believed && self.version.is_none_or(|refused| version <= refused)
    }
}

/// Adds a refusal. The first to be over makes room.
pub fn remember(models: &mut BTreeMap<String, ModelRefusal>, model: String, refusal: ModelRefusal, now: Timestamp) {
    models.retain(|_, refusal| refusal.until > now);
    let known = models.get(&model).and_then(|known| known.version);
    let version = refusal.version.map(|version| known.map_or(version, |known| known.max(version)));
    models.insert(model, ModelRefusal { version, ..refusal });
    while models.len() > MOST {
        let first = models.iter().min_by_key(|(_, refusal)| refusal.until).map(|(model, _)| model.clone());
        first.map(|model| models.remove(&model));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn version(text: &str) -> ClientVersion {
        text.parse().unwrap()
    }

    fn refusal(version: Option<&str>) -> ModelRefusal {
        ModelRefusal { until: Timestamp(2_000), version: version.map(|text| text.parse().unwrap()) }
    }

    #[test]
    fn a_newer_client_than_the_refused_one_is_not_believed_to_be_refused() {
        for (refused, asked, now, expected) in [
            (None, "0.171.0", NOW, true),
            (None, "9.0.0", NOW, true),
            (Some("0.171.0"), "0.171.0", NOW, true),
            (Some("0.171.0"), "0.99.0", NOW, true),
            (Some("0.171.0"), "0.171.1", NOW, false),
            (Some("0.171.0"), "0.171.0", Timestamp(2_000), false),
            // The clock was set back by a day.
            (None, "0.171.0", Timestamp(-86_400_000), false),
        ] {
            assert_eq!(refusal(refused).holds(version(asked), now), expected, "{refused:?} {asked} {now:?}");
        }
    }

    #[test]
    fn the_newest_version_that_was_refused_is_kept() {
        let mut models = BTreeMap::new();
        for (refused, expected) in [
            (Some("0.150.0"), Some("0.150.0")),
            (Some("0.171.0"), Some("0.171.0")),
            (Some("0.160.0"), Some("0.171.0")),
            (None, None),
            (Some("0.160.0"), Some("0.160.0")),
        ] {
            remember(&mut models, "m".to_owned(), refusal(refused), NOW);
            assert_eq!(models["m"], refusal(expected), "{refused:?}");
        }
    }

    #[test]
    fn models_that_are_made_up_do_not_add_up() {
        let mut models = BTreeMap::new();
        for number in 0..1_000 {
            let refusal = ModelRefusal { until: Timestamp(2_000 + number), version: None };
            remember(&mut models, number.to_string(), refusal, NOW);
        }
        assert_eq!((models.len(), models.contains_key("999")), (MOST, true));
        remember(&mut models, "m".to_owned(), refusal(None), Timestamp(5_000));
        assert_eq!(models.len(), 1);
    }
}
