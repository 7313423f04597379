//! Messages at the bottom of the screen: one message at a time, each long enough to be read.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::tui::fact::Problem;

/// So many are kept to be read again.
const KEPT: usize = 100;

/// How long a result stays.
const RESULT_STAYS: Duration = Duration::from_secs(6);

/// How long it stays while others wait behind it.
const RESULT_STAYS_AT_LEAST: Duration = Duration::from_secs(2);

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What was asked for was done. It goes by itself.
    Done,
    /// Something to look at. It stays until it is dismissed.
    Warning,
    /// What was asked for was not done. It stays until it is dismissed.
    Error,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How much it matters.
    pub level: Level,
    /// One sentence.
    pub text: String,
    /// What to do.
    pub hint: Option<String>,
    /// When it came up.
    pub at: Timestamp,
    /// How many times it came up in a row.
    pub times: usize,
}

impl Message {
    /// As it is read, with the word for its level.
    pub fn words(&self) -> String {
        let word = match self.level {
            Level::Done => "",
            Level::Warning => "Warning: ",
            Level::Error => "Error: ",
        };
        let times = if self.times > 1 { format!(" ({} times)", self.times) } else { String::new() };
        format!("{word}{}{times}", self.text)
    }

    fn of(level: Level, problem: Problem, now: Timestamp) -> Message {
        Message { level, text: problem.text, hint: problem.hint, at: now, times: 1 }
    }
}

/// The messages.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    waiting: VecDeque<Message>,
    /// Since when the first of those is shown.
    since: Option<Timestamp>,
    kept: VecDeque<Message>,
}

impl Messages {
    /// The one that is shown now.
    pub fn current(&self) -> Option<&Message> {
        self.waiting.front()
    }

    /// How many are to come after it.
    pub fn further(&self) -> usize {
        self.waiting.len().saturating_sub(1)
    }

    /// The last ones, the newest last.
    pub fn kept(&self) -> impl DoubleEndedIterator<Item = &Message> + ExactSizeIterator {
        self.kept.iter()
    }

    /// Something was done.
    pub fn done(&mut self, text: impl Into<String>, now: Timestamp) {
        self.add(Level::Done, Problem { text: text.into(), hint: None }, now);
    }

    /// Something is to be looked at.
    pub fn warn(&mut self, text: impl Into<String>, now: Timestamp) {
        self.add(Level::Warning, Problem { text: text.into(), hint: None }, now);
    }

    /// Something was not done.
    pub fn fail(&mut self, problem: Problem, now: Timestamp) {
        self.add(Level::Error, problem, now);
    }

    /// Something was not done, and is read elsewhere on the screen: it is kept to be read again.
    pub fn note(&mut self, problem: Problem, now: Timestamp) {
        self.keep(&Message::of(Level::Error, problem, now));
    }

    fn add(&mut self, level: Level, problem: Problem, now: Timestamp) {
        let message = Message::of(level, problem, now);
        self.keep(&message);
        again_or_new(&mut self.waiting, &message);
        // A flood is read on the page of messages; what is shown stays.
        if self.waiting.len() > KEPT {
            self.waiting.remove(1);
        }
        self.since.get_or_insert(now);
        if self.waiting.len() == 1 && self.waiting[0].times > 1 {
            self.since = Some(now);
        }
    }

    fn keep(&mut self, message: &Message) {
        again_or_new(&mut self.kept, message);
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
    }

    /// Lets a result go that was shown long enough; whether anything changed.
    pub fn fade(&mut self, now: Timestamp) -> bool {
        let (Some(first), Some(since)) = (self.waiting.front(), self.since) else { return false };
        let stays = if self.waiting.len() > 1 { RESULT_STAYS_AT_LEAST } else { RESULT_STAYS };
        // A clock that was set back must not keep it for ever.
        let is_over = now < since.before(RESULT_STAYS) || now >= since.after(stays);
        let is_gone = first.level == Level::Done && is_over;
        if is_gone {
            self.dismiss(now);
        }
        is_gone
    }

    /// Takes away the one that is shown; whether it was one that waits for that. A result goes by itself, and whoever
    /// presses a key meanwhile means something else.
    pub fn dismiss(&mut self, now: Timestamp) -> bool {
        let dismissed = self.waiting.pop_front();
        self.since = (!self.waiting.is_empty()).then_some(now);
        dismissed.is_some_and(|message| message.level != Level::Done)
    }
}

/// Counts a message that repeats the last one, else puts it behind.
fn again_or_new(messages: &mut VecDeque<Message>, message: &Message) {
    match messages.back_mut() {
        Some(last) if (last.level, &last.text, &last.hint) == (message.level, &message.text, &message.hint) => {
            last.times += 1;
            last.at = message.at;
        }
        _ => messages.push_back(message.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: i64) -> Timestamp {
        Timestamp(number * 1000)
    }

    fn shown(messages: &Messages) -> Option<&str> {
        messages.current().map(|message| message.text.as_str())
    }

    #[test]
    fn a_result_goes_by_itself_and_sooner_when_others_wait() {
        let mut messages = Messages::default();
        messages.done("one", second(0));
        assert!(!messages.fade(second(5)));
        assert!(messages.fade(second(6)));
        assert_eq!(shown(&messages), None);
        messages.done("two", second(10));
        messages.done("three", second(10));
        assert!(messages.fade(second(12)));
        assert_eq!(shown(&messages), Some("three"));
        assert!(!messages.fade(second(17)), "it was shown since the twelfth second");
        assert!(messages.fade(second(18)));
    }

    #[test]
    fn an_error_stays_until_it_is_dismissed_and_nothing_pushes_it_out() {
        let mut messages = Messages::default();
        messages.fail(Problem { text: "no".into(), hint: Some("do".into()) }, second(0));
        for number in 0..200 {
            messages.done(format!("result {number}"), second(number));
        }
        assert!(!messages.fade(second(1000)));
        assert_eq!(shown(&messages), Some("no"));
        assert_eq!(messages.kept().len(), KEPT);
        assert!(messages.dismiss(second(1000)));
        assert_eq!(shown(&messages), Some("result 101"));
    }

    #[test]
    fn what_repeats_is_counted() {
        let mut messages = Messages::default();
        messages.warn("again", second(0));
        messages.warn("again", second(1));
        assert_eq!((messages.current().map(|message| message.times), messages.further()), (Some(2), 0));
        assert_eq!(messages.kept().len(), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_no_result_for_ever() {
        let mut messages = Messages::default();
        messages.done("one", second(1000));
        assert!(messages.fade(second(10)));
    }
}
