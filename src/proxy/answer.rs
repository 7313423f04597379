//! The last step: the answer as the client gets it, whether an upstream's or one of our own.

pub mod body;
pub mod ending;
pub mod errors;
pub mod faults;
pub mod filter;
pub mod finish;
pub mod gathering;
pub mod hidden;
pub mod ours;
pub mod refused;
pub mod stream_error;
pub mod unserved;
