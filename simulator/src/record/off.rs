//! No record.

use bytes::Bytes;
use hyper::http::request::Parts;

use crate::traffic::Traffic;

/// Notes nothing.
pub(crate) struct Watch;

impl Watch {
    /// Watches nothing.
    pub(crate) fn begin(_: &Traffic, _: &Parts) -> Watch {
        Watch
    }

    /// The body has arrived.
    pub(crate) fn body(&self, _: &Bytes) {}

    /// A piece of the answer's body was handed to the connection.
    pub(crate) fn event(&mut self) {}

    /// The last byte of the answer was handed to the connection.
    pub(crate) fn completed(&mut self) {}
}
