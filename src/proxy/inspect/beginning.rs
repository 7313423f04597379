//! The beginning of a stream, buffered back until it says something: a limit or an overload that it reports before that is
//! failed over as if its status had reported it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Body;
use hyper::http::response::Parts;
use serde_json::Value;

use crate::proxy::inspect::meter::Meter;
use crate::upstream::ResponseBody;

/// A stream that has said nothing within this many bytes passes.
pub const MOST: usize = 64 * 1024;

/// A stream that has said nothing within this time passes.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// An answer whose beginning was read.
pub struct Buffered {
    pub head: Parts,
    pub bytes: VecDeque<Bytes>,
    pub rest: ResponseBody,
    pub meter: Meter,
}

/// Reads a stream until its first output, its failure, or a bound. `Err` when it breaks off before any output.
pub async fn until_output(
    response: Response<ResponseBody>,
    meter: Meter,
) -> Result<(Buffered, Option<Value>), &'static str> {
    let mut buffered = Buffered::nothing(response, meter);
    // The bound in time is over: what was read is passed on.
    let read = tokio::time::timeout(PATIENCE, buffered.read()).await.unwrap_or(Ok(()));
    read?;
    let failure = buffered.meter.failure().cloned();
    Ok((buffered, failure))
}

impl Buffered {
    /// An answer that is not buffered: nothing of it was read.
    pub fn nothing(response: Response<ResponseBody>, meter: Meter) -> Buffered {
        let (head, rest) = response.into_parts();
        Buffered { head, bytes: VecDeque::new(), rest, meter }
    }

    async fn read(&mut self) -> Result<(), &'static str> {
        let mut length = 0;
        while !self.meter.has_output() && self.meter.failure().is_none() && length < MOST {
            match self.rest.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        length += bytes.len();
                        self.meter.push(&bytes);
                        self.bytes.push_back(bytes);
                    }
                }
                Some(Err(_)) => return Err("the stream broke before any output"),
                None if self.meter.is_whole() => {
                    // An error may be the last event and lack its blank line.
                    self.meter.end();
                    return Ok(());
                }
                None => return Err("the stream ended before any output"),
            }
            if self.rest.is_end_stream() && self.meter.is_whole() {
                self.meter.end();
                return Ok(());
            }
        }
        Ok(())
    }
}
