//! How long things may take. What takes minutes runs where `CAM_TEST_LONG=1` is set, beside the other tests.

mod answers;
mod clients;
mod vanished;

use crate::support::has_time;
