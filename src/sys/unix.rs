//! The half for Linux, macOS and the BSDs.

pub mod files;
pub mod locks;
pub mod memory;
pub mod neighbours;
pub mod parent;
pub mod pipes;
pub mod processes;
pub mod programs;
pub mod signals;
pub mod sockets;
pub mod terminal;
