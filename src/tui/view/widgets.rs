//! What several views and dialogs are made of.

pub mod bar;
pub mod chart;
pub mod page;
pub mod popup;
pub mod quota;
pub mod spark;
pub mod table;
