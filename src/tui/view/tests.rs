//! Every screen at every size.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::domain::account::AccountId;
use crate::domain::usage::Purse;
use crate::protocol::routing::{RoutingCandidate, RoutingExplainResult};
use crate::protocol::status::Session;
use crate::protocol::usage::AccountUsage;
use crate::tui::app::App;
use crate::tui::app::known::decisions::MOST;
use crate::tui::app::pages::Page;
use crate::tui::app::pages::arrangement::{Arrangement, By, Span};
use crate::tui::event::Event;
use crate::tui::fact::{AccountsNow, AttemptRow, Fact, LedgerState, Problem, Question};
use crate::tui::tab::Tab;
use crate::tui::testing::NOW;
use crate::tui::testing::facts::{account, attempt, file, full, household, knowing, sessions, set_of_work, usage};
use crate::tui::testing::screen::{at, check, drawn, look, rows};
use crate::tui::view;

fn showing(tab: Tab) -> App {
    let mut app = full();
    app.show(tab);
    app
}

fn problem(text: &str, hint: &str) -> Problem {
    Problem { text: text.to_owned(), hint: Some(hint.to_owned()) }
}

#[test]
fn accounts() {
    check("accounts", &mut full());
}

#[test]
fn the_page_of_an_account() {
    let mut app = full();
    app.folder = Some("/home/me/projects/website".to_owned());
    app.open_page(Page::Account("acct-1".to_owned()));
    let candidate = |account: &str, reasons: &[&str], score| RoutingCandidate {
        account: account.to_owned(),
        eligible: reasons.is_empty(),
        reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        score,
    };
    let result = RoutingExplainResult {
        strategy: "hybrid".to_owned(),
        family: "default".to_owned(),
        chosen: Some("acct-1".to_owned()),
        candidates: vec![
            candidate("acct-1", &[], Some(711.5)),
            candidate("acct-2", &["rateLimited"], Some(420.0)),
            candidate("acct-3", &["notAllowed"], None),
            candidate("acct-7", &["needsLogin", "modelNotInScope"], None),
        ],
        account_set: Some(set_of_work()),
        available_at: None,
    };
    let answered =
        |result| Event::Fact(Fact::Explained { question: Question::default(), result: Ok(result), spent: None });
    app.update(answered(result.clone()), NOW);
    check("account", &mut app);
    // Where nothing is narrowed, the folder is of no interest.
    app.update(answered(RoutingExplainResult { account_set: None, ..result.clone() }), NOW);
    let screen = at(&mut app, (80, 40), &look(false, true));
    assert!(screen.contains(" gets now ───") && !screen.contains("may use"), "{screen}");
    // Where a budget is spent it is that which keeps the accounts out, not a limit of their own.
    let out = RoutingCandidate { reasons: vec!["overLimit".to_owned()], ..candidate("acct-3", &["overLimit"], None) };
    let result = RoutingExplainResult { candidates: vec![out], chosen: None, ..result };
    let spent = Some("rule 2 (`~/projects/**`, /home/me/c.toml:4) has spent its $5.00 of today ($5.02)".to_owned());
    for (spent, why) in [(None, "has reached its spending limit"), (spent, "is kept out by a spent budget")] {
        let has_budget = spent.is_some();
        let fact = Fact::Explained { question: Question::default(), result: Ok(result.clone()), spent };
        app.update(Event::Fact(fact), NOW);
        let screen = at(&mut app, (120, 60), &look(false, true));
        assert!(screen.contains(&format!("team key: {why}")), "{screen}");
        let budget = "budget        rule 2 (`~/projects/**`, ~/c.toml:4) has spent its $5.00 of today ($5.02)";
        assert_eq!(screen.contains(budget), has_budget, "{screen}");
    }
}

#[test]
fn what_removed_accounts_have_spent_and_how_they_were_called_is_told() {
    let (Fact::Accounts(mut now), used) = (file(household()), usage()) else { unreachable!() };
    for account in &mut now.accounts {
        account.usage = AccountUsage::default();
    }
    let mut app = knowing(vec![Fact::Accounts(now.clone()), Fact::Usage(used)]);
    let spent = |app: &mut App| {
        let screen = at(app, (200, 24), &look(false, true));
        screen.lines().next().unwrap().split(" · ").filter(|part| part.contains('$')).collect::<Vec<_>>().join(" · ")
    };
    // What the accounts themselves have spent is told with them.
    assert_eq!(spent(&mut app), "$0.12 today · $11.73 this month");
    now.accounts.retain(|account| account.id != "acct-1" && account.id != "acct-3");
    let labels = [("acct-77", "lab"), ("acct-3", "stale")].map(|(id, label)| (AccountId::new(id), label.to_owned()));
    app.update(Event::Fact(Fact::Former(labels.into_iter().collect())), NOW);
    app.update(Event::Fact(Fact::Accounts(now)), NOW);
    assert_eq!(spent(&mut app), "$1.48 today · $133.13 this month");
    app.show(Tab::Usage);
    app.pages.usage = Arrangement { by: By::Account, span: Span::Days, ..Arrangement::default() };
    let screen = at(&mut app, (120, 40), &look(false, true));
    assert!(screen.contains("work (removed)") && screen.contains("lab (removed)"), "{screen}");
}

