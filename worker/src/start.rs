//! `worker start`: performs jobs until it is told to end.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use app::AppContext;
use boot::{Jobs, Metrics, Monitor, Stop, Stores};
use clap::{Args, ValueEnum};
use settings::{Environment, Queue, Settings, SupervisorMode, Worker};
use solid_queue::{Assignment, Config, Health, Supervisor};
use telemetry::{Failure, Service};
use tokio_util::sync::CancellationToken;

use crate::nothing_to_do;

/// What sets the port of `/up` and `/metrics`.
const PORT: &str = "WORKER_PORT";
/// How often to look whether all has started.
const LOOK: Duration = Duration::from_millis(20);

/// What the command takes. Each option stands for an environment variable, and wins over it.
#[derive(Args, Clone, Debug, Default)]
pub struct Start {
    /// What workers and dispatchers are: tasks of one process, or a process each
    #[arg(long, value_enum, value_name = "MODE")]
    mode: Option<Mode>,
    /// Read this file in place of `config/queue.yml`
    #[arg(
        long = "config_file",
        alias = "config-file",
        short = 'c',
        value_name = "FILE"
    )]
    config_file: Option<PathBuf>,
    /// Read this file in place of `config/recurring.yml`
    #[arg(
        long = "recurring_schedule_file",
        alias = "recurring-schedule-file",
        value_name = "FILE"
    )]
    recurring_schedule_file: Option<PathBuf>,
    /// Enqueue no recurring jobs
    #[arg(long = "skip_recurring", alias = "skip-recurring")]
    skip_recurring: bool,
    /// What a supervisor started this process for
    #[arg(long, hide = true)]
    child: Option<Assignment>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    Async,
    Fork,
}

/// Runs the process to its end.
///
/// # Errors
/// Why the process cannot work.
pub fn start(arguments: &Start) -> Result<(), Failure> {
    let environment = Environment::of_process().with(arguments.variables());
    let threads = |settings: &Settings| arguments.threads(settings);
    boot::start_with(&environment, threads, |settings, service, stop| {
        run(arguments, settings, service, stop)
    })
}

async fn run(
    arguments: &Start,
    settings: Settings,
    service: Service,
    stop: Stop,
) -> Result<(), Failure> {
    let metrics = metrics(&settings.worker)?;
    let stores = Stores::open(&settings)?;
    let metrics = metrics.map(|metrics| metrics.with_stores(&stores));
    let common = boot::Health::new(&stores.files, &stop.gracefully);
    let Stores { app, jobs, .. } = stores;
    let Jobs::SolidQueue(database, config) = jobs else {
        return Err(nothing_to_do());
    };
    let end = end(&config);
    let supervisor = Supervisor::new(database, *config, app::jobs(), app).quit_on(stop.at_once);
    let health = supervisor.health();
    let monitor = monitor(&settings.worker, &service, metrics, health.clone(), common)?;
    let telling = tokio::spawn(tell(service, health, end, stop.gracefully.clone()));
    let outcome = supervise(arguments, &settings.worker, supervisor, stop.gracefully).await;
    telling.abort();
    if let Some(monitor) = monitor {
        monitor.stop().await;
    }
    outcome
}

/// Where nobody can ask for the metrics, nothing is recorded.
fn metrics(settings: &Worker) -> Result<Option<Metrics>, Failure> {
    if settings.port.is_none() {
        return Ok(None);
    }
    Metrics::record("worker").map(Some)
}

fn monitor(
    settings: &Worker,
    service: &Service,
    metrics: Option<Metrics>,
    health: Health,
    common: boot::Health,
) -> Result<Option<Monitor>, Failure> {
    let (Some(port), Some(metrics)) = (settings.port, metrics) else {
        return Ok(None);
    };
    let is_well = move || health.is_well();
    let at = (settings.bind.as_str(), port);
    Monitor::start(service, at, PORT, metrics, common, is_well).map(Some)
}

