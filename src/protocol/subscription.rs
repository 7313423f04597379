//! Notifications over the WebSocket of `/rpc`, where a client asks for those it wants. On stdio they come unasked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks for notifications; its result is the subscription's id. Each message has the
/// notification's own name, and [`Delivered`] as params.
pub const SUBSCRIBE: &str = "notifications/subscribe";

/// Ends a subscription; its one positional parameter is the id, and its result says whether there was one.
pub const UNSUBSCRIBE: &str = "notifications/unsubscribe";

/// Replaces notifications that this client was too slow to read; its params are [`Delivered`], with a [`Missed`].
pub const MISSED: &str = "notifications/didMiss";

/// Which notifications to send.
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
    /// The number of events; some may not have been for this subscription.
    pub count: u64,
}
