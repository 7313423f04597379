//! The accounts: the file they are stored in, how they stand now, and what changes them.

pub(super) mod credential_mark;
pub mod import;
pub(super) mod labels;
pub mod merging;
pub(super) mod names;
pub(super) mod pins;
pub(super) mod pool;
mod rekey;
mod removal;
pub mod twins;
pub mod verbs;
pub(super) mod view;
