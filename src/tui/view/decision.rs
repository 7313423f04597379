//! Everything about one request: what happened in sentences, and its numbers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::decisions::{end, session};
use super::ink::Ink;
use super::theme::Role;
use super::widgets::page::Page;
use crate::domain::usage::PurseKind;
use crate::tui::app::known::decision::Decision;
use crate::tui::app::known::explanation::explanation;
use crate::wording::{account_set, below_home, below_home_in};

/// Draws the request with this id as a page.
pub fn draw(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, id: &str, scroll: u16) {
    let mut page = Page::new(ink, area.width);
    match ink.known.decisions.find(id) {
        Some(decision) => {
            facts(&mut page, ink, decision);
            story(&mut page, ink, decision);
        }
        None => page.sentence("This request is no longer stored", Role::Strong),
    }
    page.draw(buffer, area, scroll);
}

/// Draws what happened to a request, beside or below the list.
pub fn draw_detail(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, decision: &Decision) {
    let mut page = Page::new(ink, area.width);
    story(&mut page, ink, decision);
    if area.height >= 16 {
        facts(&mut page, ink, decision);
    }
    page.draw(buffer, area, 0);
}

fn story(page: &mut Page<'_, '_>, ink: &Ink<'_>, decision: &Decision) {
    page.section("What happened");
    for sentence in explanation(ink.known, decision, ink.now) {
        page.sentence(&sentence, Role::Text);
    }
}

/// Whose work it is and what that may use, as its session stands now, and what it was counted for.
fn belongs_to(page: &mut Page<'_, '_>, ink: &Ink<'_>, decision: &Decision) {
    let home = ink.look.home.as_deref();
    if let Some(session) = ink.known.session(&decision.session) {
        page.optional("folder", session.folder.as_ref().map(|folder| below_home(folder, home)));
        let set = session.account_set.as_ref().map(|set| below_home_in(&account_set::set(set), home));
        page.optional("may use", set);
    }
    for project in decision.paid_from(PurseKind::Project) {
        page.field("project", project);
    }
    for key in decision.paid_from(PurseKind::Key) {
        page.field("key", key);
    }
}

fn facts(page: &mut Page<'_, '_>, ink: &Ink<'_>, decision: &Decision) {
    page.section(&format!("Request {}", decision.request));
    page.field("at", &ink.look.clock.spelled(decision.at));
    page.line("status", end(ink, decision).spans);
    page.field("session", &session(ink.known, &decision.session));
    belongs_to(page, ink, decision);
    page.field("model", decision.model.as_deref().unwrap_or("none named"));
    if !decision.family.is_empty() && decision.model.as_deref() != Some(&decision.family) {
        page.field("family", &decision.family);
    }
    if let Some(endpoint) = &decision.endpoint {
        page.field("path", endpoint);
    }
    let last = decision.attempts.last().map(|attempt| attempt.number);
    for attempt in &decision.attempts {
        let label = ink.known.label(&attempt.account);
        let result = match &attempt.result {
            Some(result) if result.status == 0 => "no answer".to_owned(),
            Some(result) => result.status.to_string(),
            None if last != Some(attempt.number) => "did not serve".to_owned(),
            None if decision.is_over() => "the last".to_owned(),
            None => "under way".to_owned(),
        };
        page.field(&format!("attempt {}", attempt.number), &format!("{label}: {result}"));
    }
}
