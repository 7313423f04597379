//! The sessions that are alive: what each is, how long it is up, and which account it uses for which models.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::account::ago;
use super::account_set::may_use;
use super::ink::Ink;
use super::theme::Role;
use super::widgets::page::Page;
use super::widgets::table::{self, Column};
use super::{decisions, empty};
use crate::domain::time::Timestamp;
use crate::protocol::status::Session;
use crate::tui::fact::Link;
use crate::wording;
use crate::wording::time::brief;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Program,
    Folder,
    Kind,
    Process,
    Port,
    Since,
    Uses,
    Set,
    Pins,
    Rate,
    Start,
    Link,
    Id,
}

/// At its second mention a column gets all the room it can use.
const IMPORTANCE: [Key; 14] = [
    Key::Program,
    Key::Process,
    Key::Uses,
    Key::Since,
    Key::Rate,
    Key::Link,
    Key::Kind,
    Key::Uses,
    Key::Folder,
    Key::Pins,
    Key::Port,
    Key::Folder,
    Key::Start,
    Key::Id,
];

/// The same where something narrows a session: its folder tells it from others, and decides what it may use.
const IMPORTANCE_OF_SETS: [Key; 16] = [
    Key::Program,
    Key::Uses,
    Key::Folder,
    Key::Set,
    Key::Since,
    Key::Link,
    Key::Rate,
    Key::Folder,
    Key::Process,
    Key::Kind,
    Key::Uses,
    Key::Set,
    Key::Pins,
    Key::Port,
    Key::Start,
    Key::Id,
];

const COLUMNS: [Column<Key>; 13] = [
    Column::new(Key::Program, "PROGRAM", 10, 18),
    Column::new(Key::Kind, "KIND", 7, 7),
    Column::number(Key::Process, "PID", 7, 7),
    Column::number(Key::Port, "PORT", 5, 5),
    Column::number(Key::Since, "UP", 4, 4),
    Column::number(Key::Rate, "/MIN", 4, 4),
    Column::new(Key::Uses, "USES", 12, 30),
    Column::new(Key::Set, "MAY USE", 8, 20),
    Column::new(Key::Pins, "PINNED TO", 12, 24),
    Column::new(Key::Folder, "FOLDER", 14, 30),
    Column::new(Key::Start, "STARTED ON", 12, 16),
    Column::new(Key::Link, "NEWS", 8, 8),
    Column::new(Key::Id, "ID", 12, 36),
];

/// So many of its last requests are shown.
const LAST: usize = 30;
/// So many requests are looked through for them.
const LOOKED_AT: usize = 1_000;

/// Draws the list.
pub fn draw(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, listed: &[usize]) {
    if listed.is_empty() {
        return empty::sessions(buffer, area, ink);
    }
    let sessions = ink.known.sessions();
    let has_sets = sessions.iter().any(|session| session.account_set.is_some());
    let importance: &[Key] = if has_sets { &IMPORTANCE_OF_SETS } else { &IMPORTANCE };
    let columns = table::fit(&COLUMNS, importance, area.width);
    table::list(buffer, area, ink, &columns, listed, |row, key, width| Some(cell(ink, sessions.get(row)?, key, width)));
}

