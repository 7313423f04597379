//! Responses that go on without their client. The first answer has one queued, every later one has it completed. Nothing is
//! stored but what its id says: what it took, in which tier, and its model.

use serde_json::json;

use super::{PREFIX, Response};
use crate::api::call::Call;
use crate::reply::Reply;
use crate::usage::{Usage, processed_in};

/// What an id says of such a response.
pub(super) struct Background<'i> {
    usage: Usage,
    tier: &'static str,
    model: &'i str,
}

const MARK: &str = "_bg_";

impl<'i> Background<'i> {
    /// Begins one. As a stream it goes on to its end like any other.
    pub(super) fn begin(call: &Call, model: &'i str, tier: &'static str, streams: bool) -> Reply {
        let usage = call.usage();
        let Usage { input, cached, output } = usage;
        let id = format!("{}{MARK}{input}_{cached}_{output}_{tier}_{model}", call.id(PREFIX));
        let mut response = Background { usage, tier, model }.response(call, &id, &call.id(""));
        if streams {
            return response.reply(true);
        }
        // Before it is completed the answer says what was asked for.
        response.begun["service_tier"] = json!("auto");
        response.begun["status"] = json!("queued");
        Reply::json(200, &response.begun)
    }

    /// The one that has this id.
    pub(super) fn of(id: &'i str) -> Option<Background<'i>> {
        let (_, said) = id.split_once(MARK)?;
        let mut parts = said.splitn(5, '_');
        let mut number = || parts.next()?.parse().ok();
        let usage = Usage { input: number()?, cached: number()?, output: number()? };
        Some(Background { usage, tier: processed_in(parts.next()), model: parts.next()? })
    }

    /// What it is when it is asked for.
    pub(super) fn poll(&self, call: &Call, id: &str) -> Reply {
        self.response(call, id, &id[PREFIX.len()..]).reply(call.streams)
    }

    fn response(&self, call: &Call, id: &str, item: &str) -> Response {
        let mut response = Response { usage: self.usage, ..Response::new(call, id, item, self.model) };
        response.begun["background"] = json!(true);
        response.begun["service_tier"] = json!(self.tier);
        response
    }
}
