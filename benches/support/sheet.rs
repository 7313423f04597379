//! The table of the measure: a row for each figure, the ratios first.

use std::fmt::Display;

use super::door::Kind;
use super::table::{Table, number};

/// The columns of figures, in the order they are printed.
pub const COLUMNS: [Kind; 4] = [Kind::Sidecar, Kind::Minimal, Kind::Nginx, Kind::Direct];

/// Rows as they are measured, and what is to be said of some of them.
pub struct Sheet {
    table: Table,
    remarks: Vec<String>,
}

impl Sheet {
    /// No rows yet.
    pub fn new() -> Sheet {
        let table = Table::new(&["", "ours/minimal", "ours/nginx", "ours", "minimal", "nginx", "direct"]);
        Sheet { table, remarks: Vec::new() }
    }

    /// A line under the table.
    pub fn remark(&mut self, remark: String) {
        self.remarks.push(remark);
    }

    /// A figure of each column; one that is not known is NaN.
    pub fn row(&mut self, name: &str, digits: usize, value: impl Fn(Kind) -> f64) {
        let values = COLUMNS.map(value);
        // A difference below the noise makes no ratio.
        let ratio = |by: f64| if by > 0.0 { values[0] / by } else { f64::NAN };
        let mut cells = vec![name.to_owned(), number(ratio(values[1]), 2), number(ratio(values[2]), 2)];
        cells.extend(values.map(|value| number(value, digits)));
        self.table.row(cells);
    }

    /// A figure that only our program has.
    pub fn ours(&mut self, name: &str, digits: usize, value: f64) {
        self.row(name, digits, |kind| if kind == Kind::Sidecar { value } else { f64::NAN });
    }
}

impl Display for Sheet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.table.fmt(formatter)?;
        self.remarks.iter().try_for_each(|remark| writeln!(formatter, "{remark}"))
    }
}
