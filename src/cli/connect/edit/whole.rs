//! A part of ours between two marks, at the end of what a shell reads; and files that are ours from their first line on.

use serde_json::Value;

use super::{Document, EditError, Step};

const BEGIN: &str = "# >>> codex-account-manager >>>";
const END: &str = "# <<< codex-account-manager <<<";

/// A text with a part of ours, or without one.
pub struct Part {
    before: String,
    ours: Option<String>,
    after: String,
}

impl Part {
    pub fn read(text: &str) -> Result<Part, EditError> {
        let Some(begin) = text.find(BEGIN) else {
            return Ok(Part { before: text.to_owned(), ours: None, after: String::new() });
        };
        let line = text[..begin].matches('\n').count() + 1;
        let inside = text[begin..].find('\n').map(|at| begin + at + 1);
        let end = inside.and_then(|inside| text[inside..].find(END).map(|at| (inside, inside + at)));
        let Some((inside, end)) = end else {
            return Err(EditError::Malformed { line, why: format!("`{BEGIN}` has no `{END}`") });
        };
        let behind = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        Ok(Part {
            before: text[..begin].to_owned(),
            ours: Some(text[inside..end].replace("\r\n", "\n")),
            after: text[behind..].to_owned(),
        })
    }
}

impl Document for Part {
    fn value(&self, place: &[Step]) -> Option<Value> {
        if place.is_empty() { self.ours.clone().map(Value::String) } else { None }
    }

    fn put(&mut self, _: &[Step], value: &Value) -> Result<(), EditError> {
        self.ours = value.as_str().map(str::to_owned);
        Ok(())
    }

    fn take(&mut self, _: &[Step]) {
        self.ours = None;
    }

    fn text(&self) -> String {
        let Part { before, ours, after } = self;
        let Some(ours) = ours else { return format!("{before}{after}") };
        let end = if before.contains("\r\n") { "\r\n" } else { "\n" };
        let apart = if before.is_empty() || before.ends_with('\n') { "" } else { end };
        format!("{before}{apart}{}{after}", format!("{BEGIN}\n{ours}{END}\n").replace('\n', end))
    }
}

/// A file that is ours.
pub struct Whole(Option<String>);

impl Whole {
    pub fn read(text: &str) -> Whole {
        Whole((!text.is_empty()).then(|| text.to_owned()))
    }
}

impl Document for Whole {
    fn value(&self, place: &[Step]) -> Option<Value> {
        if place.is_empty() { self.0.clone().map(Value::String) } else { None }
    }

    fn put(&mut self, _: &[Step], value: &Value) -> Result<(), EditError> {
        self.0 = value.as_str().map(str::to_owned);
        Ok(())
    }

    fn take(&mut self, _: &[Step]) {
        self.0 = None;
    }

    fn text(&self) -> String {
        self.0.clone().unwrap_or_default()
    }
}
