//! What people, sandboxes and sync tools do to the product's files, and what of it must not matter.

mod causes;
mod ends;
mod memory;
mod places;
mod shared;
mod waiting;
mod words;
