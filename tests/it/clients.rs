//! What a person installs, each driven against the real binary.

mod editors;
mod logins;
mod neovim;
pub mod opencode;
mod places;
mod python;
mod readmes;
mod story;
mod typescript;
mod vscode;
