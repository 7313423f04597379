//! The table of the measure: a row for each figure, the ratios first.

use std::fmt::Display;

use super::door::Kind;
use super::table::{Table, number};

/// The columns of figures, in the order they are printed.
pub const COLUMNS: [Kind; 4] = [Kind::Sidecar, Kind::Minimal, Kind::Nginx, Kind::Direct];

/// Rows as they are measured.
pub struct Sheet(Table);

impl Sheet {
    /// No rows yet.
    pub fn new() -> Sheet {
        Sheet(Table::new(&["", "ours/minimal", "ours/nginx", "ours", "minimal", "nginx", "direct", "  remark"]))
    }

    /// A figure of each column; one that is not known is NaN.
    pub fn row(&mut self, name: &str, digits: usize, remark: &str, value: impl Fn(Kind) -> f64) {
        let values = COLUMNS.map(value);
        // A difference below the noise makes no ratio.
        let ratio = |by: f64| if by > 0.0 { values[0] / by } else { f64::NAN };
        let mut cells = vec![name.to_owned(), number(ratio(values[1]), 2), number(ratio(values[2]), 2)];
        cells.extend(values.map(|value| number(value, digits)));
        cells.push(format!("  {remark}"));
        self.0.row(cells);
    }

    /// A figure that only our program has.
    pub fn ours(&mut self, name: &str, digits: usize, remark: &str, value: f64) {
        self.row(name, digits, remark, |kind| if kind == Kind::Sidecar { value } else { f64::NAN });
    }
}

impl Display for Sheet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}
