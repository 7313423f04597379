//! This process among its siblings: who it is, what it is configured to do, what it tells its doors, and its record in the
//! accounts file.

pub mod alive;
pub mod configuration;
mod data_folder;
pub mod event;
pub mod membership;
pub mod notices;
pub(super) mod tasks;
