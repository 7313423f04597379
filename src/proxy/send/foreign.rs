//! What of a request only another account can go on from: reasoning that is sealed for it, and ids of its items.

use std::ops::Range;

use bytes::Bytes;

use crate::domain::account::AccountId;
use crate::domain::resources::{ItemId, Reasoning, named_in, without};
use crate::manager::router::RouteRequest;
use crate::manager::router::reasoning::ContentDigest;

/// What of a request only another account can go on from.
pub struct Foreign<'f> {
    /// Whose the parts of it are.
    pub request: &'f RouteRequest,
    /// It goes to a login.
    pub is_login: bool,
    /// No encrypted reasoning is sent any more.
    pub is_bare: bool,
}

impl Foreign<'_> {
    /// Whether what is sent to `account` may hold any of it.
    pub fn may_be_in(&self, account: &AccountId) -> bool {
        let RouteRequest { reasoning, item_ids, .. } = self.request;
        self.is_bare || reasoning.has_foreign(account) || (self.is_login && item_ids.has_foreign(account))
    }

    /// `body` for `account`, without it. `None` when it goes as it is.
    pub fn left_out_of(&self, body: &[u8], account: &AccountId) -> Option<Bytes> {
        let RouteRequest { reasoning, item_ids, .. } = self.request;
        let is_left_out =
            |piece: &Reasoning| (self.is_bare && piece.is_sealed) || reasoning.is_foreign(&piece.mark, account);
        let named = named_in::<ContentDigest>(body);
        let pieces = named.reasoning.into_iter().filter(is_left_out).filter_map(|piece| piece.place);
        let foreign = named.items.iter().filter(|item| self.is_login && item_ids.is_foreign(&item.id, account));
        let mut places: Vec<_> = pieces.chain(foreign.filter_map(|item| member(body, item))).collect();
        places.sort_unstable_by_key(|place| place.start);
        // An id goes with its item.
        let mut end = 0;
        places.retain(|place| {
            let is_apart = place.start >= end;
            end = end.max(place.end);
            is_apart
        });
        (!places.is_empty()).then(|| without(body, &places).into())
    }
}

/// Where the id stands with its key, in a text that has no spaces between them.
fn member(body: &[u8], item: &ItemId) -> Option<Range<usize>> {
    const KEY: &[u8] = b"\"id\":";
    let before = body.get(..item.place.start)?;
    before.ends_with(KEY).then(|| item.place.start - KEY.len()..item.place.end)
}
