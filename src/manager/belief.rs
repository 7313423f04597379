//! What this process believes of accounts beside the accounts file: limits, benches, quotas and models on their way there,
//! and what siblings know together.

pub mod bench_words;
pub(in crate::manager) mod limits;
pub(in crate::manager) mod quota;
pub(in crate::manager) mod shared;
pub(in crate::manager) mod unserved;
