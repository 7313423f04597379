//! Tables of every width.

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;

const COLUMNS: [Column; 5] = [
    Column::new("#"),
    Column::new("LABEL").least(6, Keep::Both),
    Column::new("N").number().rank(2),
    Column::new("FOLDER").least(6, Keep::End).rank(3),
    Column::new("NOTE").least(6, Keep::Start).rank(1),
];

fn table(rows: &[[&str; 5]]) -> Table {
    let mut table = Table::new(&COLUMNS);
    for row in rows {
        table.row(&row.map(Text::from));
    }
    table
}

fn shown(table: &Table, columns: Option<usize>) -> String {
    table.fit(Room { columns, is_unicode: true }).written(false)
}

#[test]
fn columns_align_by_what_a_terminal_shows() {
    let rows = [
        ["1", "plain", "1", "~", "x"],
        ["2", "仕事用", "22", "~", "x"],
        ["3", "cafe\u{301}", "333", "~", "x"],
        ["4", "עבודה", "4", "~", "x"],
        ["5", "👍", "5", "~", "x"],
        ["6", "a\tb", "6", "~", ""],
    ];
    let expected = [
        "#  LABEL     N  FOLDER  NOTE",
        "1  plain     1  ~       x",
        "2  仕事用   22  ~       x",
        "3  cafe\u{301}    333  ~       x",
        "4  עבודה     4  ~       x",
        "5  👍        5  ~       x",
        "6  a\u{fffd}b       6  ~",
    ];
    for columns in [None, Some(28), Some(200)] {
        assert_eq!(shown(&table(&rows), columns), expected.join("\n"));
    }
}

#[test]
fn columns_are_shortened_then_left_out_then_become_blocks() {
    let mut table = table(&[
        ["1*", "somebody@example.com", "12", "~/work/shop/api", "rate limited until noon"],
        ["2", "work", "3", "-", ""],
    ]);
    for (columns, expected) in [
        (
            72,
            "\
#   LABEL                  N  FOLDER           NOTE
1*  somebody@example.com  12  ~/work/shop/api  rate limited until noon
2   work                   3  -",
        ),
        (
            50,
            "\
#   LABEL           N  FOLDER         NOTE
1*  somebo…le.com  12  …ork/shop/api  rate limite…
2   work            3  -",
        ),
        (
            24,
            "\
#   LABEL     N  NOTE
1*  som…com  12  rate l…
2   work      3
Too narrow to show
FOLDER",
        ),
        (
            20,
            "\
#       1*
LABEL   somebody@exa
        mple.com
N       12
FOLDER  ~/work/shop/
        api
NOTE    rate limited
        until noon

#       2
LABEL   work
N       3",
        ),
    ] {
        // One that is always there may take more room than there is.
        if columns == 20 {
            table.columns[1] = Column::new("LABEL");
        }
        assert_eq!(shown(&table, Some(columns)), expected, "{columns}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_line_is_wider_than_the_terminal(
        columns in 3_usize..120,
        cells in proptest::collection::vec("[ -~\u{7}仕事用עבודה👍é]{0,40}", 10),
        is_unicode: bool,
    ) {
        let mut table = Table::new(&COLUMNS);
        for row in cells.chunks(5) {
            table.row(&row.iter().map(|cell| Text::from(cell.as_str())).collect::<Vec<_>>());
        }
        let shown = table.fit(Room { columns: Some(columns), is_unicode }).written(false);
        for line in shown.lines() {
            prop_assert!(line.width() <= columns, "{line:?} is wider than {columns} in\n{shown}");
        }
    }
}
