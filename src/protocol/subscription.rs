//! Notifications over the WebSocket of `/rpc`, where a client asks for those it wants. On stdio they come unasked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks for notifications; its result is the subscription's id. What comes bears the notification's own name, and its
/// params are [`Delivered`].
pub const SUBSCRIBE: &str = "notifications/subscribe";

/// Ends a subscription; its one positional parameter is the id, and its result tells whether there was one.
pub const UNSUBSCRIBE: &str = "notifications/unsubscribe";

/// Comes in place of notifications that this client was too slow for; its params are [`Delivered`], with a [`Missed`].
pub const MISSED: &str = "notifications/didMiss";

/// Which notifications are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscribeParams {
    /// Their names; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
}

/// What the params of a notification are on the WebSocket.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Delivered {
    /// The subscription that asked for it.
    pub subscription: String,
    /// The params as they are on stdio.
    pub result: serde_json::Value,
}

/// Notifications were left out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Missed {
    /// How many events they stand for; some may have been of no concern to this subscription.
    pub count: u64,
}
