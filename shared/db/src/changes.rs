//! Notice of commits, taken from the database files themselves.
//!
//! SQLite writes the frames of a commit to the `-wal` file before it publishes them in the `-shm` file. The event of
//! the write can therefore come too early, and no other follows. So after an event we look at `PRAGMA data_version`
//! several times over the next milliseconds. The folder is watched, not the file: the `-wal` file is deleted and made
//! anew when the last connection closes. A watch opens no database file, which would drop SQLite's locks.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::{QueryResult, SqliteConnection};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::watch;

use crate::{DatabaseConfig, connection, space};

/// When to look again after an event, in microseconds after the look before.
const LOOKS: [u64; 9] = [0, 50, 100, 200, 400, 800, 1_600, 4_000, 8_000];

/// The first of the looks of a busy file.
const BUSY_FROM: usize = 5;

/// A busy file is written thousands of times a second. The events of this time are read together, so that whoever writes
/// does not share the processor with whoever is told.
const BREATH: Duration = Duration::from_millis(1);

/// Tells of commits to one database file. See [`crate::Database::changes`].
#[derive(Clone, Debug)]
pub struct Changes {
    seen: Option<watch::Receiver<u64>>,
}

impl Changes {
    /// Completes when there was a commit since the last call, or since this was made. Never completes where commits
    /// cannot be noticed. Cancel safe.
    pub async fn changed(&mut self) {
        if let Some(seen) = &mut self.seen
            && seen.changed().await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// The watch of one file, begun when the first asks for it.
pub(crate) struct Watch {
    config: Arc<DatabaseConfig>,
    started: Mutex<Option<Started>>,
}

struct Started {
    commits: watch::Sender<u64>,
    /// Dropping it closes the channel, which ends the thread.
    _watcher: RecommendedWatcher,
}

impl Watch {
    pub(crate) fn new(config: Arc<DatabaseConfig>) -> Self {
        Self {
            config,
            started: Mutex::new(None),
        }
    }

    pub(crate) fn subscribe(&self) -> Changes {
        if !self.config.watch {
            return Changes { seen: None };
        }
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if started.is_none() {
            *started = start(&self.config);
        }
        Changes {
            seen: started.as_ref().map(|started| started.commits.subscribe()),
        }
    }
}

/// Starts the watch. Without one polling still works, so a failure is worth a warning and no more.
fn start(config: &Arc<DatabaseConfig>) -> Option<Started> {
    let path = &config.path;
    let result = try_start(config);
    result
        .inspect_err(|error| {
            tracing::warn!(db.path = %path.display(), error = %error, "cannot watch the database: polling only");
        })
        .ok()
}

fn try_start(config: &Arc<DatabaseConfig>) -> Result<Started, Box<dyn std::error::Error>> {
    let mut connection = connection::open(config)?;
    let (events, arrived) = channel();
    let mut watcher = notify::recommended_watcher(handler(config.path.clone(), events))?;
    watcher.watch(folder(&config.path), RecursiveMode::NonRecursive)?;
    let start = data_version(&mut connection)?;
    let commits = watch::Sender::new(0);
    let publish = commits.clone();
    std::thread::Builder::new()
        .name("db-changes".into())
        .spawn(move || follow(&mut connection, start, &arrived, &publish))?;
    Ok(Started {
        commits,
        _watcher: watcher,
    })
}

fn handler(path: PathBuf, events: Sender<()>) -> impl notify::EventHandler {
    let mut breathed = Instant::now();
    move |event: notify::Result<notify::Event>| {
        // An overflow of the system's queue names no file: ours may have been among them.
        let ours = event.map_or(true, |event| {
            event.need_rescan()
                || !event.kind.is_access() && event.paths.iter().any(|at| is_of(&path, at))
        });
        if ours {
            // The receiver is gone only when the watch ends.
            let _ = events.send(());
            // What comes meanwhile waits in the system's queue, where it becomes one event.
            if breathed.elapsed() > BREATH {
                std::thread::sleep(BREATH);
                breathed = Instant::now();
            }
        }
    }
}

/// Whether `at` is the database or its `-wal` or `-shm` file.
fn is_of(path: &Path, at: &Path) -> bool {
    let name = |path: &Path| {
        path.file_name()
            .map(OsStr::to_string_lossy)
            .unwrap_or_default()
            .into_owned()
    };
    name(at).starts_with(&name(path))
}

fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn follow(
    connection: &mut SqliteConnection,
    start: i64,
    events: &Receiver<()>,
    commits: &watch::Sender<u64>,
) {
    let mut last = Some(start);
    while events.recv().is_ok() {
        let mut again = &LOOKS[..];
        let mut looks = again.iter();
        while let Some(&pause) = looks.next() {
            match events.recv_timeout(Duration::from_micros(pause)) {
                // It may stand for a commit that becomes visible only later, so all looks begin anew.
                Ok(()) => {
                    while events.try_recv().is_ok() {}
                    looks = again.iter();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let version = data_version(connection).ok();
            // A look that fails counts as a change: whoever is told looks for himself.
            if version != last || version.is_none() {
                commits.send_modify(|count| *count += 1);
                last = version;
                // While commits follow each other, the first looks find little that the next event would not.
                again = &LOOKS[BUSY_FROM..];
                std::thread::sleep(BREATH);
            }
        }
    }
}

/// Changes with every commit that another connection made.
fn data_version(connection: &mut SqliteConnection) -> QueryResult<i64> {
    space::number(connection, "PRAGMA data_version")
}
