use std::ffi::OsString;
use std::net::SocketAddr;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use clap::Parser;
use telemetry::{Failure, Service, Signal, StopSignals};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::command::{Wrapped, exit_code};
use crate::meters::Meters;
use crate::options::{self, Options};
use crate::run::{Listeners, run};

/// How long the proxy goes on for what is still being answered when its command has ended.
const AFTER_COMMAND: Duration = Duration::from_secs(5);
/// File descriptors that are asked for: two for each connection, and more.
const OPEN_FILES: u64 = 65_536;

/// Serves the web application: `/cable` from the cable server, all else from the web server.
///
/// With a command, runs it and serves it: `thrust ./web`.
#[derive(Parser)]
#[command(name = "thrust", version, override_usage = "thrust [check | health | [--] COMMAND [ARGUMENTS]...]", after_help = options::help())]
struct Cli {
    /// `check` says whether the options are valid, `health` whether the running proxy is ready; anything else is the
    /// command to run behind the proxy
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// The program: reads the options, and runs until TERM or INT, or until the command ends.
pub fn cli() -> ExitCode {
    let escaped = std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == "--");
    let Cli { command } = Cli::parse();
    let outcome = if !escaped && command == ["check"] {
        check()
    } else if !escaped && command == ["health"] {
        health()
    } else {
        start(&command)
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => telemetry::exit(Err(failure)),
    }
}

#[allow(clippy::print_stdout, reason = "this is what the command prints")]
fn check() -> Result<u8, Failure> {
    let options = read(false)?;
    if let Some(tls) = &options.tls {
        crate::secure::check(tls)?;
    }
    println!("The options are valid.");
    Ok(0)
}

/// Asks the status port; where there is none, the proxy itself for the health page of the web server.
#[allow(clippy::print_stdout, reason = "this is what the command prints")]
fn health() -> Result<u8, Failure> {
    let options = read(false)?;
    let at = options
        .status
        .unwrap_or_else(|| SocketAddr::new(options.http_bind, options.http_port));
    println!(
        "{}",
        telemetry::probe("thrust", &at.ip().to_string(), at.port())?
    );
    Ok(0)
}

fn start(command: &[OsString]) -> Result<u8, Failure> {
    let options = read(!command.is_empty())?;
    let _logging = telemetry::init(&options.log)?;
    raise_open_files();
    let service = Service::of_process()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(serve(options, &service, command));
    service.stopping(None);
    runtime.shutdown_background();
    outcome
}

async fn serve(options: Options, service: &Service, command: &[OsString]) -> Result<u8, Failure> {
    let mut signals = StopSignals::listen()?;
    let meters = Meters::record()?;
    // The ports first: a command whose front is not there would serve nobody.
    let listeners = Listeners::bind(&options, service)?;
    let port = options.target.port;
    let shutdown = CancellationToken::new();
    let mut server = tokio::spawn(run(
        listeners,
        options,
        meters,
        service.clone(),
        shutdown.clone(),
    ));
    if let Some(wrapped) = Wrapped::start(command, port)? {
        return serve_wrapped(wrapped, server, shutdown, signals).await;
    }
    tokio::select! {
        ended = &mut server => return ended?.map(|()| 0),
        signal = signals.next() => tracing::info!(%signal, "stopping"),
    }
    shutdown.cancel();
    server.await?.map(|()| 0)
}

/// Serves until the command ends, or until a signal comes, which ends both.
async fn serve_wrapped(
    mut wrapped: Wrapped,
    mut server: JoinHandle<Result<(), Failure>>,
    shutdown: CancellationToken,
    mut signals: StopSignals,
) -> Result<u8, Failure> {
    let signal = tokio::select! {
        status = wrapped.ended() => {
            shutdown.cancel();
            let _ = tokio::time::timeout(AFTER_COMMAND, server).await;
            return Ok(told(status?));
        }
        ended = &mut server => {
            wrapped.signal(Signal::Term);
            wrapped.ended().await?;
            return ended?.map(|()| 1);
        }
        signal = signals.next() => signal,
    };
    tracing::info!(%signal, "stopping");
    shutdown.cancel();
    // The command is told once nothing runs any more that would need it, or when it is asked for again.
    tokio::select! {
        _ = &mut server => wrapped.signal(signal),
        again = signals.next() => wrapped.signal(again),
        status = wrapped.ended() => return Ok(told(status?)),
    }
    loop {
        tokio::select! {
            status = wrapped.ended() => return Ok(told(status?)),
            again = signals.next() => wrapped.signal(again),
        }
    }
}

fn told(status: ExitStatus) -> u8 {
    tracing::info!(%status, "the command ended");
    exit_code(status)
}

#[allow(
    clippy::disallowed_methods,
    reason = "thrust has no part in the settings of the suite: its options are read here, and only here"
)]
fn read(wraps: bool) -> Result<Options, Failure> {
    Options::read(wraps, &|name| std::env::var(name).ok()).map_err(|problems| {
        Failure::new(problems.to_string()).hint("`thrust --help` lists the options")
    })
}

/// Each connection takes two, and many systems allow 1,024 unless they are asked for more.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limits = getrlimit(Resource::Nofile);
    let wanted = limits
        .maximum
        .map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
    if limits.current.is_some_and(|current| current < wanted) {
        let raised = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                maximum: limits.maximum,
            },
        );
        if let Err(error) = raised {
            tracing::warn!(%error, wanted, "could not raise the limit of open files");
        }
    }
}
