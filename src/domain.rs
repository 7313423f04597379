//! What decides: plain values and pure functions. No runtime, files, environment, clock or randomness; the
//! time is an argument.

pub mod account;
pub mod account_set;
pub mod allowed;
pub mod base_url;
pub mod claims;
pub mod client_version;
pub mod event_stream;
pub mod excerpt;
pub mod first_output;
pub mod health;
pub mod json_scan;
pub mod lenient_json;
pub mod lookup;
pub mod naming;
pub mod near;
pub mod plain_text;
pub mod pool;
pub mod projects;
pub mod report;
pub mod resources;
pub mod routing;
pub mod sentence;
pub mod text_encoding;
pub mod time;
pub mod translate;
pub mod usage;
pub mod workspace;
