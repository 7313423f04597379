//! The keys: one table, which the screen looks keys up in, and which the help page and the README's table are made from.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks for while no dialog is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To the row above.
    Up,
    /// To the row below.
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
    /// To the view before.
    PreviousView,
    /// To the view of this number, 1 to 5.
    View(u8),
    /// Open the page of what is selected.
    Open,
    /// Back to where one came from.
    Back,
    /// Switch to the selected account.
    Switch,
    /// Take a pin back.
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
    /// Refresh.
    Refresh,
    /// Choose the strategy.
    Strategy,
    /// Filter the list.
    Filter,
    /// Hold the screen still, or let it go on.
    Hold,
    /// Copy.
    Copy,
    /// The help page.
    Help,
    /// By hour or day; by account or model; whatever the view can be arranged by.
    Arrange,
    /// Draw every cell anew.
    Repaint,
    /// Stop the process as the shell's Ctrl-Z.
    Suspend,
    /// End.
    Quit,
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
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

macro_rules! bindings {
    ($($shown:literal [$($key:expr, $with:expr);+] $action:expr, $says:literal;)*) => {
        &[$(Binding { keys: &[$(($key, $with)),+], action: $action, shown: $shown, says: $says }),*]
    };
}

/// Every key.
pub const BINDINGS: &[Binding] = bindings! {
    "↑ k" [KeyCode::Up, NONE; KeyCode::Char('k'), NONE] Action::Up, "the row above";
    "↓ j" [KeyCode::Down, NONE; KeyCode::Char('j'), NONE] Action::Down, "the row below";
    "q" [KeyCode::Char('q'), NONE; KeyCode::Char('c'), CONTROL] Action::Quit, "quit";
};

/// What `key` asks for.
pub fn action(key: KeyEvent) -> Option<Action> {
    let with = key.modifiers - KeyModifiers::SHIFT;
    let is_this = |(code, modifiers): &(KeyCode, KeyModifiers)| *code == key.code && *modifiers == with;
    BINDINGS.iter().find(|binding| binding.keys.iter().any(is_this)).map(|binding| binding.action)
}
