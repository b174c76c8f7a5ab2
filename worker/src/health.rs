//! `worker health`: whether the worker of this host is ready.

use settings::Settings;
use solid_queue::Clock;
use solid_queue::manage::{ProcessSummary, processes, this_host};
use telemetry::Failure;

use crate::commands::Office;

/// Asks the process at `WORKER_PORT`. Where that is not set, the queue database is asked for a supervisor of this host whose
/// heart beats.
///
/// # Errors
/// Why it is not ready.
pub fn health() -> Result<(), Failure> {
    boot::command(async |settings| match settings.worker.port {
        Some(port) => boot::probe("worker", &settings.worker.bind, port, "WORKER_PORT"),
        None => ask_database(&settings).await,
    })
}

#[allow(clippy::print_stdout, reason = "this is what the command prints")]
async fn ask_database(settings: &Settings) -> Result<(), Failure> {
    let office = Office::open(settings)?;
    let threshold = office.config.process_alive_threshold;
    let all = processes(&office.database, threshold, &Clock::system()).await?;
    let (host, all) = (this_host(), all.into_iter());
    let here = all.filter(|process| process.hostname.as_deref() == Some(&host));
    let supervisors: Vec<_> = here.filter(is_supervisor).collect();
    let alive = supervisors.iter().find(|process| process.is_alive);
    match (alive, supervisors.last()) {
        (Some(process), _) => {
            let since = process.last_heartbeat_at;
            println!(
                "worker is ready (pid {} on {host}, last heartbeat {since})",
                process.pid
            );
            Ok(())
        }
        (None, Some(dead)) => Err(not_ready(&format!(
            "the last one on {host} was pid {}, whose last heartbeat was {}",
            dead.pid, dead.last_heartbeat_at
        ))),
        (None, None) => Err(not_ready(&format!("there is none on {host}"))),
    }
}

fn is_supervisor(process: &ProcessSummary) -> bool {
    process.kind.starts_with("Supervisor")
}

fn not_ready(why: &str) -> Failure {
    Failure::new(format!(
        "worker is not ready: expected a live supervisor of this host in the queue database, but {why}"
    ))
    .hint("see the log of the worker")
}
