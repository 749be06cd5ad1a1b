//! Runs a program: bounded in time, in what it prints and in what it writes, and killed past that.

use std::{
    ffi::OsString,
    io::Read,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        atomic::AtomicBool,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Scratch, fault, is_set};
use crate::Result;

/// How often the bounds are looked at.
const TURN: Duration = Duration::from_millis(40);
/// Bytes of complaints that are kept, from the start.
const KEPT: usize = 64 << 10;
/// Bytes read at a time.
const PIECE: usize = 64 << 10;

/// What a run may cost.
pub(super) struct Bounds<'a> {
    pub(super) time: Duration,
    /// The file that it writes, and how many bytes at most.
    pub(super) output: Option<(&'a Scratch, u64)>,
    pub(super) cancel: Option<&'a AtomicBool>,
}

/// How a run ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// What it complained about, the first 64 KiB.
    pub(super) complaints: String,
}

/// Runs `program`; what it prints goes to `take`, which ends the run by returning `false`: then it ended as it should.
///
/// # Errors
///
/// [`crate::Error::Ffmpeg`] when it cannot be started, or was killed at one of the bounds.
pub(super) fn run(
    program: &Path,
    arguments: &[OsString],
    bounds: &Bounds,
    take: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<Ended> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Files that the environment asks for, and colours.
    command.env_remove("FFREPORT").env("AV_LOG_FORCE_NOCOLOR", "1");
    // An encoder that talks past the log level.
    command.env("SVT_LOG", "1");
    let child = command.spawn().map_err(|error| fault::not_started(program, &error))?;
    let mut child = Guard(child);
    let printed = reader(child.0.stdout.take());
    let complaints = reader(child.0.stderr.take());
    let started = Instant::now();
    let mut said = Vec::new();
    let mut keep = |bytes: &[u8]| said.extend_from_slice(&bytes[..bytes.len().min(KEPT - said.len())]);
    let mut is_open = true;
    let status = loop {
        if started.elapsed() > bounds.time {
            return Err(fault::too_slow(bounds.time));
        }
        if is_set(bounds.cancel) {
            return Err(fault::cancelled());
        }
        if let Some((file, most)) = bounds.output
            && file.len()? > most
        {
            return Err(fault::too_large(most));
        }
        complaints.try_iter().for_each(|bytes| keep(&bytes));
        match (is_open, printed.recv_timeout(TURN)) {
            (true, Ok(bytes)) => {
                if !take(&bytes) {
                    drop(child);
                    return Ok(Ended { status: ExitStatus::default(), complaints: words(said) });
                }
                continue;
            }
            (true, Err(RecvTimeoutError::Disconnected)) => is_open = false,
            (false, _) => thread::sleep(TURN / 4),
            _ => {}
        }
        if let Some(status) = child.0.try_wait()?
            && !is_open
        {
            break status;
        }
    };
    // What was said last may still be on its way; a grandchild that holds the pipe open is not waited for.
    while let Ok(bytes) = complaints.recv_timeout(TURN) {
        keep(&bytes);
    }
    Ok(Ended { status, complaints: words(said) })
}

fn words(said: Vec<u8>) -> String {
    String::from_utf8_lossy(&said).into_owned()
}

/// Reads a pipe on a thread of its own, which ends with the pipe. It waits where nobody takes what it read.
fn reader(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver): (SyncSender<Vec<u8>>, _) = sync_channel(16);
    if let Some(mut pipe) = pipe {
        thread::spawn(move || {
            let mut piece = vec![0; PIECE];
            while let Ok(len @ 1..) = pipe.read(&mut piece) {
                if sender.send(piece[..len].to_vec()).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

/// A child that does not outlive this.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::{Arc, atomic::Ordering};

    use super::*;
    use crate::Error;

    fn shell(script: &str, bounds: &Bounds, take: &mut dyn FnMut(&[u8]) -> bool) -> Result<Ended> {
        run(Path::new("/bin/sh"), &["-c".into(), script.into()], bounds, take)
    }

    fn bounds(seconds: u64) -> Bounds<'static> {
        Bounds { time: Duration::from_secs(seconds), output: None, cancel: None }
    }

    #[test]
    fn what_is_printed_and_complained_about_arrives() {
        let mut printed = Vec::new();
        let take = &mut |bytes: &[u8]| {
            printed.extend_from_slice(bytes);
            true
        };
        let ended = shell("echo one; echo two >&2; head -c 300000 /dev/zero; exit 3", &bounds(60), take).unwrap();
        assert_eq!((ended.status.code(), ended.complaints.as_str()), (Some(3), "two\n"));
        assert_eq!(printed.len(), 300_004);
        // Complaints without end are cut, and hold nothing up.
        let ended = shell("head -c 5000000 /dev/zero >&2", &bounds(60), &mut |_| true).unwrap();
        assert_eq!(ended.complaints.len(), KEPT);
        // Enough is enough.
        let ended = shell("yes", &bounds(60), &mut |_| false).unwrap();
        assert!(ended.status.success());
    }

    #[test]
    fn what_goes_past_a_bound_is_killed() {
        let started = Instant::now();
        let error = |result: Result<Ended>| result.err().unwrap().to_string();
        // The grandchild holds the pipes open, and is not waited for.
        let slow = Bounds { time: Duration::from_millis(200), ..bounds(0) };
        assert!(error(shell("sleep 30; echo", &slow, &mut |_| true)).contains("was killed"));
        let folder = tempfile::tempdir().unwrap();
        let output = Scratch::new(folder.path()).unwrap();
        let bounded = Bounds { output: Some((&output, 100_000)), ..bounds(20) };
        let script = format!("head -c 200000 /dev/zero > {}; sleep 30", output.path().display());
        assert!(error(shell(&script, &bounded, &mut |_| true)).contains("100000"));
        let switch = Arc::new(AtomicBool::new(false));
        let other = Arc::clone(&switch);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            other.store(true, Ordering::Relaxed);
        });
        let bounded = Bounds { cancel: Some(&switch), ..bounds(20) };
        assert!(error(shell("sleep 30", &bounded, &mut |_| true)).contains("cancelled"));
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        let missing = run(Path::new("/nonexistent/ffmpeg"), &[], &bounds(1), &mut |_| true);
        assert!(matches!(missing, Err(Error::Ffmpeg { .. })));
    }
}
