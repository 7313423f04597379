//! Every screen at every size.

use crate::tui::app::Tab;
use crate::tui::testing::facts::{file, full, household, knowing};
use crate::tui::testing::screen::{at, check, look};

#[test]
fn accounts() {
    check("accounts", &mut full());
}

#[test]
fn nothing_is_known_yet() {
    check("nothing_known", &mut knowing(vec![]));
}

#[test]
fn no_screen_is_too_small_to_be_drawn() {
    for tab in Tab::ALL {
        for mut app in [full(), knowing(vec![]), knowing(vec![file(household())])] {
            app.show(tab);
            for size in (1..=40).flat_map(|columns| (1..=20).map(move |rows| (columns, rows))) {
                for (has_colours, is_unicode) in [(true, true), (false, false)] {
                    at(&mut app, size, &look(has_colours, is_unicode));
                }
            }
        }
    }
}
