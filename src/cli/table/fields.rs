//! One object: a name and a value on each line. On a terminal a long value goes on below itself.

use super::Room;
use crate::cli::text::Text;
use crate::theme::Role;
use crate::wording::cut::wrap;

/// Names are padded to this width.
const NAME: usize = 14;

/// A value has so many columns at least; else it begins below its name.
const LEAST: usize = 16;

/// As lines.
pub fn fields(rows: &[(&str, Text)], room: Room) -> Text {
    let mut lines = Text::new();
    for (number, (name, value)) in rows.iter().enumerate() {
        if number > 0 {
            lines.push(Role::Text, "\n");
        }
        lines.push(Role::Faint, *name);
        let value = value.in_one_line();
        let space = |width: usize| " ".repeat(width.saturating_sub(name.len()));
        match room.columns {
            Some(columns) if NAME + LEAST > columns || value.width() + NAME > columns => {
                let (indent, first) = if NAME + LEAST > columns { (2, "\n  ".to_owned()) } else { (NAME, space(NAME)) };
                let broken = wrap(&value.written(false), columns.saturating_sub(indent));
                lines.push(Role::Text, first);
                lines.push(value.role(), broken.join(&format!("\n{}", " ".repeat(indent))));
            }
            Some(_) | None => {
                lines.push(Role::Text, space(NAME));
                lines.append(value);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_goes_on_below_itself() {
        let rows = [("id", Text::from("7f")), ("note", Text::from("rate limited for an hour"))];
        for (columns, expected) in [
            (None, "id            7f\nnote          rate limited for an hour"),
            (Some(80), "id            7f\nnote          rate limited for an hour"),
            (Some(30), "id            7f\nnote          rate limited for\n              an hour"),
            (Some(20), "id\n  7f\nnote\n  rate limited for\n  an hour"),
        ] {
            assert_eq!(fields(&rows, Room { columns, is_unicode: true }).written(false), expected);
        }
    }
}
