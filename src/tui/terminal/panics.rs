//! A panic's message, on a terminal that can be read again.

use std::sync::Arc;

use super::modes::Takeover;

/// From now on a panic gives the terminal back before its message is printed, and ends the screen: what it belongs to is
/// broken, and a message below a screen that goes on would be lost.
pub fn give_back_first(takeover: &Arc<Takeover>) {
    let takeover = Arc::clone(takeover);
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        takeover.end();
        print(panic);
        takeover.note_panic();
    }));
}
