//! A copy of the `seal` block in the `.cam` folder, one for each key. A tool that does not know our fields keeps the
//! sealed values and drops what they are opened with; without the salt they would be lost for good.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::format::{MAX_FILE_BYTES, State, StoredSecret};
use super::lock;
use super::replace::Places;
use crate::files;
use crate::secrets::cipher;
use crate::secrets::master_key::SealBlock;

/// Nothing in it is secret.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SealCopy {
    store_id: String,
    seal: SealBlock,
}

fn place(places: &Places, key_id: &str) -> PathBuf {
    lock::named(&places.folder, "seal", key_id)
}

/// Copies the block of `state`, unless that was done; on the disk when this returns. Comes before anything is sealed
/// on the disk.
pub(super) fn keep(places: &Places, state: &State) -> Result<(), StoreError> {
    let Some(seal) = &state.seal else { return Ok(()) };
    let path = place(places, &seal.key_id);
    if read(places, &seal.key_id).is_some() {
        return Ok(());
    }
    let copy = SealCopy { store_id: state.store_id.clone(), seal: seal.clone() };
    files::remove(&path)
        .and_then(|()| files::write_new(&path, &serde_json::to_vec(&copy).map_err(io::Error::from)?))
        .and_then(|()| files::sync_folder(&places.folder))
        .map_err(StoreError::io("copy the `seal` block to", &path))
}

/// Gives `state` back the block its sealed values need, when it was dropped.
pub(super) fn restore(places: &Places, state: &mut State) {
    if state.seal.is_some() {
        return;
    }
    let copy = state.secrets().find_map(|secret| match secret {
        StoredSecret::Sealed(envelope) => read(places, cipher::key_id(envelope)?),
        StoredSecret::Plain(_) | StoredSecret::New(_) => None,
    });
    if let Some(copy) = copy {
        state.seal = Some(copy.seal);
        if state.store_id.is_empty() {
            state.store_id = copy.store_id;
        }
    }
}

/// Removes the copy for a key that nothing was sealed with.
pub(super) fn forget(places: &Places, key_id: &str) {
    let _ = files::remove(&place(places, key_id));
}

fn read(places: &Places, key_id: &str) -> Option<SealCopy> {
    let copy: SealCopy =
        serde_json::from_slice(&files::read_if_there(&place(places, key_id), MAX_FILE_BYTES).ok()??).ok()?;
    (copy.seal.key_id == key_id).then_some(copy)
}
