//! Notice of commits, taken from the database files themselves.
//!
//! SQLite writes the frames of a commit to the `-wal` file before it publishes them in the `-shm` file. The event of
//! the write can therefore come too early, and no other follows. So after an event we look at `PRAGMA data_version`
//! several times over the next milliseconds. The folder is watched, not the file: the `-wal` file is deleted and made
//! anew when the last connection closes. A watch opens no database file, which would drop SQLite's locks.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use diesel::SqliteConnection;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::watch;

use crate::foreign::{Generation, data_version};
use crate::open_file::OpenFile;
use crate::{DatabaseConfig, connection};

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
    generation: Arc<Generation>,
    file: Weak<ArcSwap<OpenFile>>,
    started: Mutex<Option<Started>>,
}

struct Started {
    commits: watch::Sender<u64>,
    events: Sender<Event>,
    /// Dropping it, and `events`, closes the channel, which ends the thread.
    _watcher: RecommendedWatcher,
}

enum Event {
    /// Something happened to the files.
    Touched,
    /// Another file is open from now on.
    Reopened,
}

impl Watch {
    pub(crate) fn new(
        config: Arc<DatabaseConfig>,
        generation: Arc<Generation>,
        file: &Arc<ArcSwap<OpenFile>>,
    ) -> Self {
        Self {
            config,
            generation,
            file: Arc::downgrade(file),
            started: Mutex::new(None),
        }
    }

    pub(crate) fn subscribe(&self) -> Changes {
        let started = self.started();
        Changes {
            seen: started.as_ref().map(|started| started.commits.subscribe()),
        }
    }

    pub(crate) fn start(&self) {
        drop(self.started());
    }

    /// Goes on with the file that is at the path now. Whoever waits for a commit is told of one.
    pub(crate) fn reopen(&self) {
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = &*started {
            // The thread is gone only when the watch ends.
            let _ = started.events.send(Event::Reopened);
        }
    }

    /// Starts it if the configuration wants one. Without it polling still works, so a failure is worth a warning and no
    /// more.
    fn started(&self) -> MutexGuard<'_, Option<Started>> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if started.is_none() && self.config.watch {
            *started = self
                .try_start()
                .inspect_err(|error| {
                    let path = self.config.path.display();
                    tracing::warn!(db.path = %path, error = %error, "cannot watch the database: polling only");
                })
                .ok();
        }
        started
    }

    fn try_start(&self) -> Result<Started, Box<dyn std::error::Error>> {
        let mut connection = connection::open_late(&self.config)?;
        let (events, arrived) = channel();
        let mut watcher =
            notify::recommended_watcher(handler(self.config.path.clone(), events.clone()))?;
        watcher.watch(
            connection::folder(&self.config.path),
            RecursiveMode::NonRecursive,
        )?;
        let commits = watch::Sender::new(0);
        let follower = Follower {
            last: Some(data_version(&mut connection)?),
            connection: Some(connection),
            config: Arc::clone(&self.config),
            commits: commits.clone(),
            generation: Arc::clone(&self.generation),
            file: Weak::clone(&self.file),
            owes_a_look: false,
        };
        std::thread::Builder::new()
            .name("db-changes".into())
            .spawn(move || follower.follow(&arrived))?;
        Ok(Started {
            commits,
            events,
            _watcher: watcher,
        })
    }
}

fn handler(path: PathBuf, events: Sender<Event>) -> impl notify::EventHandler {
    let mut breathed = Instant::now();
    move |event: notify::Result<notify::Event>| {
        // An overflow of the system's queue names no file: ours may have been among them.
        let ours = event.map_or(true, |event| {
            event.need_rescan()
                || !event.kind.is_access() && event.paths.iter().any(|at| is_of(&path, at))
        });
        if ours {
            // The receiver is gone only when the watch ends.
            let _ = events.send(Event::Touched);
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

/// The thread that looks.
struct Follower {
    config: Arc<DatabaseConfig>,
    /// `None` when it could not be opened.
    connection: Option<SqliteConnection>,
    last: Option<i64>,
    commits: watch::Sender<u64>,
    generation: Arc<Generation>,
    file: Weak<ArcSwap<OpenFile>>,
    /// The writer was at work when it should have looked for others' commits.
    owes_a_look: bool,
}

impl Follower {
    fn follow(mut self, events: &Receiver<Event>) {
        while let Ok(event) = events.recv() {
            self.heed(&event);
            let mut again = &LOOKS[..];
            let mut looks = again.iter();
            while let Some(&pause) = looks.next() {
                match events.recv_timeout(Duration::from_micros(pause)) {
                    // It may stand for a commit that becomes visible only later, so all looks begin anew.
                    Ok(event) => {
                        self.heed(&event);
                        for event in events.try_iter() {
                            self.heed(&event);
                        }
                        looks = again.iter();
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                if self.look() {
                    // While commits follow each other, the first looks find little that the next event would not.
                    again = &LOOKS[BUSY_FROM..];
                    std::thread::sleep(BREATH);
                }
            }
        }
    }

    /// Leaves the old file where there is another.
    fn heed(&mut self, event: &Event) {
        if matches!(event, Event::Reopened) {
            self.connection = None;
            self.last = None;
        }
    }

    /// Whether there was a commit.
    fn look(&mut self) -> bool {
        let version = self.version();
        // A look that fails counts as a change: whoever is told looks for himself.
        let changed = version != self.last || version.is_none();
        self.last = version;
        self.look_for_foreign(changed);
        if changed {
            self.commits.send_modify(|count| *count += 1);
        }
        changed
    }

    fn version(&mut self) -> Option<i64> {
        // To open a file that is missing would make it.
        if self.connection.is_none() && self.config.path.exists() {
            self.connection = connection::open_late(&self.config).ok();
        }
        data_version(self.connection.as_mut()?).ok()
    }

    /// Has the writer see whether the commit was another's; at one of the next looks when it has no time now.
    fn look_for_foreign(&mut self, changed: bool) {
        self.owes_a_look |= changed && self.generation.is_wanted();
        if self.owes_a_look
            && let Some(file) = self.file.upgrade()
        {
            self.owes_a_look = file.load().writer.foreign_now().is_none();
        }
    }
}
