//! The file system, for everyone who keeps or reads a file: others' files are opened without waiting, ours are private to
//! their owner from the first syscall on, replaced in one step, and locked so that death frees the lock.

pub mod hash;
pub mod lock;
mod private;
mod regular;
mod replace;
mod stamp;

pub use private::{
    ANOTHER_USER, can_be_made, close_to_others, create_new, has_other_names, is_at, is_own_folder, is_same_file, link,
    make_folder, open_lock, open_own, open_to_ask, own_folder_problem, read_own, restrict, write_new,
};
pub use regular::{NotAFile, TooLarge, bounded, is_null, is_program, open, read, read_if_there};
pub use replace::{
    Replacement, exchange, names, names_of_links, real_path, remove, rename, replace, stat, sync_folder, with_suffix,
};
pub use stamp::{RACY, Stamp};

pub use crate::sys::files::{
    HAS_DRIVES, HOME, IGNORES_CASE, Identity, canonical, identity, is_in_the_way, without_links,
};

#[cfg(test)]
pub mod tests;
