//! Counts each usage once: a background response, a batch or a run is reported by every poll, and counts
//! once; what is stored and read again was counted when it was made.

use super::{Tier, Tokens, Used};

/// What an answer reports of its use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// How much; `None` where it does not say so.
    pub used: Option<Used>,
    /// At which of its prices.
    pub tier: Tier,
    /// The model that answered, as it calls itself.
    pub model: Option<String>,
    /// What it is of.
    pub subject: Subject,
}

/// What an answer is of, as far as it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its `object`.
    pub object: Option<String>,
    /// Its id.
    pub id: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// Whether it is a response that goes on without its client.
    pub background: bool,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asks {
    /// Something new: what the answer reports is what it took.
    #[default]
    ForNew,
    /// Something that was asked for before: polls, cancellations, stored answers.
    ForKnown,
    /// Nothing whose answer reports a use.
    ForOther,
}

impl Asks {
    /// What a request with this method and path, which begins with `/v1/`, is about.
    pub fn of(method: &str, path: &str) -> Asks {
        let mut collection = "";
        let names_member = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .any(|segment| POLLED.contains(&std::mem::replace(&mut collection, segment)) && !MAKING.contains(&segment));
        match method {
            "GET" | "POST" if names_member => Asks::ForKnown,
            "POST" => Asks::ForNew,
            _ => Asks::ForOther,
        }
    }
}

/// The collections whose members report a use when they are read.
const POLLED: [&str; 4] = ["responses", "completions", "batches", "runs"];

/// Segments behind them that are no members.
const MAKING: [&str; 2] = ["compact", "input_tokens"];

/// What a report means for the sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counting {
    /// It is new.
    Now,
    /// It is that of the thing with this id, and new unless it was counted before.
    Once(String),
    /// It is that of the thing with this id, and new only if that was asked for here and has not been counted.
    IfDue(String),
    /// The thing with this id will report its use later.
    Later(String),
    /// There is nothing to count.
    Nothing,
}

/// Objects that every poll reports the use of.
const TRACKED: [&str; 2] = ["batch", "thread.run"];

/// The states of something that goes on: what it reports is not all.
const UNFINISHED: [&str; 7] =
    ["queued", "in_progress", "validating", "finalizing", "cancelling", "requires_action", "running"];

impl Bill {
    /// Whether it is counted, of an answer to a request that asks for `asks`. `is_stored` when the upstream keeps what it
    /// made, so that it can be read again.
    pub fn counting(&self, asks: Asks, is_stored: bool) -> Counting {
        let Subject { object, id, status, background } = &self.subject;
        let object = object.as_deref().unwrap_or_default();
        let is_tracked = *background || TRACKED.contains(&object);
        let is_finished = !status.as_deref().is_some_and(|status| UNFINISHED.contains(&status));
        let id = id.clone().filter(|id| !id.is_empty());
        match (asks, id, self.used) {
            (Asks::ForNew, None, Some(_)) => Counting::Now,
            (Asks::ForNew, Some(_), Some(_)) if !is_tracked => Counting::Now,
            (Asks::ForNew | Asks::ForKnown, Some(id), Some(_)) if is_tracked && is_finished => Counting::Once(id),
            (Asks::ForKnown, Some(id), Some(_)) if is_finished => Counting::IfDue(id),
            (Asks::ForNew, Some(id), _) if is_tracked || (is_stored && is_read_again(object)) => Counting::Later(id),
            (Asks::ForNew | Asks::ForKnown | Asks::ForOther, ..) => Counting::Nothing,
        }
    }

    /// Takes in an estimate of how much it is, where it does not say so. What goes on without its client says so at its end.
    pub fn estimate(&mut self, tokens: Tokens) {
        if self.used.is_none() && !self.subject.background {
            self.used = Some(tokens.into());
        }
    }

    /// Whether it is known of which object and which model it is.
    pub fn is_named(&self) -> bool {
        let names = [&self.model, &self.subject.object, &self.subject.id];
        names.into_iter().all(|name| name.as_ref().is_some_and(|name| !name.is_empty()))
    }

    /// The tier it is charged at.
    pub fn charged_tier(&self) -> Tier {
        if self.subject.object.as_deref() == Some("batch") { Tier::Batch } else { self.tier }
    }
}

