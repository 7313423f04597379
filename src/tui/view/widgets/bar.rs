//! A bar that is as full as something is used, to an eighth of a cell where the terminal shows blocks. The number always
//! stands beside it.

use ratatui::text::Span;

use crate::tui::view::theme::{Role, Theme};

/// From here on it is nearly used up.
const NEAR: f64 = 75.0;
/// From here on little is left.
const FULL: f64 = 95.0;

/// How much `percent` of something matters.
pub fn role(percent: f64) -> Role {
    if percent >= FULL {
        Role::Bad
    } else if percent >= NEAR {
        Role::Warning
    } else {
        Role::Good
    }
}

/// A bar of `width` cells that is `percent` full. What is more than nothing is seen, and what is not full is not shown so.
pub fn bar(percent: f64, width: u16, theme: Theme) -> [Span<'static>; 2] {
    let (filled, empty) = parts(percent, width, theme);
    [Span::styled(filled, theme.style(role(percent))), Span::styled(empty, theme.style(Role::Faint))]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the cells of a screen")]
fn parts(percent: f64, width: u16, theme: Theme) -> (String, String) {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let cells = usize::from(width);
    let part = (percent / 100.0).clamp(0.0, 1.0);
    let steps = if theme.is_unicode { cells * 8 } else { cells };
    #[expect(clippy::cast_precision_loss, reason = "a screen has few cells")]
    let exact = part * steps as f64;
    let mut taken = (exact.round() as usize).min(steps);
    if part > 0.0 {
        taken = taken.max(1).min(steps);
    }
    if part < 1.0 && steps > 1 {
        taken = taken.min(steps - 1);
    }
    if !theme.is_unicode {
        return ("#".repeat(taken), ".".repeat(cells - taken));
    }
    let (whole, rest) = (taken / 8, EIGHTHS[taken % 8]);
    let used = whole + usize::from(!rest.is_empty());
    (format!("{}{rest}", "█".repeat(whole)), "░".repeat(cells - used))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::screen::look;

    #[test]
    fn a_bar_is_as_long_as_its_part_and_never_lies_at_its_ends() {
        for (percent, width, blocks, ascii) in [
            (0.0, 4, "░░░░", "...."),
            (0.1, 4, "▏░░░", "#..."),
            (50.0, 4, "██░░", "##.."),
            (99.9, 4, "███▉", "###."),
            (100.0, 4, "████", "####"),
            (250.0, 2, "██", "##"),
            (-1.0, 2, "░░", ".."),
            (50.0, 0, "", ""),
            (f64::NAN, 2, "░░", ".."),
        ] {
            for (is_unicode, expected) in [(true, blocks), (false, ascii)] {
                let theme = Theme::of(&look(false, is_unicode));
                let (filled, empty) = parts(percent, width, theme);
                assert_eq!(format!("{filled}{empty}"), expected, "{percent} of {width}");
            }
        }
    }
}
