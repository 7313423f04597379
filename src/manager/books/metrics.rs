//! Numbers for a scraper: counters of what this process did, and gauges of how the accounts stand now. Accounts go
//! by their labels; no secret has a place here.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::{Counter, CounterVec, Encoder, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter};
use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

use super::Books;
use crate::domain::report::AccountReport;
use crate::ledger::Entry;

/// Upper ends of the latency histograms, in seconds: from an answer of this machine to a long stream.
const SECONDS: [f64; 13] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0];

/// The counters of one process.
pub struct Metrics {
    requests: IntCounterVec,
    tokens: IntCounterVec,
    cost: CounterVec,
    unpriced: IntCounterVec,
    duration: HistogramVec,
    first_byte: HistogramVec,
    accounts: Mutex<Accounts>,
}

/// The accounts that have numbers, by their labels.
#[derive(Default)]
struct Accounts(BTreeMap<String, Series>);

/// The series of one account, each looked up among all when it is first needed.
#[derive(Default)]
struct Series {
    requests: BTreeMap<u16, IntCounter>,
    /// Input, cached, output, reasoning.
    tokens: Option<[IntCounter; 4]>,
    cost: Option<Counter>,
    unpriced: Option<IntCounter>,
    duration: Option<Histogram>,
    first_byte: Option<Histogram>,
}

/// Accounts that have numbers of their own: renamed ones keep theirs, and a process may see many names.
const MOST_LABELS: usize = 1_024;

/// What the others are called together.
const OTHERS: &str = "(others)";

impl Default for Metrics {
    fn default() -> Metrics {
        let counter = |name, help, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let seconds =
            |name, help| HistogramVec::new(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()), &["account"]);
        let built = || -> prometheus::Result<Metrics> {
            Ok(Metrics {
                requests: counter(
                    "cam_upstream_requests_total",
                    "Upstream attempts by the status of their answer; 0 for none, 499 when the client left.",
                    &["account", "status"],
                )?,
                tokens: counter(
                    "cam_tokens_total",
                    "Tokens; cached ones are a part of input, reasoning ones a part of output.",
                    &["account", "kind"],
                )?,
                cost: CounterVec::new(
                    Opts::new(
                        "cam_cost_usd_total",
                        "USD spent on models that have a price, or on any under a spending limit.",
                    ),
                    &["account"],
                )?,
                unpriced: counter("cam_unpriced_requests_total", "Requests whose model has no price.", &["account"])?,
                duration: seconds("cam_upstream_request_duration_seconds", "From the start of an attempt to its end.")?,
                first_byte: seconds("cam_first_byte_seconds", "From a request's arrival to its first byte.")?,
                accounts: Mutex::default(),
            })
        };
        built().expect("names, labels and buckets are well-formed")
    }
}

impl Metrics {
    /// Counts one upstream attempt that is over.
    pub(in crate::manager) fn attempt(&self, entry: &Entry, account: &str) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let (account, series) = accounts.series(account);
        let labelled = |status: &str| self.requests.with_label_values(&[account, status]);
        series.requests.entry(entry.status).or_insert_with_key(|status| labelled(&status.to_string())).inc();
        let duration = series.duration.get_or_insert_with(|| self.duration.with_label_values(&[account]));
        duration.observe(seconds(entry.duration_ms));
        if let Some(millis) = entry.first_byte_ms {
            let first_byte = series.first_byte.get_or_insert_with(|| self.first_byte.with_label_values(&[account]));
            first_byte.observe(seconds(millis));
        }
        let Some(tokens) = entry.tokens else { return };
        let counts = [tokens.input, tokens.cached, tokens.output, tokens.reasoning];
        let labelled = |kind| self.tokens.with_label_values(&[account, kind]);
        let counters = series.tokens.get_or_insert_with(|| ["input", "cached", "output", "reasoning"].map(labelled));
        counters.iter().zip(counts).for_each(|(counter, count)| counter.inc_by(count));
        if let Some(cost) = entry.cost {
            series.cost.get_or_insert_with(|| self.cost.with_label_values(&[account])).inc_by(cost.as_usd());
        }
        if entry.is_unpriced {
            series.unpriced.get_or_insert_with(|| self.unpriced.with_label_values(&[account])).inc();
        }
    }

    fn collectors(&self) -> [Box<dyn Collector>; 6] {
        [
            Box::new(self.requests.clone()),
            Box::new(self.tokens.clone()),
            Box::new(self.cost.clone()),
            Box::new(self.unpriced.clone()),
            Box::new(self.duration.clone()),
            Box::new(self.first_byte.clone()),
        ]
    }
}

