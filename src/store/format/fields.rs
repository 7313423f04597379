//! Fields read by what they mean. Other programs write null, floats and absurd numbers; a value that does not fit
//! its field stays among the unknown ones, so that nothing is lost.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::ser::SerializeMap;
use serde_json::{Map, Value};

/// The fields this version does not know, kept as they came. They may hold another tool's secrets, so only their
/// names print.
#[derive(Clone, Default, PartialEq)]
pub struct Extra(pub Map<String, Value>);

impl Extra {
    /// What is left of an object once the known fields are taken out of it, mostly nothing. The object keeps the room that all
    /// its fields needed, and so would each copy of it.
    pub(super) fn left(object: Map<String, Value>) -> Extra {
        Extra(object.into_iter().collect())
    }
}

impl Deref for Extra {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl DerefMut for Extra {
    fn deref_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// A value that stands in one field of the file.
pub(super) trait Field: Sized {
    fn read(value: &Value) -> Option<Self>;
    fn write(&self) -> Value;

    /// The same where the value is not needed any more; returns one that does not fit.
    fn from_value(value: Value) -> Result<Self, Value> {
        Self::read(&value).ok_or(value)
    }

    /// Writes the field as it goes, where there may be thousands.
    fn serialize_into<S: SerializeMap>(&self, object: &mut S, name: &'static str) -> Result<(), S::Error> {
        object.serialize_entry(name, &self.write())
    }
}

/// Reads one field of an object that is read as it goes. One that does not fit is kept among the unknown ones; of two of
/// one name the later counts.
pub(super) fn receive<T: Field>(value: Value, name: &str, extra: &mut Extra) -> Option<T> {
    match T::from_value(value) {
        Ok(field) => {
            extra.shift_remove(name);
            Some(field)
        }
        Err(Value::Null) => {
            extra.shift_remove(name);
            None
        }
        Err(value) => {
            extra.insert(name.to_owned(), value);
            None
        }
    }
}

/// Takes the field out of `object` when it fits, or means nothing.
pub(super) fn take<T: Field>(object: &mut Map<String, Value>, name: &str) -> Option<T> {
    let value = object.get(name)?;
    let read = T::read(value);
    if read.is_some() || value.is_null() {
        object.shift_remove(name);
    }
    read
}

/// Takes a field that is always written; what does not fit it would be overwritten, so it goes.
pub(super) fn take_always<T: Field + Default>(object: &mut Map<String, Value>, name: &str) -> T {
    object.shift_remove(name).and_then(|value| T::read(&value)).unwrap_or_default()
}

/// Puts the field into `object` when there is one.
pub(super) fn put<T: Field>(object: &mut Map<String, Value>, name: &str, field: Option<&T>) {
    if let Some(field) = field {
        object.insert(name.to_owned(), field.write());
    }
}

/// The unknown fields, after the known ones; a known field wins over a leftover of the same name.
pub(super) fn put_extra(object: &mut Map<String, Value>, extra: &Map<String, Value>) {
    for (name, value) in extra {
        if !object.contains_key(name) {
            object.insert(name.clone(), value.clone());
        }
    }
}

impl Field for String {
    fn read(value: &Value) -> Option<String> {
        value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn write(&self) -> Value {
        Value::from(self.as_str())
    }

    fn from_value(value: Value) -> Result<String, Value> {
        match value {
            Value::String(text) if !text.is_empty() => Ok(text),
            other => Err(other),
        }
    }

    fn serialize_into<S: SerializeMap>(&self, object: &mut S, name: &'static str) -> Result<(), S::Error> {
        object.serialize_entry(name, self)
    }
}

/// Values that `serde_json` writes by itself; how each is read is given.
macro_rules! scalars {
    ($($scalar:ty: $read:expr;)*) => {
        $(impl Field for $scalar {
            fn read(value: &Value) -> Option<$scalar> {
                let read: fn(&Value) -> Option<$scalar> = $read;
                read(value)
            }

            fn write(&self) -> Value {
                Value::from(*self)
            }

            fn serialize_into<S: SerializeMap>(&self, object: &mut S, name: &'static str) -> Result<(), S::Error> {
                object.serialize_entry(name, self)
            }
        })*
    };
}

scalars! {
    bool: Value::as_bool;
    f64: Value::as_f64;
    i64: integer;
    u64: |value| value.as_u64().or_else(|| integer(value).map(|number| u64::try_from(number).unwrap_or(0)));
    u32: |value| u32::try_from(u64::read(value)?).ok();
    u16: |value| u16::try_from(u64::read(value)?).ok();
}

#[expect(clippy::cast_possible_truncation, reason = "a float's cast saturates, which is what an absurd time needs")]
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|float| float as i64))
}

impl Field for Value {
    fn read(value: &Value) -> Option<Value> {
        (!value.is_null()).then(|| value.clone())
    }

    fn write(&self) -> Value {
        self.clone()
    }

    fn from_value(value: Value) -> Result<Value, Value> {
        if value.is_null() { Err(value) } else { Ok(value) }
    }

    fn serialize_into<S: SerializeMap>(&self, object: &mut S, name: &'static str) -> Result<(), S::Error> {
        object.serialize_entry(name, self)
    }
}

impl Field for Vec<String> {
    fn read(value: &Value) -> Option<Vec<String>> {
        value.as_array()?.iter().map(String::read).collect()
    }

    fn write(&self) -> Value {
        Value::from(self.as_slice())
    }
}

/// Entries that do not fit are dropped: `undefined` limits of another tool mean nothing.
impl<T: Field> Field for BTreeMap<String, T> {
    fn read(value: &Value) -> Option<BTreeMap<String, T>> {
        // One by one: to collect them would bring a sort of its own for every type.
        let mut map = BTreeMap::new();
        map.extend(value.as_object()?.iter().filter_map(|(key, value)| Some((key.clone(), T::read(value)?))));
        Some(map)
    }

    fn write(&self) -> Value {
        Value::Object(self.iter().map(|(key, value)| (key.clone(), value.write())).collect())
    }
}
