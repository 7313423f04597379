//! What keys do to the views.

use crate::tui::app::App;
use crate::tui::app::pages::Page;
use crate::tui::effect::Effect;
use crate::tui::event::Event;
use crate::tui::fact::{Fact, News};
use crate::tui::keys::Action;
use crate::tui::tab::Tab;
use crate::tui::testing::NOW;
use crate::tui::testing::facts::{account, attempt, file, full, knowing, news, selected};

fn turned(app: &mut App, actions: &[Action]) -> Vec<Effect> {
    actions.iter().flat_map(|action| app.turn(*action).unwrap_or_default()).collect()
}

fn report(app: &mut App, reports: Vec<News>) {
    app.update(Event::Fact(Fact::News(reports)), NOW);
}

#[test]
fn keys_lead_from_view_to_view() {
    use Action::{NextView, PreviousView, View};
    for (actions, tab) in [
        (vec![], Tab::Accounts),
        (vec![View(3)], Tab::Decisions),
        (vec![NextView], Tab::Sessions),
        (vec![PreviousView], Tab::Upcoming),
        (vec![PreviousView, NextView], Tab::Accounts),
        (vec![View(5), NextView], Tab::Accounts),
        (vec![View(9)], Tab::Accounts),
        (vec![View(0)], Tab::Accounts),
    ] {
        let mut app = full();
        turned(&mut app, &actions);
        assert_eq!(app.tab, tab, "{actions:?}");
    }
}

#[test]
fn keys_move_the_selection() {
    use Action::{Down, First, Last, PageDown, PageUp, Up};
    for (actions, selected) in [
        (vec![], 1),
        (vec![Down], 2),
        (vec![Down, Down, Up], 2),
        (vec![Up], 1),
        (vec![Last], 9),
        (vec![Last, Down], 9),
        (vec![Last, First], 1),
        (vec![PageDown], 9),
        (vec![PageDown, PageUp], 1),
    ] {
        let mut app = full();
        turned(&mut app, &actions);
        assert_eq!(app.account().map(|account| account.index), Some(selected), "{actions:?}");
    }
}

#[test]
fn the_selected_account_stays_when_others_come_go_and_move() {
    let accounts = |order: &[usize]| file(order.iter().map(|index| account(*index, &format!("a{index}"))).collect());
    let mut app = knowing(vec![accounts(&[1, 2, 3])]);
    turned(&mut app, &[Action::Down]);
    for (order, selected) in [(vec![9, 3, 2, 1], 2), (vec![2], 2), (vec![3, 1], 1), (vec![2, 3], 2)] {
        app.update(Event::Fact(accounts(&order)), NOW);
        assert_eq!(app.account().map(|account| account.index), Some(selected), "{order:?}");
    }
}

#[test]
fn the_newest_request_is_followed_until_one_moves_away() {
    let mut app = full();
    app.show(Tab::Decisions);
    let newest = |app: &App| app.selected_decision().map(|decision| decision.request.to_string());
    report(&mut app, vec![news("s", "new-1", 0, selected(1, 1, "sticky"))]);
    assert_eq!(newest(&app).as_deref(), Some("new-1"));
    turned(&mut app, &[Action::Down]);
    let held = newest(&app);
    report(&mut app, vec![news("s", "new-2", 0, selected(1, 1, "sticky"))]);
    assert_eq!(newest(&app), held);
    turned(&mut app, &[Action::First]);
    report(&mut app, vec![news("s", "new-3", 0, selected(1, 1, "sticky"))]);
    assert_eq!(newest(&app).as_deref(), Some("new-3"));
    turned(&mut app, &[Action::Down, Action::Down, Action::Back]);
    report(&mut app, vec![news("s", "new-4", 0, selected(1, 1, "sticky"))]);
    assert_eq!(newest(&app).as_deref(), Some("new-4"));
}