/// Tells the service manager that the process works, that its loops do, and that it ends.
async fn tell(
    service: Service,
    health: Health,
    end: Option<Duration>,
    shutdown: CancellationToken,
) {
    if !service.is_there() {
        return;
    }
    let working = async {
        while !health.is_well() {
            tokio::time::sleep(LOOK).await;
        }
        service.watch("queue", move || health.overdue());
        if let Err(error) = service.ready("performing jobs").await {
            tracing::error!(%error, "could not start the watchdog");
        }
    };
    shutdown.run_until_cancelled(working).await;
    shutdown.cancelled().await;
    service.stopping(end);
}

/// How long the end takes at most; nothing where it waits for as long as the jobs take.
fn end(config: &Config) -> Option<Duration> {
    let timeout = config.shutdown_timeout;
    (!timeout.is_zero()).then_some(timeout)
}

async fn supervise(
    arguments: &Start,
    settings: &Worker,
    supervisor: Supervisor<AppContext>,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    match (&arguments.child, settings.mode) {
        (Some(assignment), _) => supervisor.run_assigned(assignment, shutdown).await?,
        (None, SupervisorMode::Async) => supervisor.run(shutdown).await?,
        (None, SupervisorMode::Fork) => {
            let command = command(arguments.variables(), settings.port)?;
            supervisor.forking(command).run(shutdown).await?;
        }
    }
    Ok(())
}

impl Start {
    /// The options as the environment variables for which they stand.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let path = |path: &PathBuf| path.display().to_string();
        let mode = self.mode.map(|mode| match mode {
            Mode::Async => "async".to_owned(),
            Mode::Fork => "fork".to_owned(),
        });
        let skip = self.skip_recurring.then(|| "true".to_owned());
        let schedule = self.recurring_schedule_file.as_ref().map(path);
        let variables = [
            ("SOLID_QUEUE_SUPERVISOR_MODE", mode),
            ("SOLID_QUEUE_CONFIG", self.config_file.as_ref().map(path)),
            ("SOLID_QUEUE_RECURRING_SCHEDULE", schedule),
            ("SOLID_QUEUE_SKIP_RECURRING", skip),
        ];
        let variables = variables.into_iter();
        variables
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// Threads of the runtime on which jobs run: as many as jobs at once, for each may block one, and one that is left.
    fn threads(&self, settings: &Settings) -> usize {
        let Queue::SolidQueue(config) = &settings.queue else {
            return 2;
        };
        let jobs = match &self.child {
            Some(assignment) => assignment.threads(config),
            None if settings.worker.mode == SupervisorMode::Fork => 0,
            None => threads(config),
        };
        jobs.saturating_add(1).clamp(2, 16)
    }
}

fn threads(config: &Config) -> usize {
    let workers = config.workers.iter();
    let threads = workers.map(|worker| worker.threads.saturating_mul(worker.processes));
    let sum = threads.fold(0, u32::saturating_add);
    usize::try_from(sum).unwrap_or(usize::MAX)
}

/// How to start a child: this program again, with the same options. Where the supervisor listens, its children take the
/// ports after its own.
fn command(
    variables: Vec<(&'static str, String)>,
    port: Option<u16>,
) -> Result<impl Fn(&Assignment) -> Command, Failure> {
    let program = std::env::current_exe()?;
    Ok(move |assignment: &Assignment| {
        // A deployment may have replaced the file: a child of the old version is the right one for this supervisor.
        let is_there = program.exists();
        let path = is_there.then_some(program.as_path());
        let mut command = Command::new(path.unwrap_or("/proc/self/exe".as_ref()));
        command
            .arg0(&program)
            .args(["start", "--child", &assignment.to_string()])
            .envs(variables.clone())
            .stdin(Stdio::null());
        telemetry::forget_service(&mut command);
        if let Some(port) = port {
            command.env(PORT, port_of(port, assignment.slot()).to_string());
        }
        command
    })
}

/// Port 0 means any.
fn port_of(supervisor: u16, slot: usize) -> u16 {
    match supervisor {
        0 => 0,
        port => u16::try_from(slot + 1).map_or(0, |slot| port.checked_add(slot).unwrap_or(0)),
    }
}
