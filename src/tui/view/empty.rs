//! Text in the place of an empty list: the reason, and what to do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::ink::Ink;
use super::text;
use super::theme::Role;
use super::widgets::table::put;
use crate::tui::app::known::Notice;
use crate::tui::fact::{LedgerState, Problem};
use crate::tui::tab::Tab;

/// A sentence and how much it matters.
type Sentence = (String, Role);

fn say(text: impl Into<String>, role: Role) -> Sentence {
    (text.into(), role)
}

fn hint(problem: &Problem) -> Option<Sentence> {
    problem.hint.as_ref().map(|hint| say(format!("hint: {hint}"), Role::Faint))
}

fn no_ledger(problem: &Problem) -> impl Iterator<Item = Sentence> {
    let what = say(format!("The ledger cannot be read: {}", problem.text), Role::Bad);
    std::iter::once(what).chain(hint(problem))
}

/// No account is shown.
pub fn accounts(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>) {
    let known = ink.known;
    let mut lines = Vec::new();
    match (&known.accounts, &known.accounts_problem) {
        (None, None) => lines.push(say("Reading the accounts file…", Role::Faint)),
        (None, Some(problem)) => {
            lines.push(say("The accounts file cannot be read", Role::Bad));
            lines.push(say(problem.text.clone(), Role::Text));
            lines.extend(hint(problem));
        }
        (Some(now), _) if !now.accounts.is_empty() => return nothing_passes(buffer, area, ink),
        (Some(now), _) => {
            lines.push(say("There is no account yet", Role::Strong));
            lines.push(say("Press a to add an API key, or l to log in to ChatGPT.", Role::Text));
            lines.push(say(
                "In a shell: `codex-account-manager add LABEL`, or `codex-account-manager login`.",
                Role::Text,
            ));
            lines.push(say("`codex-account-manager import --codex` imports a login of Codex.", Role::Faint));
            let file = if now.is_there { "The file is" } else { "There is no file at" };
            lines.push(say(format!("{file} {}.", now.path), Role::Faint));
        }
    }
    draw(buffer, area, ink, &lines);
}

/// What is wrong with the accounts that are shown, above them.
pub fn notice(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>) {
    let Some(notice) = ink.known.notice() else { return };
    let (lead, problem) = match notice {
        Notice::Unreadable(problem) => ("The accounts as they were last read: ", problem),
        Notice::Locked(problem) => ("Locked: ", problem),
    };
    let hint = problem.hint.as_ref().map(|hint| say(format!("hint: {hint}"), Role::Text));
    let sentences: Vec<Sentence> =
        std::iter::once(say(format!("! {lead}{}", problem.text), Role::Bad)).chain(hint).collect();
    let lines = wrapped(&sentences, area.width, ink);
    for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
        put(buffer, area, (area.x, y), line, area.width);
    }
}

/// No session is shown.
pub fn sessions(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>) {
    let Some(sessions) = &ink.known.sessions else {
        return draw(buffer, area, ink, &[say("Looking for sessions…", Role::Faint)]);
    };
    if !sessions.is_empty() {
        return nothing_passes(buffer, area, ink);
    }
    let lines = [
        say("No session is alive", Role::Strong),
        say("A session is a sidecar of an editor or agent, a command under `run`, or a `proxy`.", Role::Text),
        say("Start one in another terminal: `codex-account-manager run -- opencode`.", Role::Text),
        say("It is shown here within a second.", Role::Faint),
    ];
    draw(buffer, area, ink, &lines);
}

/// No request is shown.
pub fn decisions(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>) {
    let known = ink.known;
    if !known.decisions.is_empty() && ink.app.tab == Tab::Decisions {
        return nothing_passes(buffer, area, ink);
    }
    let mut lines = Vec::new();
    match &known.ledger {
        LedgerState::Unknown => lines.push(say("Reading the ledger…", Role::Faint)),
        LedgerState::Failed(problem) => {
            lines.extend(no_ledger(problem));
            lines.push(say("What sessions report from now on is shown here.", Role::Faint));
        }
        LedgerState::Missing | LedgerState::Open => {
            lines.push(say("No request was made yet", Role::Strong));
            lines.push(say("Each one appears here as it is routed, with its account and why.", Role::Text));
            lines.push(say("See it move: `codex-account-manager demo --watch`.", Role::Faint));
        }
    }
    draw(buffer, area, ink, &lines);
}

/// Nothing was used.
pub fn usage(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>) {
    let mut lines = Vec::new();
    match &ink.known.ledger {
        LedgerState::Unknown => lines.push(say("Reading the ledger…", Role::Faint)),
        LedgerState::Failed(problem) => {
            lines.extend(no_ledger(problem));
        }
        LedgerState::Missing => {
            lines.push(say("Nothing was used on this machine yet", Role::Strong));
            lines.push(say("The ledger begins with the first request.", Role::Text));
        }
        LedgerState::Open if ink.app.filter().is_empty() => {
            lines.push(say("Nothing was used in this period", Role::Strong));
        }
        LedgerState::Open => return nothing_passes(buffer, area, ink),
    }
    draw(buffer, area, ink, &lines);
}

/// Nothing comes.
pub fn next(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>) {
    if !ink.app.filter().is_empty() {
        return nothing_passes(buffer, area, ink);
    }
    let lines = [
        say("Nothing is due", Role::Strong),
        say(
            "Resets of limits and quotas, ends of cooldowns and tokens, and spending limits that are nearly reached are listed here.",
            Role::Text,
        ),
    ];
    draw(buffer, area, ink, &lines);
}

fn nothing_passes(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>) {
    let filter = ink.app.filter();
    let lines = [say(format!("No row contains `{filter}`"), Role::Strong), say("Esc shows all again.", Role::Faint)];
    draw(buffer, area, ink, &lines);
}

/// Draws sentences one below the other, as many as fit, a little down from the top where there is room.
pub fn draw(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, sentences: &[Sentence]) {
    let margin = if area.width >= 40 { 2 } else { 0 };
    let width = area.width.saturating_sub(margin * 2);
    let lines = wrapped(sentences, width, ink);
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let down = (area.height.saturating_sub(count) / 3).min(3);
    for (line, y) in lines.iter().zip(area.y + down..area.bottom()) {
        put(buffer, area, (area.x + margin, y), line, width);
    }
}

fn wrapped(sentences: &[Sentence], width: u16, ink: &Ink<'_>) -> Vec<Line<'static>> {
    let lines = sentences.iter().flat_map(|(sentence, role)| {
        let lines = text::wrap(sentence, usize::from(width), ink.theme);
        lines.into_iter().map(|line| Line::styled(line, ink.theme.style(*role)))
    });
    lines.collect()
}
