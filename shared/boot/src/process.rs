use std::net::TcpListener;
use std::time::Duration;

use settings::{Environment, Settings};
use telemetry::{Failure, StopSignals};
use tokio_util::sync::CancellationToken;

/// Runs a process to its end: `work` gets the settings, and a token that is cancelled when TERM or INT comes.
///
/// # Errors
/// What is wrong with the configuration, or why the work failed.
pub fn start<F>(work: impl FnOnce(Settings, CancellationToken) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let settings = load()?;
    telemetry::init(&settings.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        let shutdown = CancellationToken::new();
        tokio::spawn(cancel_on_signal(StopSignals::listen()?, shutdown.clone()));
        work(settings, shutdown).await
    });
    // Blocking work that still waits for a lock must not keep the process from ending.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

/// Says whether the configuration is valid, without starting anything.
///
/// # Errors
/// All that is wrong with it.
#[allow(clippy::print_stdout, reason = "this is what the command prints")]
pub fn check(more: impl FnOnce(&Settings) -> Result<(), Failure>) -> Result<(), Failure> {
    let settings = load()?;
    more(&settings)?;
    println!("The configuration is valid ({}).", settings.app_env);
    Ok(())
}

/// A socket that listens on `bind:port`; port 0 takes any. `variable` is what sets the port.
///
/// # Errors
/// What the system said, and what to do about it.
pub fn listen(bind: &str, port: u16, variable: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind((bind, port)).map_err(|error| {
        Failure::new(format!("could not listen on {bind}:{port}: {error}")).hint(format!(
            "stop the process that listens there, or set {variable} (and BIND) to a free address"
        ))
    })
}

fn load() -> Result<Settings, Failure> {
    Settings::load(&Environment::of_process()).map_err(|problems| {
        Failure::new(problems.to_string()).hint("see config/ and the README's table of settings")
    })
}

async fn cancel_on_signal(mut signals: StopSignals, shutdown: CancellationToken) {
    let signal = signals.next().await;
    tracing::info!(%signal, "stopping");
    shutdown.cancel();
}
