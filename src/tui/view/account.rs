//! Everything about one account: the page of its own, and the detail below the list where there is room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::account_set::may_use;
use super::accounts::sign;
use super::decisions;
use super::ink::Ink;
use super::theme::Role;
use super::widgets::bar::bar;
use super::widgets::page::Page;
use crate::domain::routing::eligibility::Reason;
use crate::domain::time::Timestamp;
use crate::protocol::accounts::Account;
use crate::protocol::routing::RoutingExplainResult;
use crate::wording::accounts::{credits, kind, metered, note, state, used};
use crate::wording::amounts::usd;
use crate::wording::routing::{SPENT_BUDGET, obstacle};
use crate::wording::time::span;
use crate::wording::{below_home, below_home_in};

/// So many of its last requests are shown.
const LAST: usize = 20;
/// So many requests are looked through for them.
const LOOKED_AT: usize = 1_000;

/// Draws the account with this id.
pub fn draw(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, id: &str, scroll: u16) {
    let mut page = Page::new(ink, area.width);
    match ink.known.account(id) {
        Some(account) => {
            facts(&mut page, ink, account);
            explained(&mut page, ink, account);
            last(&mut page, ink, id);
        }
        None => {
            page.sentence("This account was removed", Role::Strong);
            last(&mut page, ink, id);
        }
    }
    page.draw(buffer, area, scroll);
}

fn facts(page: &mut Page<'_, '_>, ink: &Ink<'_>, account: &Account) {
    page.section(&format!("Account {}: {}", account.index, account.label));
    let pinned = ink.known.accounts.iter().flat_map(|now| &now.pins).filter(|pin| pin.account == account.id);
    let mut standing = vec![sign(ink, account.state), Span::raw(" "), ink.span(state(account.state), Role::Strong)];
    for pin in pinned {
        let family = pin.family.as_ref().map(|family| format!(" for {family}")).unwrap_or_default();
        standing.push(ink.separator());
        standing.push(ink.span(&format!("pinned{family}"), Role::Accent));
    }
    if account.active {
        standing.push(ink.separator());
        standing.push(ink.span("the active account", Role::Text));
    }
    page.line("state", standing);
    page.optional("why", Some(note(account, ink.now)));
    let identity = [Some(kind(account.kind).to_owned()), account.plan.clone(), account.email.clone()];
    page.optional("kind", Some(identity.into_iter().flatten().collect::<Vec<_>>().join(", ")));
    for window in &account.quota {
        quota(page, ink, (&format!("{} quota", window.name), ""), window.used_percent, window.reset_at);
    }
    for window in &account.meters {
        quota(page, ink, ("meter", &format!("of {} ", metered(window))), window.used_percent, window.reset_at);
    }
    page.optional("credits", account.credits.as_ref().and_then(credits));
    page.optional("today", Some(used(&account.usage.today, account.limits.daily_usd)));
    page.optional("this month", Some(used(&account.usage.month, account.limits.monthly_usd)));
    limit(page, ink, "daily limit", account.usage.today.cost_usd, account.limits.daily_usd);
    limit(page, ink, "monthly limit", account.usage.month.cost_usd, account.limits.monthly_usd);
    for limit in &account.rate_limits {
        let which = limit.model.as_ref().unwrap_or(&limit.family);
        let which = if which == "*" { "every model" } else { which };
        page.optional("limited", Some(format!("{which} {}", until(ink, limit.reset_at))));
    }
    page.optional("groups", (!account.groups.is_empty()).then(|| account.groups.join(", ")));
    page.optional("models", (!account.models.is_empty()).then(|| account.models.join(", ")));
    page.optional("priority", (account.priority != 0).then(|| account.priority.to_string()));
    page.optional("base URL", account.base_url.clone());
    let sessions: Vec<String> = account.sessions.iter().map(|used| decisions::session(ink.known, &used.id)).collect();
    page.optional("used by", (!sessions.is_empty()).then(|| sessions.join(", ")));
    let ends = account.access_expires_at.map(Timestamp).filter(|at| *at > ink.now);
    page.optional(
        "token",
        ends.map(|at| format!("expires in {}; it is refreshed before that", span(at.since(ink.now)))),
    );
    page.optional("last used", account.last_used_at.map(|at| ago(ink, Timestamp(at))));
    page.optional("id", Some(account.id.clone()));
}

/// `for 12 min, until 12:12`
fn until(ink: &Ink<'_>, at: i64) -> String {
    let at = Timestamp(at);
    format!("for {}, until {}", span(at.since(ink.now)), ink.clock_of(at))
}

/// `2 min ago`
pub fn ago(ink: &Ink<'_>, at: Timestamp) -> String {
    let passed = ink.now.since(at);
    if passed.as_secs() == 0 { "now".to_owned() } else { format!("{} ago", span(passed)) }
}

fn quota(page: &mut Page<'_, '_>, ink: &Ink<'_>, (name, of): (&str, &str), percent: f64, reset_at: i64) {
    let at = Timestamp(reset_at);
    let resets = format!("resets in {} ({})", span(at.since(ink.now)), ink.clock_of(at));
    metered_line(page, ink, name, percent, &format!("{:.0} % {of}used, {resets}", percent.floor()));
}

