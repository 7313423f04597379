//! Tables that fit. In a pipe every cell is whole, so that `grep` and `awk` find it. On a terminal, columns are shortened as
//! far as they can be read, then those that matter least are left out, which a line below says; where not even the rest
//! fits, each row becomes a block of lines. A row is never broken.

mod fields;

use crate::theme::Role;
use crate::wording::cut::{Keep, wrap};

use super::text::Text;
pub use fields::fields;

/// Between two columns.
const GAP: usize = 2;

/// In a pipe no column is padded further.
const WIDEST: usize = 1000;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    name: &'static str,
    /// How readily it is left out; never for 0.
    rank: u8,
    /// How far it is shortened, and how; `None` for not at all.
    least: Option<(usize, Keep)>,
    is_number: bool,
}

impl Column {
    /// One that is always there and always whole.
    pub const fn new(name: &'static str) -> Column {
        Column { name, rank: 0, least: None, is_number: false }
    }

    /// It is left out before those of a lower rank.
    #[must_use]
    pub const fn rank(mut self, rank: u8) -> Column {
        self.rank = rank;
        self
    }

    /// It is shortened to so many columns at least.
    #[must_use]
    pub const fn least(mut self, columns: usize, keep: Keep) -> Column {
        self.least = Some((columns, keep));
        self
    }

    /// It ends where its header ends.
    #[must_use]
    pub const fn number(mut self) -> Column {
        self.is_number = true;
        self
    }
}

/// What a table is written into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The width of the terminal; `None` where it is none.
    pub columns: Option<usize>,
    /// Whether more than ASCII is shown.
    pub is_unicode: bool,
}

impl Room {
    /// Lines that are broken between their words to fit.
    pub fn wrapped(self, text: &str) -> String {
        let Some(columns) = self.columns else { return text.to_owned() };
        text.split('\n').flat_map(|line| wrap(line, columns)).collect::<Vec<_>>().join("\n")
    }

    /// What stands for a part that was cut.
    pub const fn sign(self) -> &'static str {
        if self.is_unicode { "…" } else { "..." }
    }
}

/// Rows under their columns.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Text>>,
}

impl Table {
    /// Without rows.
    pub fn new(columns: &[Column]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub fn row(&mut self, cells: &[Text]) {
        self.rows.push(cells.iter().map(Text::in_one_line).collect());
    }

    /// As lines.
    pub fn fit(&self, room: Room) -> Text {
        match room.columns {
            None => self.lines(&self.whole().collect::<Vec<_>>(), room),
            Some(columns) => match self.layout(columns) {
                Some(layout) => self.lines(&layout, room).and(Role::Faint, self.left_out(&layout, columns)),
                None => self.blocks(columns),
            },
        }
    }

    /// The columns that it takes where there is room.
    pub fn width(&self) -> usize {
        self.whole().map(|(_, width)| width + GAP).sum::<usize>().saturating_sub(GAP)
    }

    /// The columns that are left for the last cells of a table in which they are still empty.
    pub fn beside(&self, room: Room) -> usize {
        room.columns.map_or(0, |columns| columns.saturating_sub(self.width()))
    }

    /// Every column with the width of its widest cell.
    fn whole(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.columns.len()).map(|column| (column, self.natural(column).min(WIDEST)))
    }

    fn natural(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(Text::width);
        cells.max().unwrap_or_default().max(self.name(column).width())
    }

    fn name(&self, column: usize) -> Text {
        Text::of(Role::Faint, self.columns[column].name)
    }

    /// The columns that fit and their widths; `None` if even those that are always there do not.
    fn layout(&self, columns: usize) -> Option<Vec<(usize, usize)>> {
        let mut layout: Vec<(usize, usize)> = self.whole().collect();
        let least = |(column, natural): (usize, usize)| match self.columns[column].least {
            Some((least, _)) => natural.min(least.max(self.name(column).width())),
            None => natural,
        };
        let total = |layout: &[(usize, usize)]| {
            layout.iter().map(|(_, width)| width).sum::<usize>() + GAP * layout.len().saturating_sub(1)
        };
        loop {
            let shortest: Vec<_> = layout.iter().map(|each| (each.0, least(*each))).collect();
            if total(&shortest) <= columns {
                break;
            }
            // Those that say nothing go first.
            let goes = layout.iter().map(|(column, _)| *column).filter(|column| self.columns[*column].rank > 0);
            let goes = goes.max_by_key(|column| (self.is_blank(*column), self.columns[*column].rank))?;
            layout.retain(|(column, _)| *column != goes);
        }
        while total(&layout) > columns {
            let widest = layout.iter_mut().filter(|each| each.1 > least((each.0, self.natural(each.0))));
            widest.max_by_key(|each| each.1)?.1 -= 1;
        }
        Some(layout)
    }

