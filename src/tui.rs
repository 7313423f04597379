//! The terminal screen: `app` is its state and the one pure function that changes it, `view` draws it, `keys` says what
//! each key does. The values between them are `event`, `effect` and `fact`.

pub mod act;
pub mod app;
pub mod effect;
pub mod event;
pub mod fact;
pub mod keys;
pub mod regions;
pub mod terminal;
pub mod view;
