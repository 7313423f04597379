//! Black-box tests of the built binary: what a client, a person or a crash can do to it from outside. One binary, so
//! that it is linked once.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests look at files, time and the environment from outside")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod agents;
mod alive;
mod architecture;
mod behind;
mod budgets;
mod cli;
mod clients;
// Its service is systemd's, as is that of `service`.
#[cfg(target_os = "linux")]
mod connect;
mod documentation;
mod feed;
mod files;
mod first_steps;
mod generated;
mod keys;
mod lifecycle;
mod live_config;
mod logins;
mod metrics;
mod neovim;
mod network;
mod opencode;
mod pins;
mod projects;
mod protocol;
mod proxy_answers;
mod proxy_bodies;
mod proxy_crowd;
mod proxy_gate;
mod proxy_http2;
mod proxy_streams;
mod proxy_time;
mod proxy_uploads;
mod releases;
mod routing;
mod rpc;
mod run;
mod sdks;
mod secrets;
#[cfg(target_os = "linux")]
mod service;
mod sessions;
mod soak;
mod store_faults;
mod support;
mod traces;
mod translate;
mod tui;
mod usage;
mod websocket;