    fn is_blank(&self, column: usize) -> bool {
        self.rows.iter().filter_map(|row| row.get(column)).all(is_blank)
    }

    fn lines(&self, layout: &[(usize, usize)], room: Room) -> Text {
        let names: Vec<Text> = (0..self.columns.len()).map(|column| self.name(column)).collect();
        let mut lines = Text::new();
        for (number, row) in std::iter::once(&names).chain(&self.rows).enumerate() {
            if number > 0 {
                lines.push(Role::Text, "\n");
            }
            // Nothing is padded at the end of a line.
            let mut space = 0;
            for (place, (column, width)) in layout.iter().enumerate() {
                let Some(cell) = row.get(*column) else { continue };
                let keep = self.columns[*column].least.map_or(Keep::Start, |(_, keep)| keep);
                let cell = if room.columns.is_some() { cell.cut(*width, keep, room.sign()) } else { cell.clone() };
                let padding = width.saturating_sub(cell.width());
                let before = if self.columns[*column].is_number { padding } else { 0 };
                if place > 0 {
                    space += GAP;
                }
                if cell.is_empty() {
                    space += padding;
                } else {
                    lines.push(Role::Text, " ".repeat(space + before));
                    space = padding - before;
                    lines.append(cell);
                }
            }
        }
        lines
    }

    /// Which columns are not shown, unless there is nothing in them.
    fn left_out(&self, layout: &[(usize, usize)], columns: usize) -> String {
        let is_shown = |column: &usize| layout.iter().any(|(shown, _)| shown == column);
        let is_missed = |column: &usize| !self.columns[*column].name.is_empty() && !self.is_blank(*column);
        let missing: Vec<&str> = (0..self.columns.len())
            .filter(|column| !is_shown(column) && is_missed(column))
            .map(|column| self.columns[column].name)
            .collect();
        if missing.is_empty() {
            return String::new();
        }
        let lines = wrap(&format!("Too narrow to show {}", missing.join(", ")), columns);
        format!("\n{}", lines.join("\n"))
    }

    /// A block of lines for each row.
    fn blocks(&self, columns: usize) -> Text {
        let names = self.columns.iter().map(|column| Text::from(column.name).width()).max().unwrap_or_default();
        let indent = match columns {
            0..10 => 0,
            _ if names + GAP + 8 <= columns => names + GAP,
            _ => GAP,
        };
        let mut blocks = Text::new();
        for row in self.rows.iter().filter(|row| !row.iter().all(is_blank)) {
            if !blocks.is_empty() {
                blocks.push(Role::Text, "\n\n");
            }
            let cells =
                self.columns.iter().zip(row).filter(|(column, cell)| !column.name.is_empty() && !is_blank(cell));
            for (place, (column, cell)) in cells.enumerate() {
                if place > 0 {
                    blocks.push(Role::Text, "\n");
                }
                blocks.append(Text::of(Role::Faint, column.name).cut(columns, Keep::Start, ""));
                let beside = (indent > names).then(|| indent - Text::from(column.name).width());
                for (line, text) in wrap(&cell.written(false), columns - indent).into_iter().enumerate() {
                    match beside {
                        Some(space) if line == 0 => blocks.push(Role::Text, " ".repeat(space)),
                        Some(_) | None => blocks.push(Role::Text, format!("\n{}", " ".repeat(indent))),
                    }
                    blocks.push(cell.role(), text);
                }
            }
        }
        blocks
    }
}

/// Whether there is nothing in a cell.
fn is_blank(cell: &Text) -> bool {
    matches!(cell.written(false).as_str(), "" | "-")
}

#[cfg(test)]
mod tests;
