//! Resources that belong to one account: responses and their items, files, containers, skills and the like. An id is known by
//! its place, the key or the path that names it, and by its shape; both are tables in `shape` and `place`, for every
//! endpoint, so that what an answer creates is recognised wherever a request names it.

mod created_ids;
mod cut;
pub mod form;
mod named;
mod place;
mod shape;
pub mod target;

pub use created_ids::{CreatedIds, Keeps};
pub use cut::without;
pub use named::{ItemId, Named, Reasoning, TopLevel, named_in, named_in_beside};
pub use shape::is_id;

/// Makes the mark of encrypted content, which may be long and comes in pieces.
pub trait Digest: Default {
    /// Takes the next piece in.
    fn take(&mut self, piece: &[u8]);
    /// The mark of all pieces.
    fn mark(self) -> String;
}
