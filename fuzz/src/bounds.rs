//! Memory and time of one call, as its thread sees them.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    time::Duration,
};

/// The library's promise (`Limits`) for the limits of these targets: 4 × a picture of 1 MiB, 4 × 1 MiB of metadata, and what the
/// library takes for itself.
pub const MAX_BYTES: usize = 32 << 20;
/// Of processor time, in a build that is several times slower than one for use.
pub const MAX_TIME: Duration = Duration::from_secs(2);

/// Counts what each thread has allocated, and its peak.
struct Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is handed to the system's allocator unchanged; the counters are plain cells without destructors.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().saturating_sub(layout.size()));
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(layout: Layout) {
    let live = LIVE.get().saturating_add(layout.size());
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

/// Runs `case` and panics when it took more than it may.
pub fn bounded<T>(what: &str, case: impl FnOnce() -> T) -> T {
    let (start, before) = (processor_time(), LIVE.get());
    PEAK.set(before);
    let result = case();
    let (peak, took) = (PEAK.get().saturating_sub(before), processor_time().saturating_sub(start));
    assert!(peak <= MAX_BYTES, "{what} took {} MiB", peak >> 20);
    assert!(took <= MAX_TIME, "{what} took {took:?}");
    result
}

fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock is one that every Linux has, and `time` is a place that the call may write to.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0, "the processor's clock of this thread");
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}
