//! What several views and dialogs are made of.

pub mod popup;