/// ` 100 % used, resets in 6 days 23 h (12-01 17:21)`, beside which every bar of a page has the same length: only then can
/// one be compared with another.
const WORDS: usize = 48;
const LONGEST_BAR: usize = 24;
const SHORTEST_BAR: usize = 5;

/// A bar where there is room, and what it stands for in words.
fn metered_line(page: &mut Page<'_, '_>, ink: &Ink<'_>, name: &str, percent: f64, words: &str) {
    let words = super::text::clean(words, ink.theme).into_owned();
    let width = page.value_width().saturating_sub(WORDS).min(LONGEST_BAR);
    let is_room = width >= SHORTEST_BAR && width + 1 + super::text::width(&words) <= page.value_width();
    let Some(width) = u16::try_from(width).ok().filter(|_| is_room) else {
        return page.field(name, &words);
    };
    let [full, empty] = bar(percent, width, ink.theme);
    page.line(name, vec![full, empty, Span::raw(format!(" {words}"))]);
}

/// What was spent of a limit.
fn limit(page: &mut Page<'_, '_>, ink: &Ink<'_>, name: &str, spent: f64, limit: Option<f64>) {
    if let Some(limit) = limit {
        let percent = if limit > 0.0 { spent / limit * 100.0 } else { 100.0 };
        let words = format!("{} of {} ({:.0} %)", usd(spent), usd(limit), percent.floor());
        metered_line(page, ink, name, percent, &words);
    }
}

/// Which account a request would get now, and why not this one.
fn explained(page: &mut Page<'_, '_>, ink: &Ink<'_>, account: &Account) {
    if ink.app.pages.explained.is_none() && ink.app.pages.open.is_none() {
        return;
    }
    page.section(&format!("Which account a new request gets now{}", place(ink)));
    match &ink.app.pages.explained {
        None => page.sentence("Asking…", Role::Faint),
        Some((_, Err(problem))) => {
            page.sentence(&problem.text, Role::Bad);
            if let Some(hint) = &problem.hint {
                page.sentence(&format!("hint: {hint}"), Role::Faint);
            }
        }
        Some((_, Ok(result))) => answer(page, ink, account, result),
    }
}

/// ` in ~/work`, where what may be used there is narrowed: elsewhere a new request gets another account.
fn place(ink: &Ink<'_>) -> String {
    let is_narrowed = matches!(&ink.app.pages.explained, Some((_, Ok(result))) if result.account_set.is_some());
    let folder = ink.app.folder.as_deref().filter(|_| is_narrowed);
    folder.map(|folder| format!(" in {}", below_home(folder, ink.look.home.as_deref()))).unwrap_or_default()
}

fn answer(page: &mut Page<'_, '_>, ink: &Ink<'_>, account: &Account, result: &RoutingExplainResult) {
    if let Some(set) = &result.account_set {
        may_use(page, ink, set);
    }
    let chosen = match (&result.chosen, result.available_at) {
        (Some(chosen), _) if *chosen == account.id => format!("{}, this one", account.label),
        (Some(chosen), _) => ink.known.label(chosen).into_owned(),
        (None, Some(at)) => format!("none; the first can serve again in {}", span(Timestamp(at).since(ink.now))),
        (None, None) => "none".to_owned(),
    };
    page.field("chosen", &format!("{chosen} (by `{}`)", result.strategy));
    let spent = ink.app.pages.spent.as_ref();
    page.optional("budget", spent.map(|spent| below_home_in(spent, ink.look.home.as_deref())));
    for candidate in &result.candidates {
        let label = ink.known.label(&candidate.account);
        let reason = |reason: &String| match reason.as_str() {
            over if spent.is_some() && over == Reason::OverLimit.name() => SPENT_BUDGET.to_owned(),
            other => obstacle(other),
        };
        let reasons: Vec<String> = candidate.reasons.iter().map(reason).collect();
        let standing = if candidate.eligible { "can serve".to_owned() } else { reasons.join(", ") };
        let score = candidate.score.map(|score| format!("; score {score:.2}")).unwrap_or_default();
        let role = if candidate.account == account.id { Role::Strong } else { Role::Text };
        let sign = if candidate.eligible { ink.theme.pick("✓", "+") } else { ink.theme.pick("×", "x") };
        let is_allowed = !candidate.reasons.iter().any(|reason| reason == Reason::NotAllowed.name());
        let (good, role) = match (candidate.eligible, is_allowed) {
            (true, _) => (Role::Good, role),
            (false, true) => (Role::Warning, role),
            (false, false) => (Role::Faint, Role::Faint),
        };
        let words = format!(" {label}: {standing}{score}");
        let room = page.width().saturating_sub(1);
        let words = super::text::cut(&words, usize::from(room), ink.theme).into_owned();
        page.row(Line::from(vec![ink.span(sign, good), ink.span(&words, role)]));
    }
}

fn last(page: &mut Page<'_, '_>, ink: &Ink<'_>, id: &str) {
    let newest = ink.known.decisions.newest_first().take(LOOKED_AT);
    let of_it = |attempts: &[crate::tui::app::known::decision::Attempt]| attempts.iter().any(|one| *one.account == *id);
    let found: Vec<_> = newest.filter(|decision| of_it(&decision.attempts)).take(LAST).collect();
    if found.is_empty() {
        return;
    }
    page.section("Its last requests");
    for decision in found {
        page.row(decisions::line(ink, decision, page.width()));
    }
}
