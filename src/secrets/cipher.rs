//! The envelope of one sealed value: `cam1:<key id>:<base64url(nonce ‖ ciphertext ‖ tag)>`, AES-256-GCM.
//!
//! The associated data names the place the value belongs to, so an envelope that is moved to another account,
//! another field or another base URL fails to open, and fails alone.

use aes_gcm::aead::{Aead, AeadInPlace, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::secrets::Secret;

const VERSION: &str = "cam1";
/// What every version's name begins with; its number follows.
const NAME: &str = "cam";
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// The place a sealed value belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The accounts file's own id.
    pub store_id: &'a str,
    /// The account's id.
    pub account_id: &'a str,
    /// Where the secret is sent; empty for the default.
    pub base_url: &'a str,
    /// The JSON name of the field.
    pub field: &'a str,
}

/// A 256-bit key and the id its envelopes carry.
pub struct MasterKey {
    id: String,
    bytes: Zeroizing<[u8; 32]>,
}

impl MasterKey {
    /// Names the key `bytes`.
    pub fn new(id: impl Into<String>, bytes: Zeroizing<[u8; 32]>) -> MasterKey {
        MasterKey { id: id.into(), bytes }
    }

    /// The id that stands in every envelope sealed with this key.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MasterKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why an envelope was not made or not opened. It says nothing of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// A later version of this program made the envelope.
    #[error("the value was sealed by a newer version; update codex-account-manager")]
    Newer,
    /// The text is not an envelope of this version.
    #[error("the value is not sealed; set it again")]
    Malformed,
    /// It was sealed under another key than the file names.
    #[error("the value was sealed under another key; set it again")]
    OtherKey,
    /// It was changed, or belongs to another place.
    #[error("the value was changed or moved since it was sealed; set it again")]
    Rejected,
    /// The system gave no randomness, or the value is larger than any secret.
    #[error("the value cannot be sealed; try again")]
    Failed,
}

/// Whether `text` claims to be an envelope, of this or of a later version's shape.
pub fn is_envelope(text: &str) -> bool {
    let Some((number, _)) = text.strip_prefix(NAME).and_then(|rest| rest.split_once(':')) else { return false };
    (1..=9).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` is an envelope of another version than ours.
pub fn is_newer(text: &str) -> bool {
    is_envelope(text) && !text.strip_prefix(VERSION).is_some_and(|rest| rest.starts_with(':'))
}

/// The id of the key that `envelope` was sealed with.
pub fn key_id(envelope: &str) -> Option<&str> {
    Some(envelope.strip_prefix(VERSION)?.strip_prefix(':')?.split_once(':')?.0)
}

/// Seals `plain` for the place `binding` names, under a fresh random nonce.
///
/// # Errors
///
/// [`CipherError::Failed`] when the system gives no randomness.
pub fn seal(key: &MasterKey, binding: &Binding<'_>, plain: &str) -> Result<String, CipherError> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|_| CipherError::Failed)?;
    let mut sealed = Zeroizing::new(Vec::with_capacity(NONCE_BYTES + plain.len() + TAG_BYTES));
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain.as_bytes());
    let tag = cipher(key)
        .encrypt_in_place_detached(
            Nonce::from_slice(&nonce),
            &associated_data(key.id(), binding),
            &mut sealed[NONCE_BYTES..],
        )
        .map_err(|_| CipherError::Failed)?;
    sealed.extend_from_slice(&tag);
    Ok(format!("{VERSION}:{}:{}", key.id(), URL_SAFE_NO_PAD.encode(&*sealed)))
}

/// Opens `envelope` if it was sealed with `key` for the place `binding` names.
///
/// # Errors
///
/// [`CipherError::Newer`], [`CipherError::Malformed`], [`CipherError::OtherKey`] or [`CipherError::Rejected`].
pub fn open(key: &MasterKey, binding: &Binding<'_>, envelope: &str) -> Result<Secret<String>, CipherError> {
    if is_newer(envelope) {
        return Err(CipherError::Newer);
    }
    let id = key_id(envelope).ok_or(CipherError::Malformed)?;
    if id != key.id() {
        return Err(CipherError::OtherKey);
    }
    let body = envelope.get(VERSION.len() + id.len() + 2..).ok_or(CipherError::Malformed)?;
    let sealed = URL_SAFE_NO_PAD.decode(body).map_err(|_| CipherError::Malformed)?;
    if sealed.len() < NONCE_BYTES + TAG_BYTES {
        return Err(CipherError::Malformed);
    }
    let (nonce, message) = sealed.split_at(NONCE_BYTES);
    let associated = associated_data(id, binding);
    let plain = cipher(key)
        .decrypt(Nonce::from_slice(nonce), Payload { msg: message, aad: &associated })
        .map_err(|_| CipherError::Rejected)?;
    match String::from_utf8(plain) {
        Ok(text) => Ok(Secret::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(CipherError::Rejected)
        }
    }
}

fn cipher(key: &MasterKey) -> Aes256Gcm {
    Aes256Gcm::new((&*key.bytes).into())
}

/// Every part after its length, so that no two places read the same.
fn associated_data(key_id: &str, binding: &Binding<'_>) -> Vec<u8> {
    framed([VERSION, binding.store_id, binding.account_id, binding.base_url, binding.field, key_id])
}

/// Parts as bytes, each behind its length, so that no two lists of parts are the same bytes.
pub fn framed<const N: usize>(parts: [&str; N]) -> Vec<u8> {
    parts.iter().flat_map(|part| (part.len() as u64).to_be_bytes().into_iter().chain(part.bytes())).collect()
}

#[cfg(test)]
mod tests;
