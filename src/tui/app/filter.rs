//! The filter of each view: the words that every row shown contains.

use super::Tab;
use super::line::Line;

/// The filters, and the line in which one is typed.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    texts: [String; Tab::ALL.len()],
    /// The line, while it is open.
    pub typing: Option<Line>,
}

impl Filters {
    /// The filter of this view; empty if there is none.
    pub fn text(&self, tab: Tab) -> &str {
        &self.texts[tab as usize]
    }

    /// Whether a row with these texts is shown by this view: every word is in one of them, whatever its case.
    pub fn admits<'a>(&self, tab: Tab, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let filter = self.text(tab);
        if filter.trim().is_empty() {
            return true;
        }
        let texts: Vec<String> = texts.into_iter().map(str::to_lowercase).collect();
        filter.to_lowercase().split_whitespace().all(|word| texts.iter().any(|text| text.contains(word)))
    }

    /// Opens the line.
    pub fn open(&mut self, tab: Tab) {
        self.typing = Some(Line::of(self.text(tab)));
    }

    /// Takes over what the line says now.
    pub fn follow(&mut self, tab: Tab) {
        if let Some(line) = &self.typing {
            line.text().clone_into(&mut self.texts[tab as usize]);
        }
    }

    /// Shows every row of the view again, and closes the line.
    pub fn clear(&mut self, tab: Tab) {
        self.texts[tab as usize].clear();
        self.typing = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_shown_that_contains_every_word() {
        let mut filters = Filters::default();
        assert!(filters.admits(Tab::Accounts, ["work"]));
        filters.typing = Some(Line::of("LIM wor"));
        filters.follow(Tab::Accounts);
        assert!(filters.admits(Tab::Accounts, ["Work", "rate limited"]));
        assert!(!filters.admits(Tab::Accounts, ["Work", "ready"]));
        assert!(filters.admits(Tab::Sessions, ["another view"]));
        filters.clear(Tab::Accounts);
        assert!(filters.admits(Tab::Accounts, ["Work", "ready"]));
    }
}
