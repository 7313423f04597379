//! What routing would decide now, and why.

use std::sync::Arc;

use super::Manager;
use super::budgets::last;
use super::requests::loads;
use super::router::{RouteRequest, Standpoint};
use crate::domain::account::ModelFamily;
use crate::domain::routing::conversation::conversation_key;
use crate::domain::routing::decision::Explanation;
use crate::domain::routing::{Ask, Strategy, explain};

impl Manager {
    /// What routing would decide for a request for `model` now, and why not otherwise.
    pub async fn explain(
        &self,
        model: Option<&str>,
        conversation: Option<&str>,
    ) -> (Strategy, ModelFamily, Explanation) {
        self.explain_to(None, model, conversation).await
    }

    /// The same for the client whose key of the proxy is called `key`.
    pub async fn explain_to(
        &self,
        key: Option<Arc<str>>,
        model: Option<&str>,
        conversation: Option<&str>,
    ) -> (Strategy, ModelFamily, Explanation) {
        let request = RouteRequest {
            model: model.map(str::to_owned),
            family: ModelFamily::of(model, &self.session.families()),
            client_version: self.session.config().client_version(),
            conversation: conversation.and_then(|key| conversation_key(Some(key), &|_| None, None)),
            ..RouteRequest::default()
        };
        let mut request = request.asked_with(key);
        self.consult(&mut request).await;
        let (strategy, now, view) = (self.session.strategy(), self.session.now(), self.accounts.view());
        let pinned = self.pinned(&view, &request.family);
        let Standpoint { current, begin, turns } = self.router.chosen().standpoint(&view.pool, &request, now);
        let turn = turns.next(request.needs_api_key).unwrap_or(begin);
        let mut belief = self.belief.lock();
        let loads = loads(&mut belief, &view, now);
        let client_version = request.client_version;
        let within = request.within.as_deref();
        let overspent = self.overspent(&self.budgets(request.key.as_deref()));
        let spent_until = self.spent_until(&overspent);
        let ask = Ask {
            client_version,
            current,
            pinned,
            loads,
            within,
            spent_until,
            turn,
            ..Ask::new(model, &request.family)
        };
        let explanation = explain(&view.pool, &ask, strategy, now);
        let explanation = Explanation { overspent: last(overspent), ..explanation };
        drop(belief);
        (strategy, request.family, explanation)
    }
}
