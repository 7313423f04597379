//! The quota that one answer of the backend reports, in each of its three forms: headers, the stream event
//! `codex.rate_limits`, the usage document. It says something of the plan, of meters, of credits, or of several.

use std::collections::BTreeSet;

use serde_json::Value;

use super::credits::Credits;
use super::meter::{self, Meter};
use super::{Quota, window};
use crate::domain::time::Timestamp;

/// No plan has a longer name.
const LONGEST_PLAN: usize = 64;

/// So many meters of one answer are read.
pub(super) const MOST_METERS: usize = 16;

/// What one answer reports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuotaReport {
    /// The plan's own windows; `None` when it says nothing of them.
    pub quota: Option<Quota>,
    /// The meters of single models.
    pub meters: Vec<Meter>,
    /// The credits.
    pub credits: Option<Credits>,
    /// The plan.
    pub plan: Option<String>,
    /// Whether that is all there is: what it does not name is not there.
    pub is_whole: bool,
}

impl QuotaReport {
    /// As the headers of an answer to a request for `model` report it; `names` are those of all its headers, in lower
    /// case. `None` when they report nothing. An answer that a model's meter counted has that meter's windows in the
    /// place of the plan's.
    pub fn from_headers<'n, 'h>(
        names: impl Iterator<Item = &'n str>,
        header: &dyn Fn(&str) -> Option<&'h str>,
        model: Option<&str>,
        now: Timestamp,
    ) -> Option<QuotaReport> {
        let active = meter::active(header);
        let found: BTreeSet<String> = names.filter_map(meter::of_header).chain(active.clone()).collect();
        let of_meter = |name: String| {
            let is_active = active.as_ref() == Some(&name);
            let meter = Meter::from_headers(name, header, now)?;
            let counted = model.filter(|_| is_active).map(str::to_owned);
            Some(Meter { model: counted.or(meter.model), ..meter })
        };
        let windows = if active.is_none() { window::from_headers("x-codex", header, now) } else { Vec::new() };
        QuotaReport {
            quota: Quota::if_any(windows),
            meters: found.into_iter().filter_map(of_meter).take(MOST_METERS).collect(),
            credits: Credits::from_headers(header),
            plan: plan(header("x-codex-plan-type")),
            is_whole: false,
        }
        .if_any()
    }

    /// As the event `codex.rate_limits` reports it. `None` when it reports nothing.
    pub fn from_event(event: &Value, now: Timestamp) -> Option<QuotaReport> {
        let limits = event.get("rate_limits").unwrap_or(&Value::Null);
        let quota = Quota::if_any(window::from_limits(limits, ["primary", "secondary"], now));
        let credits = event.get("credits").filter(|credits| credits.is_object()).or_else(|| limits.get("credits"));
        let (quota, meters) = match meter_of_event(event) {
            None => (quota, Vec::new()),
            Some(name) => {
                let model = text(event, "limit_name").and_then(meter::model_of);
                (None, quota.map(|quota| Meter { name, model, quota }).into_iter().collect())
            }
        };
        let credits = credits.and_then(Credits::from_json);
        QuotaReport { quota, meters, credits, plan: plan(text(event, "plan_type")), is_whole: false }.if_any()
    }

    /// As the usage document reports it. `None` when it is none. A plan that is paid by what is used has no windows.
    pub fn from_usage(usage: &Value, now: Timestamp) -> Option<QuotaReport> {
        let slots = ["primary_window", "secondary_window"];
        let limits = usage.get("rate_limit").or_else(|| usage.get("plan_type").and(Some(&Value::Null)))?;
        let quota = match limits {
            Value::Null => Quota::default(),
            limits @ Value::Object(_) => Quota::of(window::from_limits(limits, slots, now)),
            _ => return None,
        };
        let additional = usage.get("additional_rate_limits").and_then(Value::as_array).into_iter().flatten();
        let of_meter = |limit: &Value| {
            let label = text(limit, "limit_name");
            let name = text(limit, "metered_feature").or(text(limit, "metered_limit_name")).or(label)?;
            let quota = Quota::if_any(window::from_limits(limit.get("rate_limit")?, slots, now))?;
            Some(Meter { name: meter::named(name)?, model: label.and_then(meter::model_of), quota })
        };
        let credits = usage.get("credits").and_then(Credits::from_json).map(|credits| Credits {
            overage_limit_reached: Some(credits.overage_limit_reached.unwrap_or_default()),
            spend_control_reached: Some(usage.pointer("/spend_control/reached") == Some(&Value::Bool(true))),
            ..credits
        });
        Some(QuotaReport {
            quota: Some(quota),
            meters: additional.filter_map(of_meter).take(MOST_METERS).collect(),
            credits,
            plan: plan(text(usage, "plan_type")),
            is_whole: true,
        })
    }

    fn if_any(self) -> Option<QuotaReport> {
        (self.quota.is_some() || !self.meters.is_empty() || self.credits.is_some()).then_some(self)
    }
}

/// The meter that an event `codex.rate_limits` is about; `None` for the plan.
pub fn meter_of_event(event: &Value) -> Option<String> {
    meter::named(text(event, "metered_limit_name").or(text(event, "limit_name"))?)
}

/// Whether an event `codex.rate_limits` reports that the limit which it is about is reached.
pub fn is_reached(event: &Value) -> bool {
    let limits = event.get("rate_limits").unwrap_or(&Value::Null);
    let is_full = |slot: &str| limits[slot]["used_percent"].as_f64().is_some_and(|used| used >= 100.0);
    limits["limit_reached"] == true || ["primary", "secondary"].into_iter().any(is_full)
}

fn text<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    object.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}

fn plan(plan: Option<&str>) -> Option<String> {
    plan.filter(|plan| !plan.is_empty() && plan.len() <= LONGEST_PLAN && !plan.contains(char::is_control))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests;
