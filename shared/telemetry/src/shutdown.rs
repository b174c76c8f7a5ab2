use std::fmt;
use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// The signals that ask a process to stop: TERM, INT and QUIT. Only `main` listens to them; everything below is told.
#[derive(Debug)]
pub struct StopSignals {
    term: Stream,
    interrupt: Stream,
    quit: Stream,
}

/// Which signal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// From a process manager: end in good order.
    Term,
    /// From a keyboard: the same.
    Interrupt,
    /// End without waiting for what runs.
    Quit,
}

impl StopSignals {
    /// Listens from now on, so that a signal that comes while the process starts is not lost. From then on no such
    /// signal ends the process by itself, however often it comes.
    ///
    /// # Errors
    /// When the system refuses. Must be called within a runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Completes with the next signal. Cancel safe.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.term.recv() => Signal::Term,
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.quit.recv() => Signal::Quit,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Term => "TERM",
            Self::Interrupt => "INT",
            Self::Quit => "QUIT",
        })
    }
}
