//! Memory and time of one call, as its thread sees them.

#[path = "../../tests/harm/counting.rs"]
mod counting;

use std::time::Duration;

/// The library's promise (`Limits`) for the limits of these targets: 4 × a picture of 1 MiB, 4 × 1 MiB of metadata, and what the
/// library takes for itself.
pub const MAX_BYTES: usize = 32 << 20;
/// Of processor time, in a build that is several times slower than one for use.
pub const MAX_TIME: Duration = Duration::from_secs(2);

/// Runs `case` and panics when it took more than it may.
pub fn bounded<T>(what: &str, case: impl FnOnce() -> T) -> T {
    let start = processor_time();
    let (result, peak) = counting::peak_of(case);
    let took = processor_time().saturating_sub(start);
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