#[test]
fn sessions_and_the_page_of_one() {
    let mut app = showing(Tab::Sessions);
    check("sessions", &mut app);
    app.open_page(Page::Session("s-nvim".to_owned()));
    check("session", &mut app);
}

#[test]
fn decisions_and_the_page_of_one() {
    let mut app = showing(Tab::Decisions);
    app.select_row(5);
    check("decisions", &mut app);
    app.open_page(Page::Decision("req-1".to_owned()));
    check("decision", &mut app);
}

#[test]
fn a_request_names_its_folder_what_it_may_use_its_project_and_its_key() {
    let mut app = showing(Tab::Decisions);
    assert!(!at(&mut app, (200, 60), &look(false, true)).contains("  FOR  "), "there is nothing to tell");
    let purses = vec![Purse::project("~/projects/**"), Purse::key("anna")];
    app.update(Event::Fact(Fact::Attempts(vec![AttemptRow { purses, ..attempt(6, "req-6", 1, 1, 200) }])), NOW);
    let screen = at(&mut app, (200, 60), &look(false, true));
    assert!(screen.contains("  FOR  ") && screen.contains("  key anna, ~"), "{screen}");
    app.open_page(Page::Decision("req-6".to_owned()));
    let screen = at(&mut app, (80, 40), &look(false, true));
    for line in [
        "folder        ~/projects/website",
        "may use       work, by rule 2 (`~/projects/**`,",
        "project       ~/projects/**",
        "key           anna",
    ] {
        assert!(screen.contains(line), "{line}: {screen}");
    }
}

