use std::io;
use std::thread;

use telemetry::{Signal, StopSignals};
use tokio_util::sync::CancellationToken;

/// How the program is told to end, as the processes of the product are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    /// Cancelled by TERM, INT and QUIT.
    pub(crate) gracefully: CancellationToken,
    /// Cancelled by QUIT.
    pub(crate) at_once: CancellationToken,
}

impl Stop {
    /// Listens to the signals from now on, on a thread of its own: jobs may block all others.
    pub(crate) fn on_signals(&self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let signals = runtime.block_on(async { StopSignals::listen() })?;
        let forward = self.clone().forward(signals);
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || runtime.block_on(forward))?;
        super::say("listening to signals");
        Ok(())
    }

    async fn forward(self, mut signals: StopSignals) {
        loop {
            let signal = signals.next().await;
            super::say(&format!("stopping on {signal}"));
            if signal == Signal::Quit {
                self.at_once.cancel();
            }
            self.gracefully.cancel();
        }
    }
}
