//! The fourth step: what is sent to the account that was chosen.

pub mod translated;
