//! A household of accounts, one in each state, their sessions, and what they did today.

use super::{DAY, HOUR, MINUTE, NOW};
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::{Tokens, Totals, Usd};
use crate::manager::books::history::ModelUsage;
use crate::protocol::account_set::{AccountSet, Narrowing};
use crate::protocol::accounts::{Account, AccountKind, AccountSession, AccountState, RateLimit, SpendingLimits};
use crate::protocol::pins::{Pin, SwitchScope};
use crate::protocol::quota::{Credits, MeterWindow, QuotaWindow};
use crate::protocol::session::AccountReference;
use crate::protocol::status::{Session, SessionKind};
use crate::protocol::usage::{AccountUsage, UsageTotals};
use crate::tui::app::App;
use crate::tui::event::Event;
use crate::tui::fact::{
    AccountsNow, AttemptRow, DayUse, Fact, FilePin, Finished, HourUse, LedgerState, Link, News, UsageNow, What,
};

/// An account that is ready and has done nothing.
pub fn account(index: usize, label: &str) -> Account {
    Account {
        id: format!("acct-{index}"),
        index,
        label: label.to_owned(),
        kind: AccountKind::ApiKey,
        email: None,
        account_id: None,
        plan: None,
        base_url: None,
        enabled: true,
        priority: 0,
        models: Vec::new(),
        groups: Vec::new(),
        active: index == 1,
        active_families: Vec::new(),
        state: AccountState::Ready,
        reason: None,
        available_at: None,
        rate_limits: Vec::new(),
        quota: Vec::new(),
        meters: Vec::new(),
        credits: None,
        usage: AccountUsage::default(),
        limits: SpendingLimits::default(),
        added_at: NOW.0 - 40 * DAY,
        last_used_at: None,
        access_expires_at: None,
        sessions: Vec::new(),
        pins: Vec::new(),
    }
}

fn used(requests: u64, tokens: u64, cost_usd: f64) -> UsageTotals {
    UsageTotals {
        requests,
        input_tokens: tokens,
        cached_input_tokens: tokens / 2,
        output_tokens: tokens / 10,
        cost_usd,
    }
}

fn window(name: &str, used_percent: f64, window_seconds: u64, reset_in: i64) -> QuotaWindow {
    QuotaWindow { name: name.to_owned(), used_percent, window_seconds, reset_at: NOW.0 + reset_in }
}

fn login(index: usize, label: &str, short: f64, week: f64) -> Account {
    Account {
        kind: AccountKind::ChatGpt,
        email: Some(format!("{index}@example.com")),
        plan: Some("pro".to_owned()),
        access_expires_at: Some(NOW.0 + 9 * DAY),
        quota: vec![
            window("5h", short, 18_000, 2 * HOUR + 13 * MINUTE),
            window("week", week, 604_800, 3 * DAY + 5 * HOUR),
        ],
        usage: AccountUsage { today: used(120, 2_400_000, 0.0), month: used(3_100, 61_000_000, 0.0) },
        ..account(index, label)
    }
}

fn out(account: Account, state: AccountState, reason: &str, available_in: Option<i64>) -> Account {
    Account { state, reason: Some(reason.to_owned()), available_at: available_in.map(|wait| NOW.0 + wait), ..account }
}

