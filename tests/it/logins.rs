//! ChatGPT logins, against a simulated backend and issuer.

mod agents;
mod allowances;
mod anywhere;
mod beside;
mod caching;
mod codex;
mod codex_by_run;
mod doors;
mod ending;
mod granted;
mod kills;
mod merging;
mod meters;
mod models;
mod older_copy;
mod place;
mod quota;
mod reasoning;
mod refusals;
mod rotations;
mod serving;
mod sign_in;
mod tokens;
mod turn;
