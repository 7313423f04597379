//! What the commands show on terminals of several widths, as `snapshots/command_*.snap`.

use unicode_width::UnicodeWidthStr;

use super::config::show::settings_text;
use super::explain::explanation_text;
use super::list::{account_text, accounts_text};
use super::status::Status;
use super::table::Room;
use super::text::Text;
use super::usage::{By, Pen, table};
use super::watch::Listing;
use crate::clock::Clock;
use crate::config::{Config, Sources};
use crate::domain::account::AccountId;
use crate::domain::routing::decision::{Candidate, Choice, Explanation, Why};
use crate::domain::routing::eligibility::{Obstacle, Reason};
use crate::domain::time::Timestamp;
use crate::domain::usage::{self, Overspent, Period, Purse, Usd};
use crate::env::Environment;
use crate::paths::Paths;
use crate::protocol::accounts::SpendingLimits;
use crate::protocol::pins::Pin;
use crate::protocol::pins::SwitchScope;
use crate::protocol::routing::RoutingExplainResult;
use crate::protocol::status::{Budget, BudgetKind};
use crate::protocol::usage::{UsageReadResult, UsageRow};
use crate::tui::testing::NOW;
use crate::tui::testing::facts::{household, sessions, set_of_work};
use crate::wording::account_set::ThisFolder;

/// Compares what `shown` makes of each width with one snapshot.
#[track_caller]
fn check(name: &str, shown: impl Fn(Room) -> Text) {
    let mut sheet = String::new();
    for columns in [60, 80, 120, 200].map(Some).into_iter().chain([None]) {
        let text = shown(Room { columns, is_unicode: true }).written(false);
        for line in text.lines() {
            assert!(columns.is_none_or(|columns| line.width() <= columns), "{line} is wider than {columns:?}");
        }
        let width = columns.map_or("in a pipe".to_owned(), |columns| format!("{columns} columns"));
        sheet.extend(["== ", &width, "\n", &text, "\n\n"]);
        let ascii = shown(Room { columns, is_unicode: false }).written(false);
        assert!(!ascii.contains('…'), "{ascii}");
    }
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(format!("command_{name}"), sheet) });
}

fn pins() -> Vec<Pin> {
    let pin = |account: &str, family: Option<&str>| Pin {
        account: account.to_owned(),
        family: family.map(str::to_owned),
        scope: SwitchScope::Everywhere,
    };
    vec![pin("acct-1", None), pin("acct-3", Some("gpt-5.2"))]
}

#[test]
fn list_fits() {
    check("list", |room| accounts_text(&household(), &pins(), NOW, room));
    check("list_of_none", |room| accounts_text(&[], &[], NOW, room));
}

/// Of a rule with a limit for a day.
fn budget(daily: f64, today: f64, available_at: Option<i64>) -> Budget {
    Budget {
        kind: BudgetKind::Project,
        name: "~/work/**".to_owned(),
        title: "rule 2 (`~/work/**`, /home/me/.config/codex-account-manager/config.toml:4)".to_owned(),
        limits: SpendingLimits { daily_usd: Some(daily), monthly_usd: Some(80.0) },
        today_usd: today,
        month_usd: 12.5,
        available_at,
    }
}

#[test]
fn status_fits() {
    let status = |sessions, account_set, strategy_here| Status {
        strategy: "sticky",
        strategy_here,
        pins: pins(),
        sessions,
        addressed: Vec::new(),
        accounts: household().into_iter().take(3).collect(),
        folder: ThisFolder { account_set, has_rules: true, ..ThisFolder::default() },
        budgets: vec![budget(5.0, 1.25, None), budget(0.5, 0.51, Some(NOW.0))],
        home: Some("/home/me"),
    };
    check("status", |room| status(sessions(), Some(set_of_work()), "round_robin").text(NOW, room));
    check("status_without_sessions", |room| status(Vec::new(), None, "sticky").text(NOW, room));
}

#[test]
fn show_fits() {
    for (index, name) in [(0, "show_login"), (2, "show_key"), (7, "show_locked")] {
        let mut account = household().remove(index);
        account.pins = pins().into_iter().filter(|pin| pin.account == account.id).collect();
        account.models = vec!["gpt-5.2*".to_owned(), "codex-*".to_owned()];
        check(name, |room| account_text(&account, NOW, room));
    }
}

