//! A login's stream, read to its end for a client that asked for none.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::http::response::Parts;
use serde_json::Value;

use crate::domain::translate::{Collector, Failure, Wanted};
use crate::proxy::inspect::beginning::Buffered;
use crate::proxy::inspect::meter::Meter;
use crate::proxy::read::body::{Room, drain};
use crate::proxy::send::translated::Unserved;

/// How long an upstream may take to end an answer whose last event is there.
const END_PATIENCE: Duration = Duration::from_secs(1);

/// What became of a stream that was read to its end.
pub enum Collected {
    /// The whole answer.
    Whole(Box<Whole>),
    /// The backend says why there is none.
    Error(Box<ReportedError>),
    /// It broke off.
    Broken(&'static str),
    /// More than this process has room for.
    TooMuch(Unserved),
}

/// A whole answer.
pub struct Whole {
    pub head: Parts,
    pub meter: Meter,
    pub document: Value,
}

/// An error in the place of one.
pub struct ReportedError {
    pub head: Parts,
    pub error: Value,
    /// The events `codex.rate_limits` before it.
    pub quota: Vec<Value>,
}

/// Reads a stream to its end for a client that asked for none. What is kept of it is counted in `room`.
pub async fn collect(buffered: Buffered, wanted: &Wanted, mut room: Room) -> Collected {
    let Buffered { head, bytes, mut rest, mut meter } = buffered;
    let mut collecting = Collector::new(wanted);
    for bytes in bytes {
        collecting.push(&bytes);
    }
    while !collecting.is_over() {
        match rest.frame().await {
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    meter.push(&bytes);
                    collecting.push(&bytes);
                    if !room.hold(collecting.held()) {
                        return Collected::TooMuch(Unserved::NoRoom);
                    }
                }
            }
            Some(Err(_)) => return Collected::Broken("the stream was cut off"),
            None => break,
        }
    }
    if collecting.is_over() {
        // The connection serves the next request.
        drain(rest, END_PATIENCE);
    }
    match collecting.finish() {
        Ok(document) => Collected::Whole(Box::new(Whole { head, meter, document })),
        Err(Failure::Reported(error)) => {
            Collected::Error(Box::new(ReportedError { head, error, quota: meter.quota() }))
        }
        Err(Failure::Truncated) => Collected::Broken("the stream ended before its last event"),
        Err(Failure::TooLong) => Collected::TooMuch(Unserved::AnswerTooLong),
    }
}