fn cell(ink: &Ink<'_>, session: &Session, key: Key, width: u16) -> Line<'static> {
    match key {
        Key::Program => Line::from(ink.cut(session.program.as_deref().unwrap_or("-"), width)),
        Key::Folder => Line::from(ink.cut(&folder(ink, session).unwrap_or_else(|| "-".to_owned()), width)),
        Key::Pins => match wording::pins::of_session(session, ink.known.accounts()) {
            Some(pins) => Line::from(Span::styled(ink.cut(&pins, width).content, ink.theme.style(Role::Accent))),
            None => Line::from(ink.span("-", Role::Faint)),
        },
        Key::Set => match &session.account_set {
            Some(set) => Line::from(ink.cut(&set.name, width)),
            None => Line::from(ink.span("all", Role::Faint)),
        },
        Key::Rate => Line::raw(session.requests_per_minute.to_string()),
        Key::Kind => Line::raw(wording::session_kind(session.kind)),
        Key::Process => Line::raw(session.pid.to_string()),
        Key::Port => Line::from(ink.span(&session.port.to_string(), Role::Faint)),
        Key::Since => Line::raw(brief(ink.now.since(Timestamp(session.started_at)))),
        Key::Uses => Line::from(ink.cut(&uses(ink, session), width)),
        Key::Start => Line::from(ink.cut(&start(session), width)),
        Key::Link => link(ink, session),
        Key::Id => Line::from(Span::styled(ink.cut(&session.id, width).content, ink.theme.style(Role::Faint))),
    }
}

/// `work`, or `gpt-5.2: work, o3: team key` where families differ.
fn uses(ink: &Ink<'_>, session: &Session) -> String {
    let mut accounts = session.accounts.values();
    let first = accounts.next();
    match first {
        None => "-".to_owned(),
        Some(first) if accounts.all(|other| other == first) => ink.known.label(first).into_owned(),
        Some(_) => {
            let each = session.accounts.iter().map(|(family, id)| format!("{family}: {}", ink.known.label(id)));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

fn folder(ink: &Ink<'_>, session: &Session) -> Option<String> {
    session.folder.as_ref().map(|folder| wording::below_home(folder, ink.look.home.as_deref()))
}

fn start(session: &Session) -> String {
    session.start_account.as_ref().map_or_else(|| "-".to_owned(), |account| account.label.clone())
}

/// Whether what it reports arrives here.
fn link(ink: &Ink<'_>, session: &Session) -> Line<'static> {
    let (unicode, ascii, role, word) = match ink.known.links.get(&session.id) {
        Some(Link::Open) => ("✓", "+", Role::Good, "live"),
        Some(Link::Closed(_)) => ("×", "x", Role::Warning, "ledger"),
        None => ("…", ".", Role::Faint, "joining"),
    };
    Line::from(vec![Span::styled(ink.theme.pick(unicode, ascii), ink.theme.style(role)), Span::raw(format!(" {word}"))])
}

/// Draws everything about one session.
pub fn draw_page(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, id: &str, scroll: u16) {
    let mut page = Page::new(ink, area.width);
    match ink.known.session(id) {
        Some(session) => facts(&mut page, ink, session),
        None => page.sentence("This session has ended", Role::Strong),
    }
    let newest = ink.known.decisions.newest_first().take(LOOKED_AT);
    let found: Vec<_> = newest.filter(|decision| *decision.session == *id).take(LAST).collect();
    if !found.is_empty() {
        page.section("Its last requests");
    }
    for decision in found {
        page.row(decisions::line(ink, decision, page.width()));
    }
    page.draw(buffer, area, scroll);
}

fn facts(page: &mut Page<'_, '_>, ink: &Ink<'_>, session: &Session) {
    page.section(&format!("Session {}", session.id));
    if let Some(program) = &session.program {
        page.field("program", program);
    }
    if let Some(folder) = folder(ink, session) {
        page.field("folder", &folder);
    }
    page.field("kind", wording::session_kind(session.kind));
    page.field("process", &session.pid.to_string());
    page.field("base URL", &format!("http://127.0.0.1:{}/v1", session.port));
    let since = Timestamp(session.started_at);
    page.field("started", &format!("{}, {}", ink.look.clock.spelled(since), ago(ink, since)));
    page.field("started on", &start(session));
    for (family, account) in &session.accounts {
        page.field("uses", &format!("{} for {family}", ink.known.label(account)));
    }
    if let Some(set) = &session.account_set {
        may_use(page, ink, set);
    }
    if let Some(pins) = wording::pins::of_session(session, ink.known.accounts()) {
        page.field("pinned to", &pins);
    }
    page.field("requests", &format!("{} a minute", session.requests_per_minute));
    let news = match ink.known.links.get(&session.id) {
        Some(Link::Open) => "its events are shown as they happen".to_owned(),
        Some(Link::Closed(why)) => format!("{why}; its past is shown from the ledger"),
        None => "reading its events".to_owned(),
    };
    page.field("news", &news);
}