#[test]
fn a_page_opens_over_its_view_and_closes() {
    for (tab, page) in [
        (Tab::Accounts, Some(Page::Account("acct-1".to_owned()))),
        (Tab::Sessions, Some(Page::Session("s-nvim".to_owned()))),
        (Tab::Decisions, Some(Page::Decision("req-6".to_owned()))),
        (Tab::Usage, Some(Page::Account("acct-1".to_owned()))),
        (Tab::Upcoming, Some(Page::Account("acct-3".to_owned()))),
    ] {
        let mut app = full();
        app.show(tab);
        let effects = turned(&mut app, &[Action::Open]);
        let is_account = matches!(page, Some(Page::Account(_)));
        assert_eq!(effects.iter().any(|effect| matches!(effect, Effect::Explain(_))), is_account, "{tab:?}");
        assert_eq!(app.pages.open, page, "{tab:?}");
        app.back();
        assert_eq!((&app.pages.open, app.tab), (&None, tab));
    }
}

#[test]
fn a_page_scrolls_and_the_list_below_it_stays() {
    let mut app = full();
    turned(&mut app, &[Action::Down, Action::Open, Action::Down, Action::Down]);
    assert_eq!(app.pages.scroll, 2);
    turned(&mut app, &[Action::Up, Action::Up, Action::Up]);
    assert_eq!(app.pages.scroll, 0);
    app.back();
    assert_eq!(app.account().map(|account| account.index), Some(2));
}

#[test]
fn a_paused_screen_continues_with_the_present_state() {
    let mut app = full();
    app.show(Tab::Decisions);
    let count = |app: &App| app.listed().len();
    let before = count(&app);
    turned(&mut app, &[Action::Hold]);
    report(&mut app, vec![news("s", "new", 0, selected(1, 1, "sticky"))]);
    assert_eq!(count(&app), before);
    turned(&mut app, &[Action::Hold]);
    assert_eq!(count(&app), before + 1);
}

#[test]
fn accounts_are_sorted_by_turns() {
    let first = |app: &App| app.id_of(app.listed()[0]);
    let mut app = full();
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(first(&app).unwrap_or_default());
        turned(&mut app, &[Action::Arrange]);
    }
    assert_eq!(seen, ["acct-1", "acct-7", "acct-3", "acct-9"]);
    assert_eq!(first(&app).as_deref(), Some("acct-1"));
}

#[test]
fn earlier_requests_are_asked_for_once_at_the_end_of_the_list() {
    let rows = |range: std::ops::Range<i64>| range.map(|row| attempt(row, &format!("r{row}"), 1, 1, 200)).collect();
    let mut app = knowing(vec![Fact::Attempts(rows(500..600))]);
    app.show(Tab::Decisions);
    assert!(turned(&mut app, &[Action::Down]).is_empty(), "the end is far");
    assert!(matches!(turned(&mut app, &[Action::Last])[..], [Effect::ReadEarlier(500)]));
    assert!(turned(&mut app, &[Action::Last]).is_empty(), "they are on their way");
    app.update(Event::Fact(Fact::Earlier { rows: rows(450..500), is_all: false }), NOW);
    assert!(matches!(turned(&mut app, &[Action::Last])[..], [Effect::ReadEarlier(450)]));
    app.update(Event::Fact(Fact::Earlier { rows: vec![], is_all: true }), NOW);
    assert!(turned(&mut app, &[Action::Last]).is_empty(), "there are no more");
    assert_eq!(app.listed().len(), 150);
}

#[test]
fn a_filter_leaves_what_has_its_words() {
    let mut app = full();
    for (tab, filter, count) in [
        (Tab::Accounts, "LIMIT", 2),
        (Tab::Accounts, "pro ready", 1),
        (Tab::Sessions, "4711", 1),
        (Tab::Sessions, "neovim", 1),
        (Tab::Decisions, "failover", 2),
        (Tab::Decisions, "team 200", 3),
        (Tab::Decisions, "running", 1),
        (Tab::Upcoming, "week", 2),
        (Tab::Usage, "team", 1),
    ] {
        app.show(tab);
        app.filters.typing = Some(crate::tui::app::line::Line::of(filter));
        app.filters.follow(tab);
        app.filters.typing = None;
        assert_eq!(app.listed().len(), count, "{tab:?} {filter}");
    }
}

#[test]
fn an_account_that_is_removed_keeps_its_name_in_what_it_did() {
    let mut app = full();
    let (id, label) = app.account().map(|account| (account.id.clone(), account.label.clone())).unwrap();
    let mut now = app.known.accounts.clone().unwrap();
    now.accounts.retain(|account| account.id != id);
    app.update(Event::Fact(Fact::Accounts(now)), NOW);
    assert_eq!(app.known.label(&id), format!("{label} (removed)"));
}
