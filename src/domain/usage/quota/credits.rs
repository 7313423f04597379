//! Credits: what a login can use beyond its included quota, bought or granted by its workspace.

use serde_json::Value;

/// No balance is longer text.
const LONGEST_BALANCE: usize = 32;

/// What is known of an account's credits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credits {
    /// Whether the account has credits.
    pub has_credits: bool,
    /// Whether they are unlimited.
    pub unlimited: bool,
    /// How many, as the backend spells it; some plans do not report it.
    pub balance: Option<String>,
    /// The most that may be used beyond the included quota is used. Reported by the usage endpoint alone.
    pub overage_limit_reached: Option<bool>,
    /// The spending limit of the workspace is reached. Reported by the usage endpoint alone.
    pub spend_control_reached: Option<bool>,
}

impl Credits {
    /// As the headers of an answer report them.
    pub(super) fn from_headers<'h>(header: &dyn Fn(&str) -> Option<&'h str>) -> Option<Credits> {
        let flag = |name: &str| match header(name)?.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        Some(Credits {
            has_credits: flag("x-codex-credits-has-credits")?,
            unlimited: flag("x-codex-credits-unlimited").unwrap_or_default(),
            balance: header("x-codex-credits-balance").and_then(balance),
            ..Credits::default()
        })
    }

    /// As the `credits` of an event or of the usage document report them.
    pub(super) fn from_json(credits: &Value) -> Option<Credits> {
        let flag = |name: &str| credits.get(name).and_then(Value::as_bool);
        Some(Credits {
            has_credits: flag("has_credits")?,
            unlimited: flag("unlimited").unwrap_or_default(),
            balance: match credits.get("balance") {
                Some(Value::String(text)) => balance(text),
                Some(Value::Number(number)) => balance(&number.to_string()),
                _ => None,
            },
            overage_limit_reached: flag("overage_limit_reached"),
            spend_control_reached: None,
        })
    }

    /// Whether the backend serves on with them when the included quota is used up. A balance that is not reported is no
    /// empty one.
    pub fn are_usable(&self) -> bool {
        let is_empty = self.number().is_some_and(|balance| balance <= 0.0);
        (self.unlimited || (self.has_credits && !is_empty))
            && self.overage_limit_reached != Some(true)
            && self.spend_control_reached != Some(true)
    }

    /// The same with what `before` says where this says nothing.
    #[must_use = "this returns the completed credits"]
    pub(super) fn completed_by(self, before: Option<&Credits>) -> Credits {
        Credits {
            overage_limit_reached: self.overage_limit_reached.or(before.and_then(|it| it.overage_limit_reached)),
            spend_control_reached: self.spend_control_reached.or(before.and_then(|it| it.spend_control_reached)),
            ..self
        }
    }

    /// Whether `other` says something that siblings and people should know. A balance changes with every request: it
    /// counts when it moved by a hundredth.
    pub(super) fn differs_from(&self, other: &Credits) -> bool {
        let flags = |it: &Credits| (it.has_credits, it.unlimited, it.overage_limit_reached, it.spend_control_reached);
        let moved = match (self.number(), other.number()) {
            (Some(one), Some(other)) => (one - other).abs() >= (other.abs() / 100.0).max(f64::MIN_POSITIVE),
            _ => self.balance != other.balance,
        };
        flags(self) != flags(other) || self.are_usable() != other.are_usable() || moved
    }

    fn number(&self) -> Option<f64> {
        self.balance.as_deref()?.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

fn balance(text: &str) -> Option<String> {
    let text = text.trim();
    let is_plain =
        !text.is_empty() && text.len() <= LONGEST_BALANCE && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn credits_are_usable_while_some_are_left_and_no_limit_over_them_is_reached() {
        for (credits, usable) in [
            (json!({"has_credits": true, "unlimited": false, "balance": "940.5"}), true),
            (json!({"has_credits": true, "unlimited": false, "balance": 3}), true),
            (json!({"has_credits": true, "unlimited": false, "balance": null}), true),
            (json!({"has_credits": true}), true),
            (json!({"has_credits": false, "unlimited": true, "balance": "0"}), true),
            (json!({"has_credits": true, "unlimited": false, "balance": "0"}), false),
            (json!({"has_credits": true, "unlimited": false, "balance": "0.00"}), false),
            (json!({"has_credits": true, "unlimited": false, "balance": "-2"}), false),
            (json!({"has_credits": false, "unlimited": false, "balance": "7"}), false),
            (json!({"has_credits": true, "balance": "7", "overage_limit_reached": true}), false),
            (json!({"has_credits": true, "balance": "7", "overage_limit_reached": false}), true),
        ] {
            assert_eq!(Credits::from_json(&credits).unwrap().are_usable(), usable, "{credits}");
        }
        for none in [json!(null), json!({}), json!({"has_credits": "yes"}), json!([true])] {
            assert_eq!(Credits::from_json(&none), None, "{none}");
        }
        let capped = Credits { has_credits: true, spend_control_reached: Some(true), ..Credits::default() };
        assert!(!capped.are_usable());
    }

    #[test]
    fn headers_spell_truth_in_several_ways() {
        let read = |pairs: &[(&str, &'static str)]| {
            Credits::from_headers(&|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
        };
        let has = |value| ("x-codex-credits-has-credits", value);
        let (unlimited, balance) = (("x-codex-credits-unlimited", "False"), ("x-codex-credits-balance", " 9.5 "));
        for (value, has_credits) in [("True", true), ("true", true), ("1", true), ("False", false), ("0", false)] {
            let credits = read(&[has(value), unlimited, balance]).unwrap();
            assert_eq!((credits.has_credits, credits.balance.as_deref()), (has_credits, Some("9.5")), "{value}");
        }
        assert_eq!(read(&[has("maybe"), unlimited]), None);
        assert_eq!(read(&[unlimited]), None);
        assert_eq!(read(&[has("True"), ("x-codex-credits-balance", "")]).unwrap().balance, None);
    }

    #[test]
    fn a_balance_counts_when_it_moved_by_a_hundredth() {
        let of = |balance: &str| Credits { has_credits: true, balance: Some(balance.to_owned()), ..Credits::default() };
        for (one, other, differs) in [
            ("940.5", "940.4", false),
            ("940.5", "900", true),
            ("0.5", "0", true),
            ("0", "0.0", false),
            ("7", "many", true),
        ] {
            assert_eq!(of(one).differs_from(&of(other)), differs, "{one} {other}");
        }
        let reached = Credits { overage_limit_reached: Some(true), ..of("7") };
        assert!(reached.differs_from(&of("7")));
        assert_eq!(of("6").completed_by(Some(&reached)), Credits { overage_limit_reached: Some(true), ..of("6") });
    }
}
