//! Params as they come: absent and null are none, a few names are always ignored, and no value is repeated in an
//! error, because it may be a key in the wrong place.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind};
use crate::protocol::IGNORED_MEMBERS;

/// Reads the params of a method.
///
/// # Errors
///
/// `InvalidParams`
pub fn parse<P: DeserializeOwned>(params: Value) -> Result<P, Error> {
    let mut object = match params {
        Value::Null => Map::new(),
        Value::Object(object) => object,
        Value::Array(items) if items.is_empty() => Map::new(),
        _ => return Err(invalid("params must be an object with named members")),
    };
    for name in IGNORED_MEMBERS {
        object.remove(name);
    }
    serde_json::from_value(Value::Object(object)).map_err(|error| invalid(&without_values(&error.to_string())))
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidParams, message)
        .hint("`codex-account-manager schema reference` lists the params of every method")
}

/// `invalid type: string "x", expected u64` without the part that repeats the value.
fn without_values(message: &str) -> String {
    for kind in ["invalid type", "invalid value", "invalid length", "unknown variant"] {
        if message.starts_with(kind)
            && let Some(expected) = message.find(", expected ")
        {
            return format!("{kind}{}", &message[expected..]);
        }
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::accounts::{AccountsAddParams, AccountsListParams, AccountsSwitchParams};

    #[test]
    fn none_null_and_an_empty_list_are_no_params() {
        for none in [json!(null), json!({}), json!([]), json!({ "_meta": {}, "workDoneToken": 1 })] {
            assert!(parse::<AccountsListParams>(none.clone()).is_ok(), "{none}");
        }
        assert!(parse::<AccountsListParams>(json!({ "x": 1 })).is_err());
        assert!(parse::<AccountsListParams>(json!([1])).is_err());
    }

    #[test]
    fn a_null_account_is_said_and_an_absent_one_is_an_error() {
        assert!(parse::<AccountsSwitchParams>(json!({ "account": null })).is_ok());
        assert!(parse::<AccountsSwitchParams>(json!({})).is_err());
    }

    #[test]
    fn an_error_never_repeats_a_value() {
        for params in [
            json!({ "label": "x", "apiKey": "k", "priority": "sk-secret" }),
            json!({ "label": { "sk-secret": "sk-secret" }, "apiKey": "k" }),
            json!({ "label": "x", "apiKey": ["sk-secret"] }),
        ] {
            let error = parse::<AccountsAddParams>(params).err().unwrap();
            assert!(!error.message.contains("secret"), "{error}");
        }
    }
}
