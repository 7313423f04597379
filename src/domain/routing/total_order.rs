//! Numbers in an order that knows every two of them, so that the same input makes the same choice.

use std::cmp::Ordering;

/// A number by IEEE 754's total order.
#[derive(Clone, Copy, Debug)]
pub struct TotalOrder(pub f64);

impl Ord for TotalOrder {
    fn cmp(&self, other: &TotalOrder) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for TotalOrder {
    fn partial_cmp(&self, other: &TotalOrder) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for TotalOrder {
    fn eq(&self, other: &TotalOrder) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for TotalOrder {}