/// Whether an object that is stored reports its use when it is read again. A stream says which one it is by its events.
fn is_read_again(object: &str) -> bool {
    matches!(object, "response" | "chat.completion" | "chat.completion.chunk")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::usage::Tokens;

    #[test]
    fn a_request_asks_for_something_new_or_for_something_known() {
        for (method, path, asks) in [
            ("POST", "/v1/responses", Asks::ForNew),
            ("POST", "/v1/responses/compact", Asks::ForNew),
            ("POST", "/v1/chat/completions", Asks::ForNew),
            ("POST", "/v1/completions", Asks::ForNew),
            ("POST", "/v1/embeddings", Asks::ForNew),
            ("POST", "/v1/images/generations", Asks::ForNew),
            ("POST", "/v1/audio/transcriptions", Asks::ForNew),
            ("POST", "/v1/batches", Asks::ForNew),
            ("POST", "/v1/threads/thread_1/runs", Asks::ForNew),
            ("POST", "/v1/threads/runs", Asks::ForNew),
            ("GET", "/v1/responses/resp_1", Asks::ForKnown),
            ("POST", "/v1/responses/resp_1/cancel", Asks::ForKnown),
            ("GET", "/v1/chat/completions/chatcmpl-1", Asks::ForKnown),
            ("POST", "/v1/chat/completions/chatcmpl-1", Asks::ForKnown),
            ("GET", "/v1/batches/batch_1", Asks::ForKnown),
            ("POST", "/v1/batches/batch_1/cancel", Asks::ForKnown),
            ("GET", "/v1/threads/thread_1/runs/run_1", Asks::ForKnown),
            ("POST", "/v1/threads/thread_1/runs/run_1/submit_tool_outputs", Asks::ForKnown),
            ("GET", "/v1/batches", Asks::ForOther),
            ("GET", "/v1/models", Asks::ForOther),
            ("DELETE", "/v1/responses/resp_1", Asks::ForOther),
        ] {
            assert_eq!(Asks::of(method, path), asks, "{method} {path}");
        }
    }

    #[test]
    fn what_is_reported_again_counts_once_and_what_was_counted_never() {
        let id = || "id".to_owned();
        let now = || Counting::Now;
        let once = || Counting::Once(id());
        let due = || Counting::IfDue(id());
        let later = || Counting::Later(id());
        let none = || Counting::Nothing;
        // Of an object with a status, in the background or not, that reports its use or not: asked for as new, and as known.
        for (object, status, background, reports, new, known) in [
            ("response", "completed", false, true, now(), due()),
            ("response", "incomplete", false, true, now(), due()),
            ("response", "failed", false, true, now(), due()),
            ("response", "in_progress", false, false, later(), none()),
            ("response", "queued", true, false, later(), none()),
            ("response", "in_progress", true, true, later(), none()),
            ("response", "completed", true, true, once(), once()),
            ("response", "cancelled", true, true, once(), once()),
            ("response", "failed", true, false, later(), none()),
            ("response.compaction", "", false, true, now(), due()),
            ("chat.completion", "", false, true, now(), due()),
            ("chat.completion.chunk", "", false, false, later(), none()),
            ("batch", "validating", false, false, later(), none()),
            ("batch", "in_progress", false, true, later(), none()),
            ("batch", "completed", false, true, once(), once()),
            ("batch", "expired", false, true, once(), once()),
            ("thread.run", "queued", false, false, later(), none()),
            ("thread.run", "completed", false, true, once(), once()),
            ("file", "processed", false, false, none(), none()),
            ("list", "", false, true, now(), due()),
        ] {
            let used = reports.then(|| Used::from(Tokens { input: 1, ..Tokens::default() }));
            let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let subject = Subject { object: text(object), id: Some(id()), status: text(status), background };
            let bill = Bill { used, subject, ..Bill::default() };
            let is = format!("{object} {status} {background} {reports}");
            assert_eq!(bill.counting(Asks::ForNew, true), new, "{is}");
            assert_eq!(bill.counting(Asks::ForKnown, true), known, "{is}, known");
            assert_eq!(bill.counting(Asks::ForOther, true), Counting::Nothing, "{is}, other");
        }
    }

    #[test]
    fn an_estimate_counts_at_once_and_never_with_a_report() {
        let estimate = Tokens { input: 9, ..Tokens::default() };
        let reported = Tokens { input: 1, ..Tokens::default() };
        let id = Some("id".to_owned());
        for (object, background, reports, expected) in [
            ("response", false, None, (Some(estimate), Counting::Now)),
            ("response", false, Some(reported), (Some(reported), Counting::Now)),
            ("response", true, None, (None, Counting::Later("id".to_owned()))),
            ("chat.completion.chunk", false, None, (Some(estimate), Counting::Now)),
            ("text_completion", false, None, (Some(estimate), Counting::Now)),
        ] {
            let subject = Subject { object: Some(object.to_owned()), id: id.clone(), status: None, background };
            let mut bill = Bill { used: reports.map(Used::from), subject, ..Bill::default() };
            bill.estimate(estimate);
            let found = (bill.used.map(|used| used.tokens), bill.counting(Asks::ForNew, true));
            assert_eq!(found, expected, "{object} {background} {reports:?}");
        }
    }

    #[test]
    fn without_an_id_only_what_is_new_counts() {
        let used = Some(Used::from(Tokens { input: 1, ..Tokens::default() }));
        let bill = Bill { used, ..Bill::default() };
        assert_eq!(bill.counting(Asks::ForNew, false), Counting::Now);
        assert_eq!(bill.counting(Asks::ForKnown, false), Counting::Nothing);
        assert_eq!(Bill::default().counting(Asks::ForNew, true), Counting::Nothing);
    }

    #[test]
    fn a_batch_is_charged_as_one_whatever_tier_it_names() {
        let of = |object: &str, tier| {
            let subject = Subject { object: Some(object.to_owned()), ..Subject::default() };
            Bill { tier, subject, ..Bill::default() }.charged_tier()
        };
        assert_eq!(of("batch", Tier::Standard), Tier::Batch);
        assert_eq!(of("response", Tier::Flex), Tier::Flex);
    }
}