#[test]
fn where_a_rule_narrows_a_session_its_folder_and_what_it_may_use_are_shown_first() {
    let header = |sets: bool, size| {
        let mut sessions = sessions();
        sessions.iter_mut().filter(|_| !sets).for_each(|session| session.account_set = None);
        let mut app = knowing(vec![file(household()), Fact::Sessions(sessions)]);
        app.show(Tab::Sessions);
        let screen = at(&mut app, size, &look(false, true));
        let header = screen.lines().find(|line| line.contains("PROGRAM")).unwrap();
        header.split("  ").map(str::trim).filter(|title| !title.is_empty()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(header(true, (60, 15)), "PROGRAM UP USES MAY USE FOLDER");
    assert_eq!(header(true, (80, 24)), "PROGRAM UP /MIN USES MAY USE FOLDER NEWS");
    assert_eq!(header(false, (80, 24)), "PROGRAM KIND PID UP /MIN USES NEWS");
    assert_eq!(header(true, (120, 40)), "PROGRAM KIND PID UP /MIN USES MAY USE FOLDER NEWS");
}

#[test]
fn usage_by_hours_and_by_days() {
    let mut app = showing(Tab::Usage);
    check("usage_hours", &mut app);
    for _ in 0..10 {
        app.pages.usage = app.pages.usage.next();
    }
    check("usage_days", &mut app);
}

#[test]
fn what_comes_next() {
    check("next", &mut showing(Tab::Upcoming));
}

#[test]
fn nothing_is_known_yet() {
    check("nothing_known", &mut knowing(vec![]));
}

#[test]
fn there_is_no_account() {
    let none = AccountsNow { is_there: false, path: "~/accounts.json".to_owned(), ..AccountsNow::default() };
    let mut app = knowing(vec![Fact::Accounts(none), Fact::Sessions(vec![]), Fact::Ledger(LedgerState::Missing)]);
    check("no_account", &mut app);
    for (tab, name) in [
        (Tab::Sessions, "no_session"),
        (Tab::Decisions, "no_decision"),
        (Tab::Usage, "no_usage"),
        (Tab::Upcoming, "no_next"),
    ] {
        app.show(tab);
        check(name, &mut app);
    }
}

#[test]
fn the_accounts_file_cannot_be_read() {
    let damaged = problem(
        "the accounts file is not JSON: expected `,` at line 7",
        "`codex-account-manager doctor` says what to do",
    );
    check("unreadable", &mut knowing(vec![Fact::AccountsFailed(damaged.clone())]));
    let mut app = full();
    app.update(Event::Fact(Fact::AccountsFailed(damaged)), NOW);
    check("unreadable_since", &mut app);
}

#[test]
fn secrets_are_locked() {
    let why = problem("the accounts file is sealed with another key", "set `CAM_MASTER_KEY` or `CAM_MASTER_KEY_FILE`");
    let Fact::Accounts(now) = file(household()) else { unreachable!() };
    check("locked", &mut knowing(vec![Fact::Accounts(AccountsNow { locked: Some(why), ..now })]));
}

#[test]
fn the_ledger_cannot_be_read() {
    let why = problem("the ledger is damaged", "move `ledger.sqlite` away; a new one begins with the next request");
    let mut app = knowing(vec![file(household()), Fact::Sessions(sessions()), Fact::Ledger(LedgerState::Failed(why))]);
    app.show(Tab::Decisions);
    check("no_ledger", &mut app);
}

#[test]
fn a_filter_that_nothing_passes() {
    let mut app = full();
    app.filters.open(Tab::Accounts);
    app.filters.typing = Some(crate::tui::app::line::Line::of("nowhere"));
    app.filters.follow(Tab::Accounts);
    app.filters.typing = None;
    check("filtered_out", &mut app);
}

#[test]
fn no_screen_is_too_small_to_be_drawn() {
    const ROWS: [u16; 9] = [1, 2, 3, 4, 5, 6, 8, 12, 20];
    let pages =
        [Page::Account("acct-2".to_owned()), Page::Session("s-nvim".to_owned()), Page::Decision("req-1".to_owned())];
    for mut app in [full(), knowing(vec![]), knowing(vec![file(household())])] {
        let every = Tab::ALL.into_iter().map(|tab| (tab, None));
        let every = every.chain(pages.iter().map(|page| (Tab::Accounts, Some(page.clone()))));
        for (tab, page) in every {
            app.show(tab);
            app.pages.open = page;
            for size in (1..=40).step_by(3).flat_map(|columns| ROWS.map(|rows| (columns, rows))) {
                for (has_colours, is_unicode) in [(true, true), (false, false)] {
                    at(&mut app, size, &look(has_colours, is_unicode));
                }
            }
        }
    }
}

#[test]
fn many_accounts_are_scrolled_and_the_selected_one_is_seen() {
    let mut app = knowing(vec![file((1..=200).map(|index| account(index, &format!("account {index}"))).collect())]);
    for row in [0, 150, 199, 3] {
        app.select_row(row);
        let screen = at(&mut app, (80, 24), &look(false, true));
        assert!(screen.contains(&format!("account {} ", row + 1)), "{screen}");
        assert!(screen.contains("200 rows"));
        assert_eq!(app.account().map(|account| account.index), Some(row + 1));
    }
}

#[test]
fn a_draw_builds_only_the_rows_that_are_seen() {
    let attempts = (0..5_000).map(|row| attempt(row, &format!("req-{row}"), 1, 3, 200)).collect();
    let mut app = knowing(vec![file(household()), Fact::Attempts(attempts)]);
    assert_eq!(app.shown().decisions.len(), MOST);
    app.show(Tab::Decisions);
    app.size = (200, 60);
    app.select_row(4_000);
    let screen = rows(&drawn(&app, &look(false, true)));
    assert_eq!(screen.iter().filter(|row| row.contains("gpt-5.2 ")).count(), 56, "{screen:#?}");
}

#[test]
fn a_screen_that_is_smaller_than_it_was_when_keys_were_read_is_drawn() {
    for tab in Tab::ALL {
        let mut app = showing(tab);
        app.size = (200, 60);
        for (columns, rows) in [(1, 1), (60, 15), (30, 70), (300, 3)] {
            let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
            terminal.draw(|frame| drop(view::draw(frame, &app, &look(true, true), NOW))).unwrap();
        }
    }
}

#[test]
fn many_sessions_and_few_lines_show_the_selected_one() {
    let many: Vec<Session> = (0..50)
        .map(|number| Session {
            id: format!("s-{number}"),
            pid: 1_000 + number,
            started_at: i64::from(number),
            account_set: None,
            ..sessions()[0].clone()
        })
        .collect();
    let mut app = knowing(vec![file(household()), Fact::Sessions(many)]);
    app.show(Tab::Sessions);
    for row in [49, 0, 30] {
        app.select_row(row);
        let screen = at(&mut app, (60, 15), &look(false, true));
        assert!(screen.contains(&(1_000 + row).to_string()), "{screen}");
        assert_eq!(app.selected_session().map(|session| session.pid), u32::try_from(1_000 + row).ok());
    }
}
