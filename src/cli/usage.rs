//! `usage`

use clap::{Args, ValueEnum};

use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use super::table::{Column, Room, Table};
use super::text::Text;
use crate::domain::account::AccountId;
use crate::env::Environment;
use crate::error::Error;
use crate::protocol::usage::{UsageBy, UsageReadResult, UsageRow};
use crate::server::usage::{DAYS, MOST_DAYS, rows};
use crate::theme::{Role, shows_more_than_text};
use crate::wording::amounts::{grouped, usd};
use crate::wording::cut::Keep;

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("usage", "the last 30 days by account"),
    ("usage --days 7 --by model", "the last week by model"),
    ("usage --by project", "what each project used"),
];

#[derive(Debug, Args)]
pub struct UsageArgs {
    /// Today and the days before it
    #[arg(long, value_name = "N", default_value_t = DAYS, value_parser = clap::value_parser!(u64).range(1..=MOST_DAYS))]
    days: u64,
    /// A row for each of these
    #[arg(long, value_name = "WHAT", default_value = "account")]
    by: By,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What a row is of.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum By {
    Account,
    Model,
    Day,
    /// Each rule of `[[projects]]`
    Project,
    /// Each key of `[[proxy.keys]]`
    Key,
}

/// The longest bar, in characters.
const BAR: usize = 24;

/// One that is shorter says nothing.
const SHORTEST_BAR: usize = 4;

/// What was used, with a bar for each row on a terminal.
pub async fn run(context: &Context, args: UsageArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    let by = match args.by {
        By::Account => UsageBy::Account,
        By::Model => UsageBy::Model,
        By::Day => UsageBy::Day,
        By::Project => UsageBy::Project,
        By::Key => UsageBy::Key,
    };
    let used = rows(&manager, args.days, by).await?;
    Context::warn_of_reports(&manager);
    if args.json {
        Printer::json(&used);
        return Ok(0);
    }
    let period = if args.days == 1 { "today".to_owned() } else { format!("in the last {} days", args.days) };
    if used.rows.is_empty() {
        Printer::stdout(&format!("Nothing was used {period}."));
        return Ok(0);
    }
    // A file that cannot be read leaves ids.
    let labels = manager.list().map(|report| report.accounts).unwrap_or_default();
    let former = manager.books().ledger().former_labels().await.unwrap_or_default();
    let removed = |id: &str| former.get(&AccountId::new(id)).cloned().unwrap_or_else(|| id.to_owned());
    let name = |row: &UsageRow| match (args.by, &row.account, &row.model, &row.day) {
        (By::Account, Some(id), ..) => labels
            .iter()
            .find(|account| account.id.as_str() == id)
            .map_or_else(|| format!("{} (removed)", removed(id)), |account| account.label.clone()),
        (By::Model, _, Some(model), _) => model.clone(),
        (By::Day, .., Some(day)) => day.clone(),
        (By::Project, ..) => row.project.clone().unwrap_or_else(|| "-".to_owned()),
        (By::Key, ..) => row.key.clone().unwrap_or_else(|| "-".to_owned()),
        _ => "(none named)".to_owned(),
    };
    let pen = Pen::of(&context.environment);
    let mut text = Text::from(format!("Used {period}:\n\n"));
    text.append(table(&used, args.by, &name, pen, Printer::room()));
    Printer::show(&text);
    Ok(0)
}

/// The rows with their names, and the sum of all.
pub fn table(used: &UsageReadResult, by: By, name: &dyn Fn(&UsageRow) -> String, pen: Pen, room: Room) -> Text {
    let rows = &used.rows[..];
    let first = match by {
        By::Account => "ACCOUNT",
        By::Model => "MODEL",
        By::Day => "DAY",
        By::Project => "PROJECT",
        By::Key => "KEY",
    };
    let with_bars = |bar: &dyn Fn(&UsageRow) -> String| {
        let mut table = Table::new(&[&[Column::new(first).least(12, Keep::Both)][..], &COLUMNS].concat());
        for row in rows {
            table.row(&cells(name(row).into(), row, bar(row)));
        }
        table.row(&cells(Text::of(Role::Strong, "total"), &used.total, String::new()));
        table
    };
    // Bars take what is left beside the numbers.
    let length = with_bars(&|_| String::new()).beside(room).min(BAR);
    let most = rows.iter().map(weight(rows)).fold(0.0, f64::max);
    let bar = |row: &UsageRow| match length {
        0..SHORTEST_BAR => String::new(),
        _ => pen.bar(weight(rows)(row), most, length),
    };
    with_bars(&bar).fit(room)
}

/// What is shown of a row beside its name.
const COLUMNS: [Column; 6] = [
    Column::new("REQUESTS").number().rank(1),
    Column::new("INPUT").number().rank(2),
    Column::new("CACHED").number().rank(4),
    Column::new("OUTPUT").number().rank(3),
    Column::new("USD").number(),
    Column::new("").rank(5),
];

fn cells(name: Text, row: &UsageRow, bar: String) -> Vec<Text> {
    let cost = match (row.unpriced, row.cost_usd > 0.0) {
        (0, _) => usd(row.cost_usd),
        (_, false) => "unpriced".to_owned(),
        (unpriced, true) => format!("{} + {} unpriced", usd(row.cost_usd), grouped(unpriced)),
    };
    let counts = [row.requests, row.input_tokens, row.cached_input_tokens, row.output_tokens].map(grouped);
    [name].into_iter().chain(counts.map(Text::from)).chain([cost.into(), Text::of(Role::Good, bar)]).collect()
}

/// What a bar is as long as: the money, or the tokens where nothing has a price.
#[expect(clippy::cast_precision_loss, reason = "a bar has two hundred lengths")]
fn weight(rows: &[UsageRow]) -> impl Fn(&UsageRow) -> f64 {
    let has_prices = rows.iter().any(|row| row.cost_usd > 0.0);
    move |row| if has_prices { row.cost_usd } else { row.input_tokens.saturating_add(row.output_tokens) as f64 }
}

/// With what bars are drawn.
#[derive(Clone, Copy, Debug)]
pub enum Pen {
    /// Blocks, to an eighth of a character.
    Blocks,
    /// `#`, where a terminal may not show blocks.
    Plain,
}

impl Pen {
    fn of(environment: &Environment) -> Pen {
        if environment.is_utf8() && shows_more_than_text(environment) { Pen::Blocks } else { Pen::Plain }
    }

