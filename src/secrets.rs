//! Secret values: they print as `****` and zero themselves when dropped. Below, how they are sealed for the
//! disk and where the key for that comes from.

pub mod cipher;
pub mod master_key;
pub mod names;

use std::fmt;

use subtle::ConstantTimeEq;
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

/// Bytes that may hold a secret among others: they are wiped when they are dropped, and leave no copy when they grow.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Wiped(Vec<u8>);

impl Wiped {
    /// None yet, with room for so many.
    pub fn with_capacity(bytes: usize) -> Wiped {
        Wiped(Vec::with_capacity(bytes))
    }

    /// Appends `bytes`.
    pub fn extend(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Vec::with_capacity(needed.max(2 * self.0.capacity()));
            larger.extend_from_slice(&self.0);
            *self = Wiped(larger);
        }
        self.0.extend_from_slice(bytes);
    }

    /// Wipes the first `length` bytes.
    pub fn wipe(&mut self, length: usize) {
        self.0[..length].fill(0);
        // Nobody reads what is dropped next, and yet it must be written.
        std::hint::black_box(&mut self.0);
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.wipe(self.0.len());
    }
}

impl From<Vec<u8>> for Wiped {
    fn from(bytes: Vec<u8>) -> Wiped {
        Wiped(bytes)
    }
}

impl std::ops::Deref for Wiped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsMut<[u8]> for Wiped {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.0.len())
    }
}

/// Whether `text` has a part of `secret` in it: six characters in a row, or all of a shorter one. What an answer says is shown
/// only where it has not: an excerpt may end in the middle of a secret.
pub fn has_part_of(text: &str, secret: &str) -> bool {
    const PART: usize = 6;
    let mut parts = secret.as_bytes().windows(PART.min(secret.len()).max(1));
    parts.any(|part| memchr::memmem::find(text.as_bytes(), part).is_some())
}

/// Whether `text` is one word of visible ASCII characters, as a key or a token has to be that stands in a header.
pub fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What a key is recognised by, from which nobody gets it back.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyMark([u8; 32]);

impl KeyMark {
    /// Of `key`.
    pub fn of(key: &[u8]) -> KeyMark {
        let digest = ring::digest::digest(&ring::digest::SHA256, key);
        KeyMark(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    /// Whether the two are of one key. This takes as long for every one.
    pub fn is(&self, other: &KeyMark) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Nothing of it is of use to anybody who reads it.
impl fmt::Debug for KeyMark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****")
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****")
    }
}
