//! The second step: the body, kept for another attempt, and the few fields of it that routing needs.

pub mod aim;
pub mod body;
pub mod fields;
pub mod media_type;
pub mod usage_question;
