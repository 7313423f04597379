//! Secret values: they print as `****` and zero themselves when dropped. Below, how they are sealed for the
//! disk and where the key for that comes from.

pub mod cipher;
pub mod master_key;
pub mod names;

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

/// A value that must never be printed. `Debug` shows `****`; there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    /// Wraps `value`.
    pub fn new(value: T) -> Secret<T> {
        Secret(Zeroizing::new(value))
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

/// Whether `text` is one word of visible ASCII characters, as a key or a token has to be that stands in a header.
pub fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****")
    }
}
