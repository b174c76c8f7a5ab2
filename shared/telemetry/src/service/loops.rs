use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The loops that have to move.
#[derive(Clone, Default)]
pub(super) struct Loops {
    all: Arc<Mutex<Vec<Entry>>>,
}

struct Entry {
    name: String,
    sign: Sign,
}

/// What a loop is known to live by.
enum Sign {
    /// It says so.
    Beat(Arc<Mutex<Last>>),
    /// It says for how long it has been silent.
    Silence(Box<Silence>),
}

pub(super) type Silence = dyn Fn() -> Duration + Send + Sync;

struct Last {
    at: Instant,
    has_moved: bool,
}

/// A loop that does not move.
#[derive(Debug)]
pub(super) struct Hung {
    pub(super) name: String,
    pub(super) silence: Duration,
}

impl Loops {
    pub(super) fn join(&self, name: String, pace: Option<Duration>) -> Beat {
        let last = Arc::new(Mutex::new(Last {
            at: Instant::now(),
            has_moved: false,
        }));
        let sign = Sign::Beat(Arc::clone(&last));
        self.all().push(Entry { name, sign });
        Beat {
            watched: Some(Watched {
                last,
                loops: self.clone(),
                pace,
            }),
        }
    }

    pub(super) fn watch(&self, name: String, silence: Box<Silence>) {
        let sign = Sign::Silence(silence);
        self.all().push(Entry { name, sign });
    }

    pub(super) fn have_all_moved(&self) -> bool {
        self.all().iter().all(|entry| match &entry.sign {
            Sign::Beat(last) => lock(last).has_moved,
            Sign::Silence(_) => true,
        })
    }

    /// The one that has been silent the longest, if that is longer than this.
    pub(super) fn hung(&self, patience: Duration) -> Option<Hung> {
        let all = self.all();
        let silences = all.iter().map(|entry| Hung {
            name: entry.name.clone(),
            silence: entry.silence(),
        });
        silences
            .filter(|hung| hung.silence > patience)
            .max_by_key(|hung| hung.silence)
    }

    fn leave(&self, gone: &Arc<Mutex<Last>>) {
        self.all().retain(|entry| match &entry.sign {
            Sign::Beat(last) => !Arc::ptr_eq(last, gone),
            Sign::Silence(_) => true,
        });
    }

    fn all(&self) -> MutexGuard<'_, Vec<Entry>> {
        lock(&self.all)
    }
}

impl Entry {
    fn silence(&self) -> Duration {
        match &self.sign {
            Sign::Beat(last) => lock(last).at.elapsed(),
            Sign::Silence(silence) => silence(),
        }
    }
}

/// A loop of this process that shows that it moves. One that ends drops this, and is not waited for any more; one that
/// panics counts as hung.
pub struct Beat {
    watched: Option<Watched>,
}

struct Watched {
    last: Arc<Mutex<Last>>,
    loops: Loops,
    pace: Option<Duration>,
}

impl Beat {
    /// Nobody asks.
    pub(super) fn none() -> Self {
        Self { watched: None }
    }

    /// The loop moves.
    pub fn moved(&self) {
        if let Some(watched) = &self.watched {
            let mut last = lock(&watched.last);
            *last = Last {
                at: Instant::now(),
                has_moved: true,
            };
        }
    }

    /// Says so as often as it matters, for ever, as a task of the loop. Where nobody asks it costs nothing.
    pub async fn keep(self) {
        self.moved();
        let Some(pace) = self.watched.as_ref().and_then(|watched| watched.pace) else {
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(pace).await;
            self.moved();
        }
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        if let Some(watched) = &self.watched
            && !std::thread::panicking()
        {
            watched.loops.leave(&watched.last);
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
