//! What a key is made of: the 32 bytes themselves, or a passphrase.

use zeroize::Zeroizing;

use super::KeyError;
use crate::secrets::Secret;

/// What a source's text means.
pub(super) enum Material {
    /// 64 hexadecimal digits: the key itself.
    Raw(Zeroizing<[u8; 32]>),
    /// Anything else.
    Passphrase(Secret<String>),
}

impl Material {
    pub(super) fn of(text: &Secret<String>) -> Material {
        raw_key(text.expose()).map_or_else(|| Material::Passphrase(text.clone()), Material::Raw)
    }
}

/// The key in a file or a line; only newlines at its end are not of it.
pub(super) fn without_newline(text: &str) -> &str {
    text.trim_end_matches(['\r', '\n'])
}

fn raw_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = Zeroizing::new([0; 32]);
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// `N` random bytes in hexadecimal.
pub(super) fn random_hex<const N: usize>() -> Result<String, KeyError> {
    use std::fmt::Write;
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).map_err(|_| KeyError::NoRandomness)?;
    let mut text = String::with_capacity(2 * N);
    for byte in bytes.iter() {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
