//! Responses that go on without their client. The first answer has one queued, every later one has it completed. Nothing is
//! stored but what its id says: what it took, in which tier, and its model.

use super::document::{Document, Status};
use super::{PREFIX, events};
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
    pub(super) fn begin(call: &Call, model: &str, tier: &'static str, streams: bool) -> Reply {
        let Usage { input, cached, output } = call.usage();
        let id = format!("{}{MARK}{input}_{cached}_{output}_{tier}_{model}", call.id(PREFIX));
        let message_id = call.id("msg_");
        let document = Document::new(&id, &message_id, call, model).tiered(tier).in_background(call.usage());
        if streams {
            return events::stream(call, document, &message_id);
        }
        Reply::json(200, &document.tiered("auto").at(Status::Queued))
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
        let message_id = format!("msg_{}", &id[PREFIX.len()..]);
        let document = Document::new(id, &message_id, call, self.model).tiered(self.tier).in_background(self.usage);
        if call.streams {
            return events::stream(call, document, &message_id);
        }
        Reply::json(200, &document.at(Status::Completed))
    }
}
