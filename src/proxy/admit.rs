//! The first step of a request: whether its connection has a place, its head has one meaning, and whoever sent it may
//! come in.

pub mod backend;
pub mod connections;
pub mod gate;
pub mod head_guard;
pub mod keepalive;
pub mod pressure;
pub mod target;
pub mod traffic;
