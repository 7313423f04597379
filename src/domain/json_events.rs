//! Walks over the data of server-sent events as their bytes come, each event a document of its own.

use super::event_stream::{BYTE_ORDER_MARK, Lines, Piece};
use super::json_scan::{Scan, Visit};

const DATA: &[u8] = b"data:";

/// Walks over one stream.
#[derive(Debug, Default)]
pub struct EventScan {
    scan: Scan,
    lines: Lines,
    /// How much of `data:` the line began with.
    head: usize,
    part: Part,
}

/// Where in a line the next byte is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Head,
    Data,
    Rest,
}

impl EventScan {
    /// Takes the next bytes in, and calls `end` when an event is over.
    pub fn push<V: Visit>(&mut self, bytes: &[u8], visit: &mut V, end: fn(&mut V)) {
        let EventScan { scan, lines, head, part } = self;
        lines.push(bytes, &mut |piece| match piece {
            Piece::Text(mut text) => {
                if *head == 0 && *part == Part::Head {
                    text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
                }
                while *part == Part::Head && !text.is_empty() {
                    let is_of_data = text[0] == DATA[*head];
                    *head += 1;
                    *part = match *head {
                        _ if !is_of_data => Part::Rest,
                        length if length == DATA.len() => Part::Data,
                        _ => Part::Head,
                    };
                    text = &text[1..];
                }
                if *part == Part::Data {
                    scan.push(text, visit);
                }
            }
            Piece::End(_) => {
                let is_blank = *part == Part::Head && *head == 0;
                (*part, *head) = (Part::Head, 0);
                if is_blank {
                    scan.end(visit);
                    scan.reset();
                    end(visit);
                }
            }
            Piece::Tail(_) => {}
        });
    }
}
