//! Memory that is wiped when it is given back, while a key is on its way through code that keeps copies: parsers, buffers of
//! connections. Between such times an allocation costs one look at a number.
#![expect(unsafe_code, reason = "an allocator is made of pointers")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::background;

/// How long what a key went through may take to be given back.
const WHILE: Duration = Duration::from_secs(5);

/// No message that holds a key is as large as this, and the system takes such memory back and wipes it itself.
const LARGEST: usize = 4 * 1024 * 1024;

/// How many keys are on their way.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which wipes what is given back from now on.
#[derive(Debug)]
pub struct Wiping;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

/// A key is on its way: wipes all memory that is given back within the next seconds.
pub fn wipe_for_a_while() {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    UNDER_WAY.fetch_add(1, Ordering::Relaxed);
    background::spawn_on(&runtime, async {
        tokio::time::sleep(WHILE).await;
        UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
    });
}

fn wipes(layout: Layout) -> bool {
    UNDER_WAY.load(Ordering::Relaxed) > 0 && layout.size() <= LARGEST
}

// SAFETY: every call goes to the system's allocator with the arguments that came, and what `realloc` does by itself is what
// its default does: a new place, a copy, and the old place given back.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that are asked for here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        if wipes(layout) {
            // SAFETY: the whole place is the caller's until it is given back in the next line.
            unsafe { place.write_bytes(0, layout.size()) };
            // Without this the writing would be left out, since nobody reads it.
            black_box(place);
        }
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !wipes(layout) {
            // SAFETY: as above.
            return unsafe { System.realloc(place, layout, size) };
        }
        // SAFETY: the caller promises that `size` is one that a layout may have with this alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: as above; both places are as long as what is copied, and do not overlap.
        unsafe {
            let moved = self.alloc(wanted);
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(place, layout.size().min(size));
                self.dealloc(place, layout);
            }
            moved
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    /// What stands at an address of this process, whoever it belongs to.
    #[expect(clippy::disallowed_methods, reason = "the test looks at its own memory")]
    fn at(address: usize, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let memory = std::fs::File::open("/proc/self/mem").expect("a process may read its own memory");
        memory.read_exact_at(&mut bytes, address as u64).expect("the allocator keeps small places");
        bytes
    }

    #[tokio::test]
    async fn what_is_given_back_while_a_key_is_under_way_is_wiped() {
        wipe_for_a_while();
        // Of a size that nobody else asks for at the same time, and too small for a place of its own.
        let mut text = Vec::with_capacity(5_003);
        text.extend_from_slice(&[b'k'; 5_003]);
        let old = text.as_ptr().addr();
        text.reserve_exact(40_009);
        // The first bytes are the allocator's own while the place is free.
        assert!(!at(old + 64, 4_096).windows(16).any(|bytes| bytes == [b'k'; 16]), "what was moved");
        assert_eq!(&text[..], &[b'k'; 5_003][..]);
        let place = text.as_ptr().addr();
        drop(text);
        assert!(!at(place + 64, 4_096).windows(16).any(|bytes| bytes == [b'k'; 16]), "what was dropped");
    }
}
