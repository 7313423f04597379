//! The filter of each view: the words that every row shown contains.

use super::Tab;
use super::line::Line;
use super::pages::filter::Filter;

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

    /// The filter of this view, to be asked about many rows.
    pub fn of(&self, tab: Tab) -> Filter {
        Filter::of(self.text(tab))
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
        let admits = |filters: &Filters, tab: Tab, texts: [&'static str; 2]| filters.of(tab).admits(texts);
        assert!(admits(&filters, Tab::Accounts, ["work", ""]));
        filters.typing = Some(Line::of("LIM wor"));
        filters.follow(Tab::Accounts);
        assert!(admits(&filters, Tab::Accounts, ["Work", "rate limited"]));
        assert!(!admits(&filters, Tab::Accounts, ["Work", "ready"]));
        assert!(admits(&filters, Tab::Sessions, ["another", "view"]));
        filters.clear(Tab::Accounts);
        assert!(admits(&filters, Tab::Accounts, ["Work", "ready"]));
    }
}
