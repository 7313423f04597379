//! A small curve: one cell a value, as high as its part of the largest.

use crate::tui::view::theme::Theme;

/// The curve of `values`. Nothing is a blank, and what is more than nothing is seen.
pub fn spark(values: &[u64], theme: Theme) -> String {
    const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const ASCII: [char; 5] = [' ', '.', ':', '+', '#'];
    let signs: &[char] = theme.pick(&BLOCKS, &ASCII);
    let most = values.iter().copied().max().unwrap_or(0);
    let steps = u128::try_from(signs.len() - 1).unwrap_or(1);
    let sign = |value: u64| {
        let step = (u128::from(value) * steps).div_ceil(u128::from(most.max(1)));
        signs[usize::try_from(step).unwrap_or(0).min(signs.len() - 1)]
    };
    values.iter().map(|value| sign(*value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::screen::look;

    #[test]
    fn each_value_is_as_high_as_its_part_of_the_largest() {
        for (values, blocks, ascii) in [
            (vec![], "", ""),
            (vec![0, 0], "  ", "  "),
            (vec![0, 1, 100], " ▁█", " .#"),
            (vec![50, 100], "▄█", ":#"),
            (vec![u64::MAX, 1], "█▁", "#."),
        ] {
            for (is_unicode, expected) in [(true, blocks), (false, ascii)] {
                let theme = Theme::of(&look(false, is_unicode));
                assert_eq!(spark(&values, theme), expected);
            }
        }
    }
}
