//! The `seal` block of the accounts file: how its key is derived, and a value only that key opens.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::KeyError;
use super::material::{Material, random_hex};
use crate::secrets::cipher::{self, Binding, MasterKey};

/// OWASP's first recommendation for Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const ITERATIONS: u32 = 2;
const PARALLELISM: u32 = 1;

/// What a file may ask for: it must not be able to take the machine's memory or an hour of its time.
const MAX_MEMORY_KIB: u64 = 128 * 1024;
const MAX_ITERATIONS: u64 = 16;
const MAX_PARALLELISM: u64 = 4;
const SALT_BYTES: std::ops::RangeInclusive<usize> = 8..=64;

const CHECK_TEXT: &str = "codex-account-manager";

/// How the secrets of one accounts file are sealed. The salt is kept for the life of the key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealBlock {
    /// `argon2id`, or `none` for a raw key.
    pub kdf: String,
    /// Base64url without padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// Argon2's memory in KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_kib: Option<u64>,
    /// Argon2's passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u64>,
    /// Argon2's lanes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u64>,
    /// The id that the envelopes carry; random, it reveals nothing about the key.
    pub key_id: String,
    /// A known text sealed with the key.
    pub check: String,
    /// Fields of a later build.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl SealBlock {
    /// Makes the block for a file that has none, with a new salt and key id.
    pub(super) fn create(material: &Material) -> Result<(SealBlock, MasterKey), KeyError> {
        let mut block = SealBlock {
            kdf: "none".to_owned(),
            salt: None,
            memory_kib: None,
            iterations: None,
            parallelism: None,
            key_id: random_hex::<6>()?,
            check: String::new(),
            extra: Map::new(),
        };
        if let Material::Passphrase(_) = material {
            let mut salt = [0; 16];
            getrandom::fill(&mut salt).map_err(|_| KeyError::NoRandomness)?;
            "argon2id".clone_into(&mut block.kdf);
            block.salt = Some(URL_SAFE_NO_PAD.encode(salt));
            block.memory_kib = Some(MEMORY_KIB.into());
            block.iterations = Some(ITERATIONS.into());
            block.parallelism = Some(PARALLELISM.into());
        }
        let key = block.derive(material)?.ok_or(KeyError::NoRandomness)?;
        block.check = cipher::seal(&key, &CHECK, CHECK_TEXT).map_err(|_| KeyError::NoRandomness)?;
        Ok((block, key))
    }

    /// The key that `material` gives in this file; `None` when it can give none, a passphrase for a raw key's file.
    /// For a passphrase this takes Argon2's time and memory.
    pub(super) fn derive(&self, material: &Material) -> Result<Option<MasterKey>, KeyError> {
        let argon2 = self.parameters()?;
        let bytes = match (material, argon2) {
            (Material::Raw(bytes), _) => bytes.clone(),
            (Material::Passphrase(_), None) => return Ok(None),
            (Material::Passphrase(passphrase), Some((argon2, salt))) => {
                let mut bytes = Zeroizing::new([0; 32]);
                argon2
                    .hash_password_into(passphrase.expose().as_bytes(), &salt, &mut *bytes)
                    .map_err(|_| KeyError::DamagedSeal { reason: "its Argon2id parameters are refused" })?;
                bytes
            }
        };
        Ok(Some(MasterKey::new(self.key_id.clone(), bytes)))
    }

    /// Whether `key` is the one this block was made with.
    pub(super) fn accepts(&self, key: &MasterKey) -> bool {
        cipher::open(key, &CHECK, &self.check).is_ok_and(|text| text.expose() == CHECK_TEXT)
    }

    /// Reads the parameters, within bounds; `None` for a raw key.
    fn parameters(&self) -> Result<Option<(Argon2<'static>, Vec<u8>)>, KeyError> {
        let damaged = |reason| KeyError::DamagedSeal { reason };
        if self.key_id.is_empty() || self.key_id.len() > 64 || self.key_id.contains(':') {
            return Err(damaged("its key id is not valid"));
        }
        match self.kdf.as_str() {
            "none" => return Ok(None),
            "argon2id" => {}
            _ => return Err(damaged("this version does not know its key derivation")),
        }
        let salt = self.salt.as_deref().and_then(|salt| URL_SAFE_NO_PAD.decode(salt).ok());
        let salt = salt.filter(|salt| SALT_BYTES.contains(&salt.len())).ok_or(damaged("its salt cannot be read"))?;
        let within = |value: Option<u64>, most: u64| {
            let value = value.filter(|value| (1..=most).contains(value)).and_then(|value| u32::try_from(value).ok());
            value.ok_or(damaged("its Argon2id parameters are missing or out of bounds"))
        };
        let parameters = Params::new(
            within(self.memory_kib, MAX_MEMORY_KIB)?,
            within(self.iterations, MAX_ITERATIONS)?,
            within(self.parallelism, MAX_PARALLELISM)?,
            Some(32),
        )
        .map_err(|_| damaged("its Argon2id parameters are refused"))?;
        Ok(Some((Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters), salt)))
    }
}

/// The check value belongs to no account.
const CHECK: Binding<'static> = Binding { store_id: "", account_id: "", base_url: "", field: "check" };
