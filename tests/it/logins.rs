//! ChatGPT logins, against a simulated backend and issuer.

mod kills;
mod quota;
mod reasoning;
mod serving;
mod sign_in;
mod tokens;