#[test]
fn usage_fits() {
    let row = |(name, requests, input_tokens, cost_usd, unpriced): (&str, u64, u64, f64, u64)| UsageRow {
        account: Some(name.to_owned()),
        model: None,
        day: None,
        project: None,
        key: None,
        requests,
        input_tokens,
        cached_input_tokens: input_tokens / 2,
        output_tokens: input_tokens / 10,
        cost_usd,
        unpriced,
    };
    let rows = [
        ("work", 9_120, 61_000_000, 61.52, 0),
        ("somebody.with.a.long.name@example.com", 310, 5_600_000, 4.31, 12),
        ("個人用アカウント", 31, 240_000, 0.0, 31),
        ("7c9e6679-7425-40de-944b-e07fc1f90ae7 (removed)", 2, 900, 0.01, 0),
    ]
    .map(row);
    let total = row(("", 9_463, 66_840_900, 65.84, 43));
    let used = UsageReadResult { rows: rows.into(), total };
    let name = |row: &UsageRow| row.account.clone().unwrap_or_default();
    for (by, called) in [(By::Account, "usage_by_account"), (By::Model, "usage_by_model"), (By::Day, "usage_by_day")] {
        check(called, |room| table(&used, by, &name, if room.is_unicode { Pen::Blocks } else { Pen::Plain }, room));
    }
}

#[test]
fn config_show_fits() {
    let environment: Environment = [("HOME", "/home/me"), ("CODEX_AUTH_QUIET", "1")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .collect();
    let paths = Paths::resolve(&environment).unwrap();
    let flags = vec![("--set".to_owned(), "routing.strategy".to_owned(), "least_utilized".into())];
    let config = Config::load(&paths, &environment, &Sources { flags, ..Sources::default() }, Clock::system().now());
    check("config_show", |room| settings_text(&config, room));
}

#[test]
fn explain_fits() {
    let mut accounts = household();
    let rule = "rule 2 (`~/projects/**`)";
    accounts[3].reason = Some(format!("{rule} does not allow it here"));
    let obstacle = |reason, minutes: Option<i64>| Obstacle {
        reason,
        until: minutes.map(|minutes| Timestamp(NOW.0 + minutes * 60_000)),
    };
    let limited = vec![obstacle(Reason::RateLimited, Some(84)), obstacle(Reason::CoolingDown, Some(1))];
    let outside = vec![obstacle(Reason::NotAllowed, None), obstacle(Reason::Locked, None)];
    let obstacles = [limited, vec![], vec![obstacle(Reason::ModelNotInScope, None)], outside, vec![]];
    let candidates =
        obstacles.into_iter().zip(&accounts).enumerate().map(|(position, (obstacles, account))| Candidate {
            account: AccountId::new(account.id.as_str()),
            position,
            is_refused: false,
            excluded: false,
            tried: None,
            probe: position == 4,
            score: obstacles.is_empty().then_some(612.5),
            obstacles,
        });
    let chosen = Choice { position: 1, why: Why::Failover, probe: false };
    let some =
        Explanation { chosen: Some(chosen), candidates: candidates.collect(), available_at: None, overspent: None };
    let mut none = Explanation { chosen: None, available_at: Some(Timestamp(NOW.0 + 60_000)), ..some.clone() };
    none.candidates.truncate(1);
    none.candidates[0].obstacles = vec![obstacle(Reason::OverLimit, Some(84))];
    let title = "rule 2 (`~/projects/**`, /home/me/.config/codex-account-manager/config.toml:4)".to_owned();
    let budget = usage::Budget { purse: Purse::project("~/projects/**"), title, daily: None, monthly: None };
    let (limit, spent) = (Usd::from_usd(0.5).unwrap(), Usd::from_usd(0.51).unwrap());
    none.overspent = Some(Overspent { budget, period: Period::Day, limit, spent });
    for (name, named, explanation) in [("explain", None, some), ("explain_of_none", Some("~/projects"), none)] {
        let result = RoutingExplainResult {
            strategy: "hybrid".to_owned(),
            family: "gpt-5.2-codex".to_owned(),
            chosen: None,
            candidates: Vec::new(),
            account_set: Some(set_of_work()),
            available_at: None,
        };
        let folder = ThisFolder {
            named: named.map(str::to_owned),
            account_set: Some(set_of_work()),
            has_rules: true,
            remotes: vec!["github-work/acme/web".to_owned()],
            home: Some("/home/me".to_owned()),
        };
        check(name, |room| {
            explanation_text(Some("gpt-5.2-codex-mini"), &result, &accounts, &explanation, &folder, NOW, room)
        });
    }
}
