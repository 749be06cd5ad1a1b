//! A signal while ffmpeg works for us: it is stopped, what is half-written goes, and then tanba ends. (Ctrl-C at a terminal reaches
//! ffmpeg too; a service manager's SIGTERM does not.)

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::exit::Failure;

/// Says whether to stop. Without [`listen`](Self::listen) a signal ends the process, as usual.
#[derive(Clone, Default)]
pub(super) struct Stop {
    switch: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// From now on the first SIGINT or SIGTERM only sets the switch; the second ends the process.
    #[cfg(unix)]
    pub(super) fn listen(&self) -> std::io::Result<()> {
        use signal_hook::{
            consts::{SIGINT, SIGTERM},
            flag,
        };
        for signal in [SIGINT, SIGTERM] {
            // Looked at in this order: a switch that is set already was set by an earlier one.
            flag::register_conditional_default(signal, Arc::clone(&self.switch))?;
            flag::register_usize(signal, Arc::clone(&self.signal), signal.unsigned_abs() as usize)?;
            flag::register(signal, Arc::clone(&self.switch))?;
        }
        Ok(())
    }

    #[cfg(not(unix))]
    pub(super) fn listen(&self) -> std::io::Result<()> {
        Ok(())
    }

    /// What programs that run for us look at.
    pub(super) fn switch(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.switch)
    }

    /// # Errors
    ///
    /// Once a signal came.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self.switch.load(Ordering::SeqCst) {
            true => Err(Failure::stopped(self.signal.load(Ordering::SeqCst))),
            false => Ok(()),
        }
    }
}
