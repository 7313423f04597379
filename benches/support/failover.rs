//! What a 429 that fails over adds to a request, with a next upstream that answers at once and one that takes a while.

use std::io;
use std::time::Duration;

use super::door::{Door, Kind};
use super::figures::median;
use super::load;
use super::sheet::{COLUMNS, Sheet};
use super::timed::{Extent, Rounds};
use super::upstream::{LIMITED_FOR, THINKS, Upstream};

/// What it adds, and how many reach the client.
pub async fn rows(sheet: &mut Sheet, upstream: &Upstream, extent: &Extent) -> io::Result<()> {
    for (name, next) in
        [("at once".to_owned(), upstream.free), (format!("after {} ms", THINKS.as_millis()), upstream.slow)]
    {
        let mut doors = Vec::new();
        for kind in COLUMNS.into_iter().filter(|kind| *kind != Kind::Direct) {
            if let (Some(failing_over), Some(plain)) =
                (Door::open(kind, &[upstream.limited, next])?, Door::open(kind, &[next])?)
            {
                doors.push((kind, failing_over, plain));
            }
        }
        let (mut added, mut refused) = (Rounds::new(), Vec::new());
        let mut written = 0.0;
        for _ in 0..extent.rounds {
            for (kind, failing_over, plain) in &doors {
                let pause = LIMITED_FOR + Duration::from_millis(1);
                let before = failing_over.revision();
                let (slower, limited) = load::ask_slowly(&failing_over.target, extent.count, pause, true).await?;
                if *kind == Kind::Sidecar {
                    written += failing_over.revision() - before;
                }
                let (faster, _) = load::ask_slowly(&plain.target, extent.count, pause, false).await?;
                added.push(*kind, median(&slower) - median(&faster));
                refused.push((*kind, f64::from(limited)));
            }
        }
        let asked = extent.count * extent.rounds;
        #[expect(clippy::cast_precision_loss, reason = "a thousand")]
        let each = written / asked as f64;
        sheet.remark(format!("a failed-over 429, answer {name}: {each:.2} writes of the accounts file each"));
        sheet.row(&format!("a failed-over 429 adds, answer {name}, µs"), 0, |kind| added.of(kind));
        sheet.row(&format!("of {asked} 429s reach the client, {name}"), 0, |kind| {
            let all = refused.iter().filter(|(column, _)| *column == kind).map(|(_, count)| *count);
            all.reduce(|sum, count| sum + count).unwrap_or(f64::NAN)
        });
    }
    Ok(())
}
