//! Memory that nobody uses.

/// Asks the allocator for one pool for all threads, instead of one for each: what a thread has needed for a moment serves the next.
/// Each has a small cache of its own, so that they seldom wait for the pool. To be called before there are threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library's own call, which no crate offers")]
pub fn share() {
    use std::ffi::c_int;

    const M_ARENA_MAX: c_int = -8;

    unsafe extern "C" {
        safe fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }
    mallopt(M_ARENA_MAX, 1);
}

/// Other allocators have pools of their own making.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn share() {}

/// Gives what the allocator keeps for later back to the system. Takes about a millisecond for ten megabytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library's own call, which no crate offers")]
pub fn give_back() {
    unsafe extern "C" {
        safe fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    malloc_trim(0);
}

/// Other allocators do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
