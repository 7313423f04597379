//! Fields read by what they mean. Other programs write null, floats and absurd numbers; a value that does not fit
//! its field stays among the unknown ones, so that nothing is lost.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::secrets::Secret;

/// A value that stands in one field of the file.
pub(super) trait Field: Sized {
    fn read(value: &Value) -> Option<Self>;
    fn write(&self) -> Value;
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
}

impl Field for bool {
    fn read(value: &Value) -> Option<bool> {
        value.as_bool()
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl Field for i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a float's cast saturates, which is what an absurd time needs")]
    fn read(value: &Value) -> Option<i64> {
        value.as_i64().or_else(|| value.as_f64().map(|float| float as i64))
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl Field for u64 {
    fn read(value: &Value) -> Option<u64> {
        value.as_u64().or_else(|| i64::read(value).map(|number| u64::try_from(number).unwrap_or(0)))
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl Field for u32 {
    fn read(value: &Value) -> Option<u32> {
        u32::try_from(u64::read(value)?).ok()
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl Field for u16 {
    fn read(value: &Value) -> Option<u16> {
        u16::try_from(u64::read(value)?).ok()
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl Field for f64 {
    fn read(value: &Value) -> Option<f64> {
        value.as_f64()
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl Field for Value {
    fn read(value: &Value) -> Option<Value> {
        (!value.is_null()).then(|| value.clone())
    }

    fn write(&self) -> Value {
        self.clone()
    }
}

impl Field for Secret<String> {
    fn read(value: &Value) -> Option<Secret<String>> {
        String::read(value).map(Secret::new)
    }

    fn write(&self) -> Value {
        Value::from(self.expose().as_str())
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
        let entries = value.as_object()?.iter();
        Some(entries.filter_map(|(key, value)| Some((key.clone(), T::read(value)?))).collect())
    }

    fn write(&self) -> Value {
        Value::Object(self.iter().map(|(key, value)| (key.clone(), value.write())).collect())
    }
}
