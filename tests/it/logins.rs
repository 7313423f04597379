//! ChatGPT logins, against a simulated backend and issuer.

mod serving;
mod tokens;
