//! The service tier: which ones a backend's catalogue lists for a model, and what becomes of one that it does not list.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::dropped::Dropped;

/// The parameter.
const NAME: &str = "service_tier";

/// The field's name of the tier that people call `fast`.
const FAST: &str = "priority";

/// The tiers that only say what an answer may cost, which the backend refuses where its catalogue does not list them.
const SLOWER: [&str; 3] = ["flex", "scale", "standard"];

/// The tiers of each model for which `catalogue`, a backend's list of models, names some.
pub fn listed_tiers(catalogue: &Value) -> HashMap<String, Vec<String>> {
    let models = catalogue["models"].as_array().into_iter().flatten();
    let tiers = models.filter_map(|model| Some((model["slug"].as_str()?.to_owned(), tiers_of(model)?)));
    tiers.collect()
}

/// The tiers of one model. `None` when its entry says nothing of any. Older catalogues list `additional_speed_tiers` alone.
fn tiers_of(model: &Value) -> Option<Vec<String>> {
    let list = |name: &str| model[name].as_array();
    let (tiers, speeds) = (list("service_tiers"), list("additional_speed_tiers"));
    tiers.or(speeds)?;
    let name = |tier: &Value| tier["id"].as_str().or(tier.as_str()).map(|name| plain(name).to_owned());
    let listed = tiers.filter(|tiers| !tiers.is_empty()).or(speeds);
    Some(listed.into_iter().flatten().filter_map(name).collect())
}

/// `fast` is the field's other word for `priority`.
fn plain(tier: &str) -> &str {
    if tier == "fast" { FAST } else { tier }
}

/// The tier that a request with these parameters asks for, unless it is the usual one.
pub(super) fn asked(kept: &Map<String, Value>) -> Option<String> {
    kept.get(NAME).and_then(Value::as_str).map(str::to_owned)
}

/// Settles the tier in `body`, which has the one that was asked for, by what is `listed` for its model, if that is known.
pub(super) fn settle(
    body: &mut Map<String, Value>,
    asked: Option<&str>,
    listed: Option<&[String]>,
    dropped: &mut Dropped,
) {
    let Some(tier) = asked.map(plain) else { return };
    let is_served = match listed {
        Some(listed) => listed.iter().any(|listed| listed == tier),
        None => !SLOWER.contains(&tier),
    };
    if is_served {
        body.insert(NAME.into(), tier.into());
        dropped.remove(NAME);
    } else {
        body.shift_remove(NAME);
        dropped.add(NAME);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::translate::{Door, backend_request};

    #[test]
    fn a_catalogue_lists_tiers_by_either_name() {
        let catalogue = json!({ "models": [
            { "slug": "a", "service_tiers": [{ "id": "priority", "name": "Fast" }, { "id": "flex" }], "additional_speed_tiers": ["fast"] },
            { "slug": "b", "service_tiers": [], "additional_speed_tiers": [] },
            { "slug": "c", "additional_speed_tiers": ["fast"] },
            { "slug": "d" }, { "id": "e", "service_tiers": [] }, 5,
        ] });
        let listed = listed_tiers(&catalogue);
        let of = |slug: &str| listed.get(slug).map(|tiers| tiers.join(" "));
        assert_eq!(of("a").as_deref(), Some("priority flex"));
        assert_eq!(
            (of("b").as_deref(), of("c").as_deref(), of("d"), listed.len()),
            (Some(""), Some("priority"), None, 3)
        );
        assert!(listed_tiers(&json!({ "data": [] })).is_empty());
    }

    #[test]
    fn a_tier_passes_where_its_model_has_it() {
        for (asked, listed, sent) in [
            ("priority", None, Some("priority")),
            ("fast", None, Some("priority")),
            ("flex", None, None),
            ("ultra", None, Some("ultra")),
            ("priority", Some(&["priority"][..]), Some("priority")),
            ("fast", Some(&["priority"]), Some("priority")),
            ("priority", Some(&[]), None),
            ("fast", Some(&["flex"]), None),
            ("flex", Some(&["flex"]), Some("flex")),
            ("ultra", Some(&["priority"]), None),
        ] {
            for (door, name) in [(Door::Responses, "input"), (Door::ChatCompletions, "messages")] {
                let mut body = json!({ "model": "m", "service_tier": asked });
                body[name] = json!([{ "role": "user", "content": "Hi" }]);
                let mut request = backend_request(door, body).unwrap();
                assert_eq!(request.asked_tier(), Some(asked));
                if let Some(listed) = listed {
                    request.heed_tiers(&listed.iter().map(|tier| (*tier).to_owned()).collect::<Vec<_>>());
                }
                let dropped: &[&str] = if sent.is_none() { &[NAME] } else { &[] };
                assert_eq!(request.body[NAME].as_str(), sent, "{asked} {listed:?}");
                assert_eq!(request.dropped.names(), dropped, "{asked} {listed:?}");
            }
        }
    }

    #[test]
    fn the_usual_tier_goes_without_a_word_and_what_is_none_is_the_backends_to_refuse() {
        for (asked, sent) in [(json!("auto"), Value::Null), (json!("default"), Value::Null), (json!(5), json!(5))] {
            let mut request =
                backend_request(Door::Responses, json!({ "model": "m", "input": "Hi", "service_tier": asked }))
                    .unwrap();
            request.heed_tiers(&[]);
            assert_eq!((request.body.get(NAME).cloned().unwrap_or_default(), request.dropped.is_empty()), (sent, true));
        }
    }
}
