//! The JSON-RPC door: what stands between an agent's pipe or socket and the manager.

pub mod frame_guard;
