//! The contract over stdio, as any client sees it.

mod contract;
mod errors;
mod notifications;
mod oddities;
mod progress;
mod routing;
mod texts;