    /// A bar for `part` of `most`, which is `longest` characters long; what is more than nothing is seen.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "0 to 192"
    )]
    fn bar(self, part: f64, most: f64, longest: usize) -> String {
        if part <= 0.0 || most <= 0.0 {
            return String::new();
        }
        let length = |steps: usize| ((part / most * steps as f64).round() as usize).clamp(1, steps);
        match self {
            Pen::Plain => "#".repeat(length(longest)),
            Pen::Blocks => {
                let eighths = length(longest * 8);
                let rest = [None, Some('▏'), Some('▎'), Some('▍'), Some('▌'), Some('▋'), Some('▊'), Some('▉')];
                "█".repeat(eighths / 8).chars().chain(rest[eighths % 8]).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_part_and_never_vanish() {
        for (part, blocks, plain) in [(0.0, "", ""), (0.001, "▏", "#"), (1.0, "█", "#"), (1.5, "█▌", "##")] {
            assert_eq!(Pen::Blocks.bar(part, 24.0, BAR), blocks);
            assert_eq!(Pen::Plain.bar(part, 24.0, BAR), plain);
        }
        assert_eq!(Pen::Plain.bar(24.0, 24.0, BAR).len(), BAR);
        assert_eq!(Pen::Plain.bar(1.0, 0.0, BAR), "");
    }

    #[test]
    fn blocks_are_for_terminals_that_show_them() {
        let pen = |variables: &[(&str, &str)]| {
            let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            matches!(Pen::of(&environment.collect()), Pen::Blocks)
        };
        let xterm = ("TERM", "xterm");
        assert!(pen(&[("LANG", "C.UTF-8"), xterm]) && pen(&[("LC_ALL", "de_DE.utf8"), ("LANG", "C"), xterm]));
        assert!(!pen(&[xterm]) && !pen(&[("LC_ALL", "C"), ("LANG", "C.UTF-8"), xterm]));
        assert!(!pen(&[("LANG", "C.UTF-8"), ("TERM", "dumb")]));
    }
}
