//! What becomes of requests and answers that go by way of a ChatGPT account, published as golden files:
//! `snapshots/translate_*.snap`. They are made to be read.

mod answers;
mod items;
mod odd_requests;
mod parameters;
mod requests;
mod tiers;
