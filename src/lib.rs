//! The map of the house, in reading order.

pub mod domain;

pub mod clock;
pub mod env;
pub mod paths;
pub mod secrets;

pub mod server;

pub mod demo;
