//! Params as they come: absent and null are none, a few names are always ignored, and no value is repeated in an
//! error, because it may be a key in the wrong place.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
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
    P::deserialize(Params(Value::Object(object))).map_err(|Malformed(message)| invalid(&message))
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidParams, message)
        .hint("`codex-account-manager schema reference` lists the params of every method")
}

/// A value that is read into a type, with errors of our own.
struct Params(Value);

/// What is wrong with params. The parser's own error repeats the value.
#[derive(Debug)]
struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

impl de::Error for Malformed {
    fn custom<T: fmt::Display>(message: T) -> Malformed {
        Malformed(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Malformed {
        Malformed(format!("invalid type, expected {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Malformed {
        Malformed(format!("invalid value, expected {expected}"))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Malformed {
        Malformed(format!("invalid length, expected {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Malformed {
        let names: Vec<String> = expected.iter().map(|name| format!("`{name}`")).collect();
        Malformed(match names.as_slice() {
            [first, second] => format!("unknown variant, expected {first} or {second}"),
            [name] => format!("unknown variant, expected {name}"),
            names => format!("unknown variant, expected one of {}", names.join(", ")),
        })
    }
}

impl IntoDeserializer<'_, Malformed> for Params {
    type Deserializer = Params;

    fn into_deserializer(self) -> Params {
        self
    }
}

impl<'de> Deserializer<'de> for Params {
    type Error = Malformed;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Params))),
            Value::Object(members) => visitor.visit_map(of(members)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Malformed> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Malformed> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Malformed> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(name.into_deserializer()),
            Value::Object(members) => visitor.visit_enum(MapAccessDeserializer::new(of(members))),
            _ => Err(Malformed("invalid type, expected string or map".to_owned())),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

fn of<'de>(members: Map<String, Value>) -> MapDeserializer<'de, impl Iterator<Item = (String, Params)>, Malformed> {
    MapDeserializer::new(members.into_iter().map(|(name, value)| (name, Params(value))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::accounts::{AccountsAddParams, AccountsListParams, AccountsSwitchParams};
    use crate::protocol::login::AccountsLoginParams;

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
    fn an_error_says_what_is_expected() {
        for (params, message) in [
            (json!({ "label": "x", "apiKey": "k", "priority": "1" }), "invalid type, expected i64"),
            (json!({ "label": "x" }), "missing field `apiKey`"),
        ] {
            assert_eq!(parse::<AccountsAddParams>(params).err().unwrap().message, message);
        }
        for (method, message) in [
            (json!("fax"), "unknown variant, expected `browser` or `device`"),
            (json!(7), "invalid type, expected string or map"),
        ] {
            let error = parse::<AccountsLoginParams>(json!({ "method": method })).err().unwrap();
            assert_eq!(error.message, message);
        }
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
