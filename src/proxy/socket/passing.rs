//! A response's messages on their way to the client: in its words, charged in time, and the first of them with the name of
//! the account that serves.

use std::sync::Arc;

use hyper::header::HeaderMap;
use serde_json::{Map, Value};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::manager::router::{Route, Target};
use crate::proxy::answer::ending::Ending;
use crate::proxy::answer::filter::Filter;
use crate::proxy::answer::finish::name_dropped;
use crate::proxy::choose::Failover;
use crate::proxy::headers;
use crate::proxy::inspect::fields::{Field, JsonFields};
use crate::proxy::inspect::meter::Meter;
use crate::proxy::socket::asked::Asked;
use crate::proxy::socket::client::{Client, Gone};
use crate::proxy::socket::events;
use crate::proxy::state::ProxyState;
use crate::proxy::websocket::agreement::name;

/// What the client gets of an upstream's messages.
pub struct Shown {
    target: Arc<Target>,
    /// From the words of a login's backend to the client's.
    filter: Option<Filter>,
    stream_id: Option<String>,
    /// What a response over HTTP says in its headers, until it is said.
    headers: Option<Map<String, Value>>,
}

impl Shown {
    /// For the account of `route`.
    pub fn new(
        proxy: &ProxyState,
        (failover, asked): (&Failover<'_>, &Asked),
        route: &Route,
        stream_id: Option<String>,
    ) -> Shown {
        let is_login = route.target.credential.login().is_some();
        let asked = is_login.then_some(asked);
        let mut named = HeaderMap::new();
        name(&mut named, failover);
        headers::name_account(&mut named, &route.account, &route.target.label);
        if let Some(translated) = asked.and_then(|asked| asked.translation.ready()) {
            name_dropped(&mut named, &translated.dropped);
        }
        let wanted = asked.and_then(|asked| asked.translation.wanted());
        let filter = wanted.map(|wanted| Filter::translation(wanted, proxy.budget.room()));
        Shown { target: Arc::clone(&route.target), filter, stream_id, headers: Some(events::fields_of(&named)) }
    }

    /// What the client gets of `message`.
    pub fn of(&mut self, message: Utf8Bytes) -> Utf8Bytes {
        let mut shown = match &mut self.filter {
            // What the official clients over HTTP fail on before a response began is harmless here, and Codex reads it.
            Some(filter) => events::text(&filter.pass(&events::event(&message))).unwrap_or(message),
            None => message,
        };
        if self.headers.is_some() && kind_of(&shown).as_deref() == Some("response.created") {
            let headers = self.headers.take().unwrap_or_default();
            shown = events::with(&shown, headers).unwrap_or(shown);
        }
        // The streams of a client are known here, and not to a login's backend.
        if let Some(stream_id) = self.stream_id.as_ref().filter(|_| self.filter.is_some()) {
            shown = events::of_stream(shown, stream_id);
        }
        match self.target.credential.bearer() {
            Some(secret) => events::hidden(shown, secret.expose()),
            None => shown,
        }
    }

    /// Whether there is room for what the response holds.
    pub fn has_room(&self) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.failure().is_none())
    }
}

fn kind_of(message: &str) -> Option<String> {
    let mut fields = JsonFields::default();
    fields.push(message.as_bytes());
    fields.text(Field::Type)
}

/// A response on its way.
pub struct Relay {
    /// What becomes of it.
    pub ending: Ending,
    /// What was read of it.
    pub meter: Meter,
    /// How it is shown.
    pub shown: Shown,
}

impl Relay {
    /// Passes a message on, which was read. `false` when there is no room for what the response holds.
    pub async fn pass(&mut self, client: &mut Client<'_>, message: Utf8Bytes) -> Result<bool, Gone> {
        self.ending.owns(&mut self.meter);
        let shown = self.shown.of(message);
        if !self.shown.has_room() {
            return Ok(false);
        }
        // An account with a spending limit is charged before the client has the whole response.
        if self.meter.is_over()
            && self.ending.is_exact()
            && let Some(settling) = self.ending.settle_exactly(&mut self.meter)
        {
            settling.await;
        }
        self.ending.first_byte();
        client.send(shown).await.map(|()| true)
    }
}

impl Drop for Relay {
    /// What was learned of a response that the client did not wait for is accounted too.
    fn drop(&mut self) {
        self.ending.left(Some(&mut self.meter));
    }
}
