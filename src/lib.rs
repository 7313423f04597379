//! The map: the rooms in reading order, three ways through them, and what never happens. `docs/architecture.md` has the
//! picture.
//!
//! # Rooms, in reading order
//!
//! | | |
//! | --- | --- |
//! | [`domain`] | decides: pure functions and plain values |
//! | [`protocol`] | the words of JSON-RPC; schemas, the reference and the types of the clients are generated from it |
//! | `sys`, `files`, `background` | what differs by system, with a half for each; locks, private files and replacing them; tasks beside their caller |
//! | [`clock`], [`env`](mod@env), [`paths`] | time, the environment and places |
//! | [`secrets`], [`config`] | sealing and the master key; settings and where each comes from |
//! | [`store`] | the accounts file: transactions, sessions, migration |
//! | [`ledger`] | attempts, usage and owners of resources, in SQLite |
//! | [`upstream`], [`oauth`], [`desktop`], [`folders`], [`theme`] | providers and the network; logins and refreshes; browser and editor; what an agent's folders say; colours |
//! | [`manager`] | the only state, in rooms that each hold their own; verbs that need several are its methods |
//! | [`server`], [`proxy`], [`session_rpc`] | JSON-RPC; OpenAI's API; the client of another session's JSON-RPC |
//! | [`wording`], [`cli`], [`tui`], [`demo`] | what people read, the command line, the screen, the simulated story |
//! | [`error`], [`hardening`], [`logging`] | errors with kind and hint; what protects the process; the log |
//!
//! # Ways
//!
//! - **A request**: [`proxy`] admits it and reads it, [`manager`] chooses an account by [`domain`], [`upstream`] sends the same
//!   bytes, `domain` classifies the answer, `manager` records what it proved. The next account is tried only while no byte
//!   of an answer has gone to the client. Tokens are counted as they pass and reach the [`ledger`] behind the request.
//! - **A call**: [`server`] parses a message of JSON-RPC once, calls one verb of `manager`, and that changes the accounts file by
//!   one transaction of [`store`]: lock, read, a pure function, write, rename, unlock.
//! - **A change**: every process compares one `stat` of the accounts file before each decision and once a second, reads what is new
//!   and emits events. Readers take no lock, and nobody sends anything to a sibling.
//!
//! # What never happens
//!
//! - [`domain`] reads no clock, file, environment or random number, and starts nothing: `now` is an argument.
//! - Nothing outside `sys` asks which system it is on.
//! - Effects do not import each other, except where `tests/it/architecture.rs` says so.
//! - [`manager`] imports neither [`protocol`] nor a door: it does not know how it is called.
//! - No secret is a plain string outside [`secrets`].
//! - No write to the accounts file without its lock, and none in place.
//! - No two refreshes of one token, and no use of a token before it is on disk.
//! - No second attempt after a byte of an answer went out, and no end that is invented.
//! - No credential to another host than its own.

pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod desktop;
pub mod domain;
pub mod env;
pub mod error;
pub mod folders;
pub mod hardening;
pub mod ledger;
pub mod logging;
pub mod manager;
pub mod oauth;
pub mod paths;
pub mod protocol;
pub mod proxy;
pub mod secrets;
pub mod server;
pub mod session_rpc;
pub mod store;
pub mod theme;
pub mod tui;
pub mod upstream;
pub mod wording;

mod background;
mod files;
mod sys;
