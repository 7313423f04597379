//! ChatGPT logins, against a simulated backend and issuer.

mod agents;
mod beside;
mod caching;
mod codex;
mod kills;
mod models;
mod place;
mod quota;
mod reasoning;
mod serving;
mod sign_in;
mod tokens;
