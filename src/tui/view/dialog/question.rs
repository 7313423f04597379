//! A question that is answered by yes or no.

use crossterm::event::KeyCode;

use super::Pen;
use super::sheet::Sheet;
use crate::tui::app::dialog::remove::Remove;
use crate::tui::view::theme::Role;

pub fn sheet(remove: &Remove, pen: &Pen<'_>) -> Sheet {
    let mut body = pen.wrapped(&remove.question, Role::Text);
    body.push(Vec::new());
    let role = |is_chosen: bool| if is_chosen { Role::Selected } else { Role::Text };
    let answers = vec![
        pen.piece("[ No ]", role(!remove.is_yes)).doing(KeyCode::Char('n')),
        pen.piece("   ", Role::Text),
        pen.piece("[ Yes ]", role(remove.is_yes)).doing(KeyCode::Char('y')),
    ];
    body.push(answers);
    let focus = body.len() - 1;
    let keys = [(KeyCode::Char('y'), "y", "remove"), (KeyCode::Char('n'), "n", "keep")];
    let foot = vec![pen.keys(&keys)];
    Sheet { title: "Remove".to_owned(), columns: pen.room.0.min(56), body, focus, foot, cursor: None }
}
