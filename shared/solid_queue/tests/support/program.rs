//! This test program again, as a process of its own: a supervisor that forks, or a child of it. What its jobs do shows in
//! files.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use db::{Database, DatabaseConfig};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use solid_queue::{Assignment, Config, Hooks, Job, JobResult, Registry, Supervisor, WorkerConfig};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::support::wait_for;

const FOLDER: &str = "FORK_TEST_FOLDER";
const ASSIGNMENT: &str = "FORK_TEST_ASSIGNMENT";
const SHUTDOWN_TIMEOUT: &str = "FORK_TEST_SHUTDOWN_TIMEOUT_MS";

/// Writes a file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Mark(pub(crate) String);

impl Job for Mark {
    const NAME: &'static str = "Mark";
    type Context = PathBuf;

    async fn perform(self, folder: PathBuf) -> JobResult {
        Ok(std::fs::write(folder.join(self.0), "")?)
    }
}

/// Writes a file, and waits for another.
#[derive(Serialize, Deserialize)]
pub(crate) struct Hold(pub(crate) String);

impl Job for Hold {
    const NAME: &'static str = "Hold";
    type Context = PathBuf;

    async fn perform(self, folder: PathBuf) -> JobResult {
        std::fs::write(folder.join(format!("{} began", self.0)), "")?;
        while !folder.join(format!("{} may end", self.0)).exists() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(std::fs::write(folder.join(self.0), "")?)
    }
}

/// Writes a file, and never gives its thread back.
#[derive(Serialize, Deserialize)]
pub(crate) struct Block;

impl Job for Block {
    const NAME: &'static str = "Block";
    type Context = PathBuf;

    async fn perform(self, folder: PathBuf) -> JobResult {
        std::fs::write(folder.join("blocked"), "")?;
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

/// Kills its process at once.
#[derive(Serialize, Deserialize)]
pub(crate) struct Poison;

impl Job for Poison {
    const NAME: &'static str = "Poison";
    type Context = PathBuf;

    async fn perform(self, _: PathBuf) -> JobResult {
        std::process::exit(3);
    }
}

/// A supervisor in a process of its own. Killed when it is dropped.
pub(crate) struct Program(Child);

impl Program {
    /// The test program must have a test `program` that does nothing but call [`run`].
    pub(crate) fn start(folder: &Path, shutdown_timeout: Duration) -> Self {
        let child = again()
            .env(FOLDER, folder)
            .env(SHUTDOWN_TIMEOUT, shutdown_timeout.as_millis().to_string())
            .spawn()
            .unwrap();
        Self(child)
    }

    pub(crate) fn pid(&self) -> i32 {
        self.0.id().try_into().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> std::process::ExitStatus {
        let mut status = None;
        wait_for("the end of the supervisor", async || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn send(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn again() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "program", "--nocapture"])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// What the program does when it is started by [`Program::start`]; nothing when it is not.
pub(crate) async fn run() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let file = DatabaseConfig::new(folder.join("queue.sqlite3"));
    let database = Database::open(&file, solid_queue::MIGRATIONS).unwrap();
    let (shutdown, quit) = (CancellationToken::new(), CancellationToken::new());
    listen(&shutdown, &quit);
    let supervisor = Supervisor::new(database, config(), registry(), folder.clone())
        .hooks(hooks(&folder))
        .quit_on(quit);
    let outcome = match std::env::var(ASSIGNMENT) {
        Ok(assignment) => {
            let assignment = assignment.parse().unwrap();
            supervisor.run_assigned(&assignment, shutdown).await
        }
        Err(_) => supervisor.forking(child).run(shutdown).await,
    };
    outcome.unwrap();
    // A job that blocks its thread would keep the runtime from ending.
    std::process::exit(0);
}

fn child(assignment: &Assignment) -> Command {
    let mut command = again();
    command.env(ASSIGNMENT, assignment.to_string());
    command
}

fn listen(shutdown: &CancellationToken, quit: &CancellationToken) {
    for (kind, token) in [
        (SignalKind::terminate(), shutdown),
        (SignalKind::quit(), quit),
    ] {
        let (mut signals, token) = (signal(kind).unwrap(), token.clone());
        tokio::spawn(async move {
            signals.recv().await;
            token.cancel();
        });
    }
}

fn config() -> Config {
    let timeout = std::env::var(SHUTDOWN_TIMEOUT).unwrap();
    let worker = WorkerConfig {
        threads: 1,
        processes: 2,
        ..WorkerConfig::default()
    };
    Config {
        workers: vec![worker],
        shutdown_timeout: Duration::from_millis(timeout.parse().unwrap()),
        ..Config::default()
    }
}

fn registry() -> Registry<PathBuf> {
    Registry::new()
        .register::<Mark>()
        .register::<Hold>()
        .register::<Block>()
        .register::<Poison>()
}

/// Each leaves a file that names the kind, the moment and the pid.
fn hooks(folder: &Path) -> Hooks {
    use solid_queue::Moment::{Exit, Start, Stop};
    use solid_queue::ProcessKind::{Dispatcher, Supervisor, Worker};

    let mut hooks = Hooks::new();
    for kind in [Supervisor, Worker, Dispatcher] {
        for moment in [Start, Stop, Exit] {
            let folder = folder.to_owned();
            hooks = hooks.on(kind, moment, move |instance| {
                assert_eq!(instance.pid, std::process::id());
                let name = format!("{kind} {moment:?} {}", instance.pid);
                std::fs::write(folder.join(name), "")
            });
        }
    }
    hooks
}
