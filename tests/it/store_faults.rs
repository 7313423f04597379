//! The shared accounts file under processes that are killed and a system that refuses, at every step.

mod counting;
mod rekey;
mod sweep;