/// One account in each state, with labels of several scripts.
pub fn household() -> Vec<Account> {
    let work = Account {
        sessions: vec![AccountSession { id: "s-opencode".to_owned(), pid: 4_711 }],
        credits: Some(Credits { has_credits: true, unlimited: false, balance: Some("1,250".to_owned()) }),
        meters: vec![MeterWindow {
            name: "codex_bengalfox".to_owned(),
            model: Some("gpt-5.2-codex".to_owned()),
            used_percent: 81.0,
            window_seconds: 18_000,
            reset_at: NOW.0 + 74 * MINUTE,
        }],
        last_used_at: Some(NOW.0 - 2 * MINUTE),
        groups: vec!["work".to_owned()],
        ..login(1, "work", 62.4, 31.0)
    };
    let limited = Account {
        groups: vec!["work".to_owned(), "clients".to_owned()],
        rate_limits: vec![
            RateLimit { family: "gpt-5.2-codex".to_owned(), model: None, reset_at: NOW.0 + 12 * MINUTE },
            RateLimit { family: "codex".to_owned(), model: Some("codex-mini".to_owned()), reset_at: NOW.0 + 3 * HOUR },
        ],
        ..out(
            login(2, "個人用アカウント", 100.0, 88.0),
            AccountState::RateLimited,
            "rate limited for gpt-5.2-codex",
            Some(12 * MINUTE),
        )
    };
    let spends = Account {
        usage: AccountUsage { today: used(310, 5_600_000, 4.31), month: used(9_000, 140_000_000, 61.5) },
        limits: SpendingLimits { daily_usd: Some(5.0), monthly_usd: Some(200.0) },
        sessions: vec![
            AccountSession { id: "s-nvim".to_owned(), pid: 5_202 },
            AccountSession { id: "s-proxy".to_owned(), pid: 812 },
        ],
        last_used_at: Some(NOW.0 - 4_000),
        ..account(3, "team key")
    };
    let over = Account {
        usage: AccountUsage { today: used(90, 900_000, 2.0), month: used(400, 4_000_000, 9.75) },
        limits: SpendingLimits { daily_usd: Some(2.0), monthly_usd: None },
        ..out(account(4, "חשבון שלי"), AccountState::OverLimit, "its spending limit is reached", Some(12 * HOUR))
    };
    let benched = out(
        account(5, "e\u{301}tudes \u{1b}[31m"),
        AccountState::CoolingDown,
        "out of quota; check the plan and billing of this account",
        Some(42 * MINUTE),
    );
    let broken = out(
        account(6, "👩‍💻 lab"),
        AccountState::CircuitOpen,
        "its upstream failed several times in a row",
        Some(31_000),
    );
    let ended = out(
        login(7, "old login", 0.0, 0.0),
        AccountState::NeedsLogin,
        "the login is no longer valid; log in again with `codex-account-manager login`",
        None,
    );
    let locked = out(
        account(8, "sealed elsewhere"),
        AccountState::Locked,
        "its secret was sealed with another master key; set `CAM_MASTER_KEY` or `CAM_MASTER_KEY_FILE`",
        None,
    );
    let disabled = Account {
        enabled: false,
        ..out(
            account(9, "a label that is as long as labels may be, and then some more"),
            AccountState::Disabled,
            "disabled; enable it with `edit --enable`",
            None,
        )
    };
    vec![work, limited, spends, over, benched, broken, ended, locked, disabled]
}

/// The accounts file with these accounts.
pub fn file(accounts: Vec<Account>) -> Fact {
    let first = accounts.first().map(|account| FilePin { account: account.id.clone(), family: None });
    Fact::Accounts(AccountsNow {
        is_there: true,
        path: "~/.config/opencode/openai-codex-accounts.json".to_owned(),
        revision: 41,
        accounts,
        pins: first.into_iter().collect(),
        strategy: "sticky".to_owned(),
        locked: None,
    })
}

fn session(id: &str, kind: SessionKind, pid: u32, uses: &[(&str, usize)]) -> Session {
    let account = uses.first().map(|(_, index)| AccountReference {
        id: format!("acct-{index}"),
        index: *index,
        label: household()[index - 1].label.clone(),
    });
    Session {
        id: id.to_owned(),
        pid,
        kind,
        port: 41_000 + u16::try_from(pid % 1_000).unwrap(),
        started_at: NOW.0 - 3 * HOUR - i64::from(pid) * 1_000,
        start_account: account,
        accounts: uses.iter().map(|(family, index)| ((*family).to_owned(), format!("acct-{index}"))).collect(),
        program: None,
        folder: None,
        requests_per_minute: 0,
        pins: Vec::new(),
        account_set: None,
        is_self: false,
    }
}

