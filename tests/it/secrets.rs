//! Secrets: where they must not be, who may read their files, and what opens them.

mod keys;
mod leaks;
mod modes;
mod other_tools;
