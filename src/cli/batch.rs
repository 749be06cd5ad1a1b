//! Many files at once: all cores, results in the order of the files, and a bar that says how far it is.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _},
    num::NonZeroUsize,
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::exit::Failure;

/// Results that may wait for an older one: this many files ahead of it work stops, so that one slow file costs no memory.
const AHEAD: usize = 64;

/// Threads that are used when nobody says how many: one a core.
pub(super) fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// A bar on standard error: drawn on a terminal, for several files, or for one that says how far it is.
#[derive(Clone)]
pub(super) struct Bar {
    bar: ProgressBar,
    is_of_one: bool,
}

impl Bar {
    pub(super) fn new(files: usize, wanted: bool) -> Self {
        let is_of_one = files == 1;
        let (len, style) = match is_of_one {
            true => (100, "{wide_bar} {percent} %, {eta} to go"),
            false => (files as u64, "{wide_bar} {pos}/{len}, {per_sec}, {eta} to go"),
        };
        let target = match wanted && files > 0 && io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(len), target);
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, is_of_one }
    }

    /// How much of one file is done, 0 to 1. Of several, whole ones are counted.
    pub(super) fn show(&self, share: f64) {
        if self.is_of_one {
            self.bar.set_position((share.clamp(0.0, 1.0) * 100.0) as u64);
        }
    }

    fn count(&self) {
        if !self.is_of_one {
            self.bar.inc(1);
        }
    }

    /// Prints beside the bar.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        if self.is_of_one {
            self.bar.finish_and_clear();
            return print();
        }
        self.bar.suspend(print)
    }
}

/// Does `work` on every job, and gives each result to `each` in the order of the jobs; an error of `each` ends it all.
pub(super) fn run<J: Sync, T: Send>(
    jobs: &[J],
    threads: NonZeroUsize,
    bar: &Bar,
    work: impl Fn(&J) -> T + Sync,
    mut each: impl FnMut(&J, T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (done, moved) = (Mutex::new(0usize), Condvar::new());
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads.get().min(jobs.len()) {
            let send = send.clone();
            let (next, stop, done, moved, work) = (&next, &stop, &done, &moved, &work);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    let done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    let waiting = |done: &mut usize| !stop.load(Ordering::Relaxed) && at >= *done + AHEAD;
                    drop(moved.wait_while(done, waiting).unwrap_or_else(PoisonError::into_inner));
                    if stop.load(Ordering::Relaxed) || send.send((at, work(job))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut result = Ok(());
        let (mut waiting, mut at) = (BTreeMap::new(), 0);
        for (number, finished) in receive {
            waiting.insert(number, finished);
            while let Some(finished) = waiting.remove(&at) {
                if result.is_ok() {
                    result = bar.aside(|| each(&jobs[at], finished));
                    stop.store(result.is_err(), Ordering::Relaxed);
                }
                bar.count();
                at += 1;
            }
            *done.lock().unwrap_or_else(PoisonError::into_inner) = at;
            moved.notify_all();
        }
        bar.bar.finish_and_clear();
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threads(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    #[test]
    fn results_come_in_order_whoever_is_first() {
        let jobs: Vec<u64> = (0..500).collect();
        for number in [1, 2, 7] {
            let mut seen = Vec::new();
            let work = |&job: &u64| {
                thread::sleep(std::time::Duration::from_micros(job * 7919 % 300));
                job * 2
            };
            let bar = Bar::new(jobs.len(), true);
            run(&jobs, threads(number), &bar, work, |_, result| {
                seen.push(result);
                Ok(())
            })
            .unwrap();
            assert_eq!(seen, jobs.iter().map(|job| job * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_slow_first_file_does_not_pile_up_the_others() {
        let jobs: Vec<usize> = (0..1000).collect();
        let (started, first) = (AtomicUsize::new(0), AtomicBool::new(true));
        let work = |_: &usize| {
            if first.swap(false, Ordering::SeqCst) {
                thread::sleep(std::time::Duration::from_millis(200));
                assert!(started.load(Ordering::SeqCst) <= AHEAD, "{started:?}");
            }
            started.fetch_add(1, Ordering::SeqCst);
        };
        run(&jobs, threads(4), &Bar::new(0, false), work, |_, ()| Ok(())).unwrap();
        assert_eq!(started.load(Ordering::SeqCst), 1000);
    }

    #[test]
    fn a_closed_output_ends_the_work() {
        let jobs: Vec<usize> = (0..100_000).collect();
        let worked = AtomicUsize::new(0);
        let work = |_: &usize| worked.fetch_add(1, Ordering::SeqCst);
        let result = run(&jobs, threads(2), &Bar::new(0, false), work, |_, _| Err(Failure::io("closed")));
        assert!(result.is_err() && worked.load(Ordering::SeqCst) < 1000);
    }
}