/// What a rule of a project leaves.
pub fn set_of_work() -> AccountSet {
    AccountSet {
        name: "work".to_owned(),
        accounts: vec!["acct-1".to_owned(), "acct-2".to_owned()],
        narrowed_by: vec![Narrowing {
            name: "rule 2 (`~/projects/**`, ~/.config/codex-account-manager/config.toml:4)".to_owned(),
            accounts: Some("work".to_owned()),
            fault: None,
        }],
        warnings: Vec::new(),
    }
}

/// Three sessions of three kinds.
pub fn sessions() -> Vec<Session> {
    vec![
        Session {
            program: Some("opencode".to_owned()),
            folder: Some("/home/me/projects/website".to_owned()),
            requests_per_minute: 14,
            pins: vec![Pin { account: "acct-1".to_owned(), family: None, scope: SwitchScope::Everywhere }],
            account_set: Some(set_of_work()),
            ..session("s-opencode", SessionKind::Run, 4_711, &[("gpt-5.2-codex", 1)])
        },
        Session {
            program: Some("Neovim 0.11.4".to_owned()),
            folder: Some("/home/me/仕事/a folder with a long name".to_owned()),
            requests_per_minute: 3,
            ..session("s-nvim", SessionKind::Sidecar, 5_202, &[("gpt-5.2", 3), ("gpt-5.2-codex", 1)])
        },
        session("s-proxy", SessionKind::Proxy, 812, &[]),
    ]
}

/// What a session did.
pub fn news(session: &str, request: &str, ago: i64, what: What) -> News {
    News { session: session.to_owned(), at: Timestamp(NOW.0 - ago), request: request.to_owned(), what }
}

/// An account was chosen.
pub fn selected(account: usize, attempt: u32, why: &str) -> What {
    What::Selected {
        account: AccountId::new(format!("acct-{account}")),
        model: Some("gpt-5.2-codex".to_owned()),
        family: "gpt-5.2-codex".to_owned(),
        attempt,
        why: why.to_owned(),
    }
}

/// It was answered to its end.
pub fn finished(account: usize, status: u16, tokens: u64) -> What {
    What::Finished(Finished {
        request_id: String::new(),
        model: None,
        status,
        account: Some(AccountId::new(format!("acct-{account}"))),
        tokens: (tokens > 0).then(|| spent(tokens)),
        cost: (tokens > 0).then(|| Usd(i64::try_from(tokens).unwrap() * 1_500_000)),
        duration_ms: 4_200,
        first_byte_ms: Some(830),
    })
}

fn spent(tokens: u64) -> Tokens {
    Tokens { input: tokens, cached: tokens / 2, output: tokens / 10, ..Tokens::default() }
}

/// A row of the ledger.
pub fn attempt(row: i64, request: &str, number: u32, account: usize, status: u16) -> AttemptRow {
    AttemptRow {
        row,
        at: Timestamp(NOW.0 - 2 * HOUR + row * 1_000),
        request: request.to_owned(),
        attempt: number,
        account: AccountId::new(format!("acct-{account}")),
        session: "s-gone-since".to_owned(),
        model: Some("gpt-5.2".to_owned()),
        family: "gpt-5.2".to_owned(),
        endpoint: "/v1/responses".to_owned(),
        status,
        served: status == 200,
        tokens: (status == 200).then(|| spent(18_000)),
        cost: (status == 200).then_some(Usd(31_000_000_000)),
        first_byte_ms: (status == 200).then_some(640),
        duration_ms: 900,
        why: if number > 1 { "failover" } else { "sticky" }.to_owned(),
        purses: Vec::new(),
    }
}

