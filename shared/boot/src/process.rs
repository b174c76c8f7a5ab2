use std::net::TcpListener;
use std::time::Duration;

use settings::{Environment, Settings};
use socket2::SockRef;
use telemetry::{Failure, Service};
use tokio_util::sync::CancellationToken;

use crate::migrations;
use crate::stop::Stop;

/// How long blocking work may go on after the end.
const REST: Duration = Duration::from_secs(1);

/// Connections that may wait to be accepted. After a restart all clients come again at once; whoever finds no room tries
/// again only after a second, or three.
const BACKLOG: i32 = 4096;

/// Runs a process to its end: `work` gets the settings, the service manager, and a token that is cancelled
/// when TERM, INT or QUIT comes.
///
/// # Errors
/// What is wrong with the configuration, or why the work failed.
pub fn start<F>(work: impl FnOnce(Settings, Service, CancellationToken) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let environment = Environment::of_process();
    start_with(
        &environment,
        |_| 2,
        |settings, service, stop| work(settings, service, stop.gracefully),
    )
}

/// Like [`start`], with a given environment, on as many threads as `threads` says, and for work that knows how to end at
/// once when QUIT comes.
///
/// # Errors
/// As [`start`].
pub fn start_with<F>(
    environment: &Environment,
    threads: impl FnOnce(&Settings) -> usize,
    work: impl FnOnce(Settings, Service, Stop) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let settings = load(environment)?;
    // Before there are threads, which exporting spans begins.
    let service = Service::of_process()?;
    let logging = telemetry::init(&settings.log)?;
    let stop = Stop::default();
    stop.on_signals()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads(&settings))
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(work(settings, service.clone(), stop.clone()));
    // What blocks still may go on for a moment; nobody waits for it.
    service.stopping(None);
    // Blocking work that still waits for a lock must not keep the process from ending.
    if stop.at_once.is_cancelled() {
        runtime.shutdown_background();
    } else {
        runtime.shutdown_timeout(REST);
    }
    // After the last span has ended.
    drop(logging);
    outcome
}

/// Says whether the configuration is valid, and what a start would do to the tables, without starting anything.
///
/// # Errors
/// All that is wrong with it, or that the files are too new for this program.
#[allow(clippy::print_stdout, reason = "this is what the command prints")]
pub fn check(more: impl FnOnce(&Settings) -> Result<(), Failure>) -> Result<(), Failure> {
    let settings = load(&Environment::of_process())?;
    more(&settings)?;
    let plan = migrations::plan(&settings)?;
    println!("The configuration is valid ({}).", settings.app_env);
    for line in plan {
        println!("{line}");
    }
    Ok(())
}

/// Runs a command that ends by itself. It logs nothing: what it has to say it prints.
///
/// # Errors
/// What is wrong with the configuration, or why the command failed.
pub fn command<F>(work: impl FnOnce(Settings) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let settings = load(&Environment::of_process())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(work(settings));
    runtime.shutdown_timeout(REST);
    outcome
}

/// The socket that the service manager passed by this name, or the only one that it passed; else one that listens on
/// `bind:port`, where port 0 takes any. `variable` is what sets the port.
///
/// # Errors
/// What the system said, and what to do about it.
pub fn listen(
    service: &Service,
    name: &str,
    (bind, port): (&str, u16),
    variable: &str,
) -> Result<TcpListener, Failure> {
    if let Some(passed) = service.main_socket(name)? {
        return Ok(passed);
    }
    let listening = TcpListener::bind((bind, port)).and_then(|listener| {
        // The standard library lets only 128 wait.
        SockRef::from(&listener).listen(BACKLOG)?;
        Ok(listener)
    });
    listening.map_err(|error| {
        Failure::new(format!("could not listen on {bind}:{port}: {error}")).hint(format!(
            "stop the process that listens there, or set {variable} (and BIND) to a free address"
        ))
    })
}

fn load(environment: &Environment) -> Result<Settings, Failure> {
    Settings::load(environment).map_err(|problems| {
        Failure::new(problems.to_string())
            .hint("see docs/settings.md, which `worker settings` prints")
    })
}
