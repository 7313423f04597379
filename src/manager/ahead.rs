//! Connections that are opened ahead of the requests that will go out on them: to the upstream of the account that serves
//! first, and of the one that serves next when the account in use is near a limit. Nothing is sent on them.

use super::Manager;
use super::router::RouteRequest;
use crate::domain::account::AccountId;
use crate::domain::routing::decision::Decision;
use crate::domain::usage::quota::QuotaReport;
use crate::upstream::openai;

/// From so many percent of a window on, another account may have to serve soon.
const NEAR: f64 = 90.0;

impl Manager {
    /// Opens a connection to the upstream of the account that is likely to serve the first request of this process.
    pub fn open_first_connection(&self) {
        self.open_ahead(&[]);
    }

    /// Opens a connection for when `account` has reached the limit that `report` says is near.
    pub(super) fn open_next_connection(&self, account: &AccountId, report: &QuotaReport) {
        let quotas = report.quota.iter().chain(report.meters.iter().map(|meter| &meter.quota));
        if quotas.flat_map(|quota| &quota.windows).any(|window| window.used_percent >= NEAR) {
            self.open_ahead(std::slice::from_ref(account));
        }
    }

    /// Opens a connection for a request that none of `without` serves. Where there is one already nothing happens.
    fn open_ahead(&self, without: &[AccountId]) {
        let view = self.accounts.view();
        let request =
            RouteRequest { client_version: self.session.config().client_version(), ..RouteRequest::default() };
        let excluded: Vec<usize> = without.iter().filter_map(|account| view.pool.position(account)).collect();
        let Decision::Use(choice) = self.decide(&view, &request, None, &excluded) else { return };
        let base_url = self.accounts.base_url(&view.state.accounts[choice.position]);
        if let Some(target) = base_url.and_then(|base| openai::target(&base, "/")) {
            self.upstream.open_ahead(&target);
        }
    }
}