/// Every kind of request: from the ledger, and as sessions report them.
pub fn requests() -> Vec<Fact> {
    vec![
        Fact::Ledger(LedgerState::Open),
        Fact::Attempts(vec![
            attempt(1, "req-old-1", 1, 3, 200),
            attempt(2, "req-old-2", 1, 2, 429),
            attempt(3, "req-old-2", 2, 3, 200),
            attempt(4, "req-old-3", 1, 6, 0),
            attempt(5, "req-old-4", 1, 12, 400),
        ]),
        Fact::News(vec![
            news("s-nvim", "req-1", 95_000, selected(2, 1, "sticky")),
            news("s-nvim", "req-1", 94_000, selected(3, 2, "failover")),
            news("s-nvim", "req-1", 90_000, finished(3, 200, 41_000)),
            news("s-opencode", "req-2", 61_000, selected(1, 1, "pinned")),
            news("s-opencode", "req-2", 58_000, finished(1, 200, 230_000)),
            news("s-proxy", "req-3", 44_000, selected(3, 1, "least_utilized")),
            news("s-proxy", "req-3", 40_000, finished(3, 499, 0)),
            news("s-nvim", "req-4", 31_000, selected(3, 1, "bound")),
            news("s-nvim", "req-4", 30_000, What::Lost),
            news("s-nvim", "req-5", 9_000, selected(2, 1, "sticky")),
            news("s-nvim", "req-5", 9_000, What::Waiting { until: Timestamp(NOW.0 + 21_000) }),
            news("s-opencode", "req-6", 4_000, selected(1, 1, "pinned")),
        ]),
    ]
}

/// Two days of use by two accounts and two models.
pub fn usage() -> UsageNow {
    let used = |account: usize, model: &str, requests: u64| ModelUsage {
        account: AccountId::new(format!("acct-{account}")),
        model: Some(model.to_owned()),
        totals: Totals {
            requests,
            tokens: spent(requests * 20_000),
            cost: Usd(i64::try_from(requests).unwrap() * 41_000_000_000),
        },
    };
    let amounts = [3, 0, 0, 1, 4, 12, 20, 17, 6, 9, 22, 31, 18, 7, 2, 0];
    let hours = (0..46_i64).flat_map(|ago| {
        let begins = Timestamp(NOW.0 - ago * HOUR);
        let amount = amounts[usize::try_from(ago).unwrap() % amounts.len()];
        let each = [used(1, "gpt-5.2-codex", amount), used(3, "gpt-5.2", amount / 3)];
        each.into_iter().filter(|used| used.totals.requests > 0).map(move |used| HourUse { begins, used })
    });
    let today = crate::domain::time::Day::from(jiff::civil::date(2026, 11, 29));
    let days = (0..40_u32).flat_map(|ago| {
        let amount = amounts[usize::try_from(ago * 7).unwrap() % amounts.len()] * 9;
        let each = [used(1, "gpt-5.2-codex", amount), used(3, "gpt-5.2", amount / 4), used(77, "o3", amount / 8)];
        each.into_iter()
            .filter(|used| used.totals.requests > 0)
            .map(move |used| DayUse { day: today.days_before(ago), used })
    });
    let (mut hours, mut days): (Vec<HourUse>, Vec<DayUse>) = (hours.collect(), days.collect());
    hours.reverse();
    days.reverse();
    UsageNow { hours, days }
}

/// A screen that has received `facts`.
pub fn knowing(facts: Vec<Fact>) -> App {
    let mut app = App::new((80, 24));
    for fact in facts {
        app.update(Event::Fact(fact), NOW);
    }
    app
}

/// A screen that knows the whole household.
pub fn full() -> App {
    let mut facts = vec![file(household()), Fact::Sessions(sessions())];
    facts.extend(sessions().into_iter().map(|session| Fact::Link(session.id, Link::Open)));
    facts.extend(requests());
    facts.push(Fact::Usage(usage()));
    knowing(facts)
}
