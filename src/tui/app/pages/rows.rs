//! The selected row of a list, and the rows that are visible. The selection is an id: rows may come, go and move under it,
//! and it stays where it is on the screen.

/// The state of one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The id of the selected row; `None` follows the first row, whichever that is.
    pub selected: Option<String>,
    /// Its last known place, for when its row is gone.
    place: usize,
    /// On which line of the screen it is, counted from the first that is seen.
    line: usize,
    /// By what it is sorted; each view knows its own.
    pub order: usize,
}

/// The rows that are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first.
    pub top: usize,
    /// The selected one.
    pub selected: usize,
}

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// By so many rows.
    By(isize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

impl Rows {
    /// What is seen of `count` rows on `height` lines, when the selected id is at `found` now.
    pub fn window(&self, count: usize, found: Option<usize>, height: usize) -> Window {
        let last = count.saturating_sub(1);
        let selected = if self.selected.is_none() { 0 } else { found.unwrap_or(self.place).min(last) };
        let line = self.line.min(height.saturating_sub(1)).min(selected);
        let line = if self.selected.is_none() { 0 } else { line };
        let top = (selected - line).min(count.saturating_sub(height));
        Window { top, selected }
    }

    /// Selects the row at `target` while the rows from `top` on are seen, which moves no further than it has to.
    pub fn select(&mut self, target: usize, top: usize, height: usize, id: impl Fn(usize) -> Option<String>) {
        let lowest = target.saturating_sub(height.saturating_sub(1));
        let top = top.clamp(lowest, target.max(lowest));
        self.selected = id(target);
        self.place = target;
        self.line = target - top;
    }

    /// Follows the first row again.
    pub fn follow(&mut self) {
        self.selected = None;
        self.place = 0;
        self.line = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| number.to_string()).collect()
    }

    /// Moves as the screen does; `id` gives the id at a place.
    fn go(
        rows: &mut Rows,
        step: Step,
        count: usize,
        found: Option<usize>,
        height: usize,
        id: impl Fn(usize) -> Option<String>,
    ) {
        let window = rows.window(count, found, height);
        let last = count.saturating_sub(1);
        let target = match step {
            Step::By(by) => window.selected.saturating_add_signed(by).min(last),
            Step::First => 0,
            Step::Last => last,
        };
        rows.select(target, window.top, height, id);
    }

    /// Takes `steps` over ten rows seen on four lines, and returns the selected one and the first that is seen.
    fn after(steps: &[Step]) -> (usize, usize) {
        let list = names(10);
        let mut rows = Rows::default();
        let found = |rows: &Rows| rows.selected.as_ref().and_then(|id| list.iter().position(|other| other == id));
        for step in steps {
            let at = found(&rows);
            go(&mut rows, *step, 10, at, 4, |place| list.get(place).cloned());
        }
        let window = rows.window(10, found(&rows), 4);
        (window.selected, window.top)
    }

    #[test]
    fn the_selection_moves_and_the_list_only_when_it_has_to() {
        for (steps, expected) in [
            (vec![], (0, 0)),
            (vec![Step::By(1)], (1, 0)),
            (vec![Step::By(3)], (3, 0)),
            (vec![Step::By(4)], (4, 1)),
            (vec![Step::By(4), Step::By(-1)], (3, 1)),
            (vec![Step::By(4), Step::By(-4)], (0, 0)),
            (vec![Step::Last], (9, 6)),
            (vec![Step::Last, Step::By(5)], (9, 6)),
            (vec![Step::Last, Step::By(-3)], (6, 6)),
            (vec![Step::Last, Step::First], (0, 0)),
            (vec![Step::By(-1)], (0, 0)),
        ] {
            assert_eq!(after(&steps), expected, "{steps:?}");
        }
    }

    #[test]
    fn rows_that_come_above_do_not_move_the_selected_one_on_the_screen() {
        let mut list = names(10);
        let mut rows = Rows::default();
        go(&mut rows, Step::By(5), 10, None, 4, |place| list.get(place).cloned());
        assert_eq!(rows.window(10, Some(5), 4), Window { top: 2, selected: 5 });
        list.insert(0, "new".to_owned());
        assert_eq!(rows.window(11, Some(6), 4), Window { top: 3, selected: 6 });
        assert_eq!(Rows::default().window(11, None, 4), Window { top: 0, selected: 0 }, "the first row is followed");
    }

    #[test]
    fn a_row_that_is_gone_leaves_the_selection_at_its_place() {
        let mut rows = Rows::default();
        go(&mut rows, Step::By(2), 10, None, 4, |place| Some(place.to_string()));
        assert_eq!(rows.window(10, None, 4).selected, 2);
        assert_eq!(rows.window(1, None, 4), Window { top: 0, selected: 0 });
        assert_eq!(rows.window(0, None, 0), Window::default());
    }
}
