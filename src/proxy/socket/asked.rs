//! A client's `response.create`, and what of it each account gets: a key the message as it is, a login its translation,
//! and neither what only another account can go on from.

use bytes::Bytes;
use memchr::memmem;
use serde_json::Value;

use crate::domain::account::AccountId;
use crate::domain::lenient_json;
use crate::manager::Manager;
use crate::manager::router::turn_state::TURN_STATE;
use crate::manager::router::{Route, RouteRequest};
use crate::proxy::read::body::Kept;
use crate::proxy::send::foreign::Foreign;
use crate::proxy::send::translated::{Known, Translated, Translation};
use crate::proxy::state::ProxyState;

/// A message, kept while it may have to be sent once more.
pub struct Asked {
    text: Kept,
    /// The cache key of a message without one.
    cache_key: Option<String>,
    /// What a login gets of it.
    pub translation: Translation,
    /// No encrypted content is sent any more: an upstream could not read it.
    is_bare: bool,
}

impl Asked {
    /// The message `text`. `None` when there is no room to keep it.
    pub fn new(proxy: &ProxyState, text: Bytes, cache_key: Option<String>) -> Option<Asked> {
        let text = proxy.budget.keep(text)?;
        Some(Asked { text, cache_key, translation: Translation::Untried, is_bare: false })
    }

    /// Translates it for a login, unless that was done. `false` when no login can serve it.
    pub async fn is_ready_for_login(
        &mut self,
        proxy: &ProxyState,
        request: &RouteRequest,
        account: &AccountId,
    ) -> bool {
        if matches!(self.translation, Translation::Untried) {
            let cache_key = self.cache_key.as_deref();
            let known = Known { cache_key, item_ids: &request.item_ids, account };
            self.translation = Translation::of_message(proxy, &self.text.bytes(), known).await;
        }
        self.translation.ready().is_some()
    }

    /// Leaves all encrypted content out from now on. `false` when that was done before.
    pub fn make_bare(&mut self) -> bool {
        !std::mem::replace(&mut self.is_bare, true)
    }

    /// The text for the account of `route`.
    pub fn text_for(&self, manager: &Manager, request: &RouteRequest, route: &Route) -> Bytes {
        let is_login = route.target.credential.login().is_some();
        let translated = self.translation.ready().filter(|_| is_login);
        let text = translated.map_or_else(|| self.text.bytes(), Translated::body);
        let foreign = Foreign { request, is_login, is_bare: self.is_bare };
        let own = foreign.may_be_in(&route.account).then(|| foreign.left_out_of(&text, &route.account)).flatten();
        let text = own.unwrap_or(text);
        without_turn_state(&text, |state| manager.router().gave_turn_state(state.as_bytes(), &route.account))
            .unwrap_or(text)
    }
}

/// `text` without the turn state in its metadata, unless the account gave it. `None` when it goes as it is.
fn without_turn_state(text: &[u8], gave: impl FnOnce(&str) -> bool) -> Option<Bytes> {
    memmem::find(text, TURN_STATE.as_bytes())?;
    let mut message = lenient_json::parse(text).ok()?;
    let metadata = message.get_mut("client_metadata").and_then(Value::as_object_mut)?;
    let is_own = metadata.get(TURN_STATE)?.as_str().is_some_and(gave);
    if is_own {
        return None;
    }
    metadata.shift_remove(TURN_STATE);
    Some(message.to_string().into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_turn_state_goes_to_its_maker_alone() {
        let with = json!({ "input": TURN_STATE, "client_metadata": { "a": "b", (TURN_STATE): "ours" } });
        let without = json!({ "input": TURN_STATE, "client_metadata": { "a": "b" } }).to_string();
        for (message, gave, expected) in [
            (&with, true, None),
            (&with, false, Some(&without)),
            (&json!({ "input": TURN_STATE }), false, None),
            (&json!({ "input": "hi", "client_metadata": {} }), false, None),
        ] {
            let left = without_turn_state(message.to_string().as_bytes(), |state| state == "ours" && gave);
            assert_eq!(left.as_deref(), expected.map(String::as_bytes), "{message} {gave}");
        }
    }
}
