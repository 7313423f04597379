//! The life of a sidecar: it ends when it should, leaves nothing behind, and keeps its step whatever comes in.

mod ending;
mod frames;
mod traces;
