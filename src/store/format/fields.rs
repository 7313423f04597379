//! Fields read by what they mean. Other programs write null, floats and absurd numbers; a value that does not fit
//! its field stays among the unknown ones, so that nothing is lost.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};

use serde_json::{Map, Value};

use crate::secrets::Secret;

/// The fields this version does not know, kept as they came. They may hold another tool's secrets, so only their
/// names print.
#[derive(Clone, Default, PartialEq)]
pub struct Extra(pub Map<String, Value>);

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
