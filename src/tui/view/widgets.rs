//! Parts of several views and dialogs.

pub mod bar;
pub mod chart;
pub mod page;
pub mod popup;
pub mod quota;
pub mod spark;
pub mod table;
