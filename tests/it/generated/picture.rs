//! `docs/architecture.svg`: the rooms on their floors and three ways through them, drawn from `docs/architecture.txt`. The
//! same file is held against the rules that the sources obey.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::compare;
use crate::architecture::RULES;

/// Rooms of one kind.
struct Floor {
    title: String,
    says: String,
    rooms: Vec<String>,
}

/// A way through the house, from room to room.
struct Trip {
    title: String,
    rooms: Vec<String>,
}

const WIDTH: usize = 1360;
const FLOOR: usize = 92;
const TOP: usize = 56;
/// Where the rooms of a floor begin; its title stands before them.
const LEFT: usize = 250;
/// Where the ways are drawn, a lane each beside the floors.
const LANES: usize = 970;
const LANE: usize = 128;
const COLOURS: [&str; 3] = ["#c2410c", "#1d4ed8", "#15803d"];

fn read() -> (Vec<Floor>, Vec<Trip>) {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.txt")).unwrap();
    let (mut floors, mut trips) = (Vec::<Floor>::new(), Vec::new());
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (kind, rest) = line.split_once(' ').unwrap();
        let (title, more) = rest.split_once(" | ").unwrap_or((rest, ""));
        match kind {
            "floor" => floors.push(Floor { title: title.to_owned(), says: more.to_owned(), rooms: Vec::new() }),
            "rooms" => floors.last_mut().unwrap().rooms = words(rest),
            "trip" => trips.push(Trip { title: title.to_owned(), rooms: words(more) }),
            other => panic!("docs/architecture.txt: `{other}` is no kind of line"),
        }
    }
    (floors, trips)
}

#[test]
fn the_picture_of_the_house_is_that_of_its_text() {
    let (floors, trips) = read();
    compare("docs/architecture.svg", &draw(&floors, &trips));
}

#[test]
fn no_room_imports_one_of_a_floor_above() {
    let (floors, _) = read();
    let floor_of: BTreeMap<&str, usize> = (floors.iter().enumerate())
        .flat_map(|(at, floor)| floor.rooms.iter().map(move |room| (room.as_str(), at)))
        .collect();
    let mut wrong = Vec::new();
    for (room, imports) in RULES.iter().filter(|(room, _)| !room.contains('/')) {
        let Some(floor) = floor_of.get(room) else {
            wrong.push(format!("`{room}` is on no floor"));
            continue;
        };
        let above = imports.iter().filter(|import| floor_of.get(*import).is_some_and(|other| other < floor));
        wrong.extend(above.map(|import| format!("`{room}` imports `{import}`, which is above it")));
    }
    assert!(wrong.is_empty(), "docs/architecture.txt: {}", wrong.join("\n"));
}

fn draw(floors: &[Floor], trips: &[Trip]) -> String {
    let height = TOP + floors.len() * FLOOR + 8;
    let mut drawn = String::new();
    for (at, floor) in floors.iter().enumerate() {
        let y = TOP + at * FLOOR;
        let _ = write!(
            drawn,
            "<rect class=\"floor\" x=\"16\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n\
             <text class=\"title\" x=\"32\" y=\"{}\">{}</text>\n",
            WIDTH - 32,
            FLOOR - 12,
            y + 26,
            floor.title
        );
        for (line, says) in wrapped(&floor.says, 28).iter().enumerate() {
            let _ = writeln!(drawn, "<text class=\"says\" x=\"32\" y=\"{}\">{says}</text>", y + 46 + line * 16);
        }
        let mut x = LEFT;
        for room in &floor.rooms {
            let width = 24 + room.len() * 8;
            let _ = writeln!(
                drawn,
                "<rect class=\"room\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"32\" rx=\"5\"/>\
                 <text class=\"name\" x=\"{}\" y=\"{}\">{room}</text>",
                y + 24,
                x + width / 2,
                y + 45
            );
            x += width + 12;
        }
    }
    for (at, trip) in trips.iter().enumerate() {
        let (left, colour) = (LANES + at * LANE, COLOURS[at]);
        let _ = writeln!(
            drawn,
            "<text class=\"title\" style=\"fill:{colour}\" x=\"{left}\" y=\"34\">{}</text>",
            trip.title
        );
        let steps: Vec<(usize, usize, &String)> = (trip.rooms.iter().enumerate())
            .map(|(step, room)| {
                let floor = floors.iter().position(|floor| floor.rooms.contains(room));
                let floor = floor.unwrap_or_else(|| panic!("`{room}` is on no floor"));
                (left + 10 + step * 14, TOP + floor * FLOOR + 40, room)
            })
            .collect();
        let points: Vec<String> = steps.iter().map(|(x, y, _)| format!("{x},{y}")).collect();
        let _ = writeln!(drawn, "<polyline class=\"trip\" stroke=\"{colour}\" points=\"{}\"/>", points.join(" "));
        for (step, (x, y, room)) in steps.iter().enumerate() {
            let _ = writeln!(
                drawn,
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"9\" fill=\"{colour}\"/><text class=\"step\" x=\"{x}\" y=\"{}\">{}</text>\
                 <text class=\"says\" x=\"{}\" y=\"{}\">{room}</text>",
                y + 4,
                step + 1,
                x + 14,
                y + 4
            );
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" aria-label=\"The rooms of the program\">\n<title>The rooms of the program</title>\n\
         <style>text{{font:14px system-ui,sans-serif;fill:#1f2937}}.says{{font-size:12px;fill:#4b5563}}.title{{font-weight:700}}\
         .name{{font-family:ui-monospace,monospace;font-size:13px;text-anchor:middle}}.floor{{fill:#f3f4f6}}\
         .room{{fill:#fff;stroke:#9ca3af}}.trip{{fill:none;stroke-width:2.5;opacity:.75;stroke-linejoin:round}}\
         .step{{fill:#fff;font-size:11px;font-weight:700;text-anchor:middle}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text class=\"title\" x=\"16\" y=\"34\">A room imports rooms of its own floor and of those below it</text>\n{drawn}</svg>\n"
    )
}

/// `text` in lines of at most `most` letters.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