impl Accounts {
    /// The account's own name in the numbers, or that of all who come too late for one, and the series of that name.
    fn series<'l>(&mut self, label: &'l str) -> (&'l str, &mut Series) {
        let has_own = self.0.len() < MOST_LABELS || self.0.contains_key(label);
        let name = if has_own { label } else { OTHERS };
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Series::default());
        }
        (name, self.0.get_mut(name).expect("it was just added"))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a request of 285,000 years would lose a millisecond")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

impl Books {
    /// Everything in Prometheus' text format, of these accounts.
    ///
    /// # Errors
    ///
    /// A sentence, which no scrape has seen yet.
    pub(in crate::manager) fn metrics(&self, accounts: &[Gauged]) -> Result<String, String> {
        let written = || -> prometheus::Result<String> {
            let registry = Registry::new();
            for collector in self.metrics.collectors() {
                registry.register(collector)?;
            }
            gauges(&registry, accounts)?;
            let mut text = Vec::new();
            TextEncoder::new().encode(&registry.gather(), &mut text)?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        };
        written().map_err(|error| error.to_string())
    }
}

/// An account as the gauges show it.
pub(in crate::manager) struct Gauged {
    /// The name that no other account has.
    pub label: String,
    /// Whether its breaker is open.
    pub is_open: bool,
    /// How it stands.
    pub report: AccountReport,
}

fn gauges(registry: &Registry, accounts: &[Gauged]) -> prometheus::Result<()> {
    let state =
        IntGaugeVec::new(Opts::new("cam_account_state", "1 for the state an account is in."), &["account", "state"])?;
    let breaker = IntGaugeVec::new(
        Opts::new("cam_breaker_open", "1 while the breaker of an account or of its host is open."),
        &["account"],
    )?;
    let limited = GaugeVec::new(
        Opts::new("cam_rate_limit_reset_timestamp_seconds", "When a current rate limit ends."),
        &["account", "family", "model"],
    )?;
    let limit = GaugeVec::new(
        Opts::new("cam_spending_limit_usd", "The spending limits that are set."),
        &["account", "period"],
    )?;
    let spent = GaugeVec::new(
        Opts::new("cam_spent_usd", "USD spent in the current local day or month, by every process of this machine."),
        &["account", "period"],
    )?;
    for Gauged { label, is_open, report: account } in accounts {
        let label = label.as_str();
        state.with_label_values(&[label, account.state.name()]).set(1);
        breaker.with_label_values(&[label]).set(i64::from(*is_open));
        for (period, totals) in [("day", account.today), ("month", account.month)] {
            spent.with_label_values(&[label, period]).set(totals.cost.as_usd());
        }
        for rate in &account.rate_limits {
            let labels = [label, rate.family.as_str(), rate.model.as_deref().unwrap_or_default()];
            #[expect(clippy::cast_precision_loss, reason = "unix milliseconds fit a double for a long time")]
            limited.with_label_values(&labels).set(rate.reset_at.as_millis() as f64 / 1000.0);
        }
        for (period, usd) in [("day", account.daily_limit_usd), ("month", account.monthly_limit_usd)] {
            if let Some(usd) = usd {
                limit.with_label_values(&[label, period]).set(usd);
            }
        }
    }
    let gauges: [Box<dyn Collector>; 5] =
        [Box::new(state), Box::new(breaker), Box::new(limited), Box::new(limit), Box::new(spent)];
    gauges.into_iter().try_for_each(|gauge| registry.register(gauge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_that_are_renamed_without_end_share_one_name() {
        let mut accounts = Accounts::default();
        for number in 0..MOST_LABELS {
            let label = format!("account {number}");
            assert_eq!(accounts.series(&label).0, label);
        }
        assert_eq!(accounts.series("one more").0, OTHERS);
        assert_eq!(accounts.series("account 7").0, "account 7");
    }
}
