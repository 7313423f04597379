//! The person's desktop: whether a browser on this machine is one that the person sees, and opening a page in it.

mod opener;
mod surroundings;
mod wsl;

pub use opener::{Opening, open};
pub use surroundings::{Away, away};
