//! The keys: one table, which the screen looks keys up in, and which the help page, the hints at the bottom and the
//! README's table are made from.

mod layout;
mod pressed;
mod table;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::tab::Tab;
pub use pressed::pressed;
pub use table::BINDINGS;

/// What a key asks for while no dialog is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To the previous row.
    Up,
    /// To the next row.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// To the next view.
    NextView,
    /// To the previous view.
    PreviousView,
    /// To the view of this number, 1 to 5.
    View(u8),
    /// Open the page of what is selected.
    Open,
    /// Back to where one came from.
    Back,
    /// Switch to the selected account.
    Switch,
    /// Remove a pin.
    Unpin,
    /// Change the selected account.
    Edit,
    /// Disable the selected account, or enable it.
    Disable,
    /// Remove the selected account.
    Remove,
    /// Add a key.
    Add,
    /// Log in.
    LogIn,
    /// Refresh every login.
    Refresh,
    /// Refresh the selected account.
    RefreshOne,
    /// Choose the strategy.
    Strategy,
    /// Filter the list.
    Filter,
    /// Hold the screen still, or let it go on.
    Hold,
    /// Copy.
    Copy,
    /// The messages that were shown.
    Messages,
    /// The help page.
    Help,
    /// By hour or day; by account or model; whatever the view can be arranged by.
    Arrange,
    /// Redraw every cell.
    Repaint,
    /// Stop the process as the shell's Ctrl-Z.
    Suspend,
    /// End.
    Quit,
}

impl Action {
    /// Whether a key that is kept pressed does it again and again.
    fn repeats(self) -> bool {
        use Action::{Down, NextView, PageDown, PageUp, PreviousView, Up};
        matches!(self, Up | Down | PageUp | PageDown | NextView | PreviousView)
    }

    /// Whether it is of no use before there is an account.
    fn needs_account(self) -> bool {
        use Action::{Arrange, Disable, Edit, Filter, Open, Refresh, RefreshOne, Remove, Switch, Unpin};
        matches!(self, Switch | Unpin | Open | Edit | Disable | Remove | Refresh | RefreshOne | Filter | Arrange)
    }
}

/// Where a key may be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A view.
    View(Tab),
    /// The page of one row of a view.
    Page(Tab),
}

/// Keys that belong together on the help page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Moving about.
    Move,
    /// Verbs.
    Act,
    /// What is shown, and the screen itself.
    Screen,
}

impl Group {
    /// In the order of the help page.
    pub const ALL: [Group; 3] = [Group::Move, Group::Act, Group::Screen];

    /// The name that people use.
    pub fn title(self) -> &'static str {
        match self {
            Group::Move => "Moving",
            Group::Act => "Acting",
            Group::Screen => "The screen",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The keys, any of which does it.
    pub keys: &'static [(KeyCode, KeyModifiers)],
    /// What it does.
    pub action: Action,
    /// The keys as people read them.
    pub shown: &'static str,
    /// What it does, in words.
    pub says: &'static str,
    /// The same in one or two words, for the hints at the bottom; empty for what is not hinted at.
    pub brief: &'static str,
    /// Where it holds; everywhere if empty.
    pub places: &'static [Place],
    /// What it belongs to.
    pub group: Group,
}

impl Binding {
    /// Whether it holds at `place`.
    pub fn holds(&self, place: Place) -> bool {
        self.places.is_empty() || self.places.contains(&place)
    }

    /// Where it holds, in words.
    pub fn where_it_works(&self) -> String {
        let all = Tab::ALL.iter().all(|tab| self.holds(Place::View(*tab)));
        let on_a_page = Tab::ALL.iter().any(|tab| self.holds(Place::Page(*tab)));
        let views = Tab::ALL.into_iter().filter(|tab| self.holds(Place::View(*tab)));
        let views: Vec<String> = views.map(|tab| tab.name().to_lowercase()).collect();
        match (all, on_a_page) {
            (true, true) => "everywhere".to_owned(),
            (true, false) => "views".to_owned(),
            (false, _) => views.join(", "),
        }
    }

    /// The keys as people read them, in ASCII where the terminal shows no more.
    pub fn shown(&self, is_unicode: bool) -> String {
        if is_unicode {
            return self.shown.to_owned();
        }
        [("↑", "Up"), ("↓", "Down"), ("←", "Left"), ("→", "Right")]
            .iter()
            .fold(self.shown.to_owned(), |shown, (arrow, word)| shown.replace(arrow, word))
    }
}

/// What `key` asks for at `place`.
pub fn action(key: KeyEvent, place: Place) -> Option<Action> {
    let key = pressed(key)?;
    let with = key.modifiers - KeyModifiers::SHIFT;
    let find =
        |code: KeyCode| BINDINGS.iter().find(|binding| binding.holds(place) && binding.keys.contains(&(code, with)));
    let binding = find(key.code).or_else(|| match key.code {
        // By its place on the keyboard, then as with Caps Lock off.
        KeyCode::Char(letter) => find(KeyCode::Char(layout::latin(letter)))
            .or_else(|| find(KeyCode::Char(layout::latin(letter).to_ascii_lowercase()))),
        _ => None,
    })?;
    (key.kind != KeyEventKind::Repeat || binding.action.repeats()).then_some(binding.action)
}

/// The letter that was typed, as a Latin keyboard has it in lower case; `None` for what is no letter or comes with Ctrl or
/// Alt.
pub fn letter(key: KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Char(letter) if key.modifiers.is_empty() => Some(layout::latin(letter).to_ascii_lowercase()),
        _ => None,
    }
}

/// The bindings that the bottom of the screen hints at, the most wanted first.
pub fn hints(place: Place, has_accounts: bool) -> impl Iterator<Item = &'static Binding> {
    let hinted = BINDINGS.iter().filter(move |binding| !binding.brief.is_empty() && binding.holds(place));
    hinted.filter(move |binding| has_accounts || !binding.action.needs_account())
}

#[cfg(test)]
mod tests;
