//! Every key, in the order of the help page; of those that are hinted at, the most wanted first.

use crossterm::event::{KeyCode, KeyModifiers};

use super::Group::{Act, Move, Screen};
use super::Place::{Page, View};
use super::{Action, Binding, Place};
use crate::tui::tab::Tab;

const ANYWHERE: &[Place] = &[];
const VIEWS: &[Place] =
    &[View(Tab::Accounts), View(Tab::Sessions), View(Tab::Decisions), View(Tab::Usage), View(Tab::Upcoming)];
/// Where an account can be selected.
const ACCOUNT: &[Place] = &[View(Tab::Accounts), Page(Tab::Accounts)];
/// Where something can be switched.
const SWITCHABLE: &[Place] = &[View(Tab::Accounts), Page(Tab::Accounts), View(Tab::Sessions), Page(Tab::Sessions)];
/// Where a row has a page and nothing to switch.
const READABLE: &[Place] = &[View(Tab::Decisions), View(Tab::Usage), View(Tab::Upcoming)];
type Key = (KeyCode, KeyModifiers);

const fn letter(letter: char) -> Key {
    (KeyCode::Char(letter), KeyModifiers::NONE)
}

const fn control(letter: char) -> Key {
    (KeyCode::Char(letter), KeyModifiers::CONTROL)
}

const fn key(code: KeyCode) -> Key {
    (code, KeyModifiers::NONE)
}

macro_rules! bindings {
    ($($group:ident $shown:literal [$($key:expr),+] $places:ident $action:expr, $brief:literal, $says:literal;)*) => {
        &[$(Binding {
            keys: &[$($key),+],
            action: $action,
            shown: $shown,
            says: $says,
            brief: $brief,
            places: $places,
            group: $group,
        }),*]
    };
}

/// Every key.
pub const BINDINGS: &[Binding] = bindings! {
    Act "Enter" [key(KeyCode::Enter)] SWITCHABLE Action::Switch, "switch",
        "switch to the account: everywhere or in one session; in the sessions, choose the session's account";
    Move "Enter o" [key(KeyCode::Enter), letter('o')] READABLE Action::Open, "open", "open the page of what is selected";
    Move "o →" [letter('o'), key(KeyCode::Right)] SWITCHABLE Action::Open, "open", "open the page of what is selected";
    Move "Esc" [key(KeyCode::Esc)] ANYWHERE Action::Back, "", "back, or dismiss the message at the bottom";
    Act "u" [letter('u')] SWITCHABLE Action::Unpin, "unpin", "remove a pin: the strategy chooses again";
    Act "e" [letter('e')] ACCOUNT Action::Edit, "edit", "change the account's label, priority, limits, models or key";
    Act "d" [letter('d')] ACCOUNT Action::Disable, "disable", "disable the account, or enable it again";
    Act "x" [letter('x'), key(KeyCode::Delete)] ACCOUNT Action::Remove, "remove", "remove the account (asks)";
    Act "a" [letter('a'), key(KeyCode::Insert)] ANYWHERE Action::Add, "add key", "add an API key";
    Act "l" [letter('l')] ANYWHERE Action::LogIn, "log in", "add a ChatGPT login, by browser or by device code";
    Act "r" [letter('r')] ANYWHERE Action::Refresh, "refresh", "refresh tokens and quota of every ChatGPT login";
    Act "R" [letter('R')] ACCOUNT Action::RefreshOne, "", "refresh the selected ChatGPT login alone";
    Act "s" [letter('s')] ANYWHERE Action::Strategy, "strategy", "choose the strategy: everywhere or in one session";
    Screen "/" [letter('/')] VIEWS Action::Filter, "filter", "show the rows that contain every word you type; Esc shows all";
    Screen "v" [letter('v')] ANYWHERE Action::Arrange, "arrange", "sort the list; in the usage, by hour or day, account or model";
    Screen "p" [letter('p')] ANYWHERE Action::Hold, "pause", "pause the screen, or continue";
    Screen "y" [letter('y')] ANYWHERE Action::Copy, "copy", "copy an id, a label or an address";
    Screen "m" [letter('m')] ANYWHERE Action::Messages, "messages", "the last messages";
    Screen "? F1" [letter('?'), key(KeyCode::F(1))] ANYWHERE Action::Help, "help", "every key; Enter runs the selected one";
    Screen "q Ctrl-C" [letter('q'), control('c')] ANYWHERE Action::Quit, "quit", "quit";
    Move "↑ k" [key(KeyCode::Up), letter('k')] ANYWHERE Action::Up, "", "the previous row";
    Move "↓ j" [key(KeyCode::Down), letter('j')] ANYWHERE Action::Down, "", "the next row";
    Move "PgUp" [key(KeyCode::PageUp), control('b')] ANYWHERE Action::PageUp, "", "a page up";
    Move "PgDn" [key(KeyCode::PageDown), control('f')] ANYWHERE Action::PageDown, "", "a page down";
    Move "Home g" [key(KeyCode::Home), letter('g')] ANYWHERE Action::First, "", "the first row";
    Move "End G" [key(KeyCode::End), letter('G')] ANYWHERE Action::Last, "", "the last row";
    Move "Tab" [key(KeyCode::Tab)] ANYWHERE Action::NextView, "", "the next view";
    Move "Shift-Tab" [key(KeyCode::BackTab)] ANYWHERE Action::PreviousView, "", "the previous view";
    Move "1" [letter('1')] ANYWHERE Action::View(1), "", "the accounts";
    Move "2" [letter('2')] ANYWHERE Action::View(2), "", "the sessions";
    Move "3" [letter('3')] ANYWHERE Action::View(3), "", "the decisions";
    Move "4" [letter('4')] ANYWHERE Action::View(4), "", "the usage over time";
    Move "5" [letter('5')] ANYWHERE Action::View(5), "", "what comes next";
    Screen "Ctrl-L" [control('l')] ANYWHERE Action::Repaint, "", "redraw the screen";
    Screen "Ctrl-Z" [control('z')] ANYWHERE Action::Suspend, "", "suspend; `fg` continues";
};
