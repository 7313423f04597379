//! The map of the house, in reading order.

pub mod domain;
pub mod protocol;

pub mod clock;
pub mod config;
pub mod desktop;
pub mod env;
pub mod ledger;
pub mod oauth;
pub mod paths;
pub mod regular_file;
pub mod secrets;
pub mod store;
pub mod theme;
pub mod upstream;

pub mod manager;

pub mod proxy;
pub mod server;

pub mod session_rpc;

pub mod wording;

pub mod cli;
pub mod demo;
pub mod tui;

pub mod error;
pub mod hardening;
pub mod logging;
