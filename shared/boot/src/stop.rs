use std::io;
use std::thread;

use telemetry::{Signal, StopSignals};
use tokio_util::sync::CancellationToken;

/// How a process is told to end.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Cancelled by TERM, INT and QUIT: nothing new is begun.
    pub gracefully: CancellationToken,
    /// Cancelled by QUIT: what runs is not waited for.
    pub at_once: CancellationToken,
}

impl Stop {
    /// Listens to the signals from now on.
    ///
    /// They have a thread of their own: work that blocks all threads of the runtime must not keep the process from
    /// noticing them.
    pub(crate) fn on_signals(&self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let signals = runtime.block_on(async { StopSignals::listen() })?;
        let forward = self.clone().forward(signals);
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || runtime.block_on(forward))?;
        Ok(())
    }

    async fn forward(self, mut signals: StopSignals) {
        loop {
            let signal = signals.next().await;
            tracing::info!(%signal, "stopping");
            if signal == Signal::Quit {
                self.at_once.cancel();
            }
            self.gracefully.cancel();
        }
    }
}
