use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use test_support::{Process, Signal};

use crate::journal::monotonic;

/// What the programs of a scene said until they ended.
pub(crate) type Said = Arc<Mutex<Vec<String>>>;

/// A running `queue-faults`. Every way to end it leaves what it said to the scene.
pub struct Program {
    /// The process.
    pub process: Process,
    name: String,
    said: Said,
}

impl Program {
    pub(crate) fn new(process: Process, name: String, said: Said) -> Self {
        Self {
            process,
            name,
            said,
        }
    }

    /// What its journal is called: pids are used again, names are not.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until it has a worker that claims jobs.
    pub async fn works(&self) {
        self.process.line_with("process.kind=\"Worker\"").await;
    }

    /// Waits for its end, which must be a success. Returns what it said.
    ///
    /// # Errors
    /// When it does not end, or fails.
    pub async fn ended(self) -> Result<String> {
        let name = self.name.clone();
        let (status, said) = self.end().await?;
        ensure!(status.success(), "{name} ended with {status}: {said}");
        Ok(said)
    }

    /// Sends TERM, and waits as [`Program::ended`].
    ///
    /// # Errors
    /// As [`Program::ended`].
    pub async fn stop(self) -> Result<String> {
        self.process.signal(Signal::TERM)?;
        self.ended().await
    }

    /// Sends a signal, and waits as [`Program::end`].
    ///
    /// # Errors
    /// As [`Program::end`].
    pub async fn end_by(self, signal: Signal) -> Result<(ExitStatus, String)> {
        self.process.signal(signal)?;
        self.end().await
    }

    /// Waits for its end, whichever it is. Returns it, and what the program said.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn end(mut self) -> Result<(ExitStatus, String)> {
        let status = self.process.ended().await?;
        Ok((status, self.leave()))
    }

    /// Sends KILL. Returns when that was, and what the program had said.
    ///
    /// # Errors
    /// When it had ended already.
    pub async fn kill(mut self) -> Result<(Duration, String)> {
        let moment = monotonic();
        self.process.kill().await?;
        Ok((moment, self.leave()))
    }

    fn leave(&self) -> String {
        let output = self.process.output();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.push(format!("{}:\n{output}", self.name));
        output
    }
}
