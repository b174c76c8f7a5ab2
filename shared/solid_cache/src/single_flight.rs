//! Concurrent fetches of one key in one process: one computes, the others wait for what it computes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::key::Key;
use crate::value::Payload;

/// The computations that go on just now.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    by_key: Mutex<HashMap<Key, Flight>>,
}

#[derive(Debug)]
struct Flight {
    version: Option<Box<[u8]>>,
    outcome: watch::Receiver<Outcome>,
}

type Outcome = Option<Result<Arc<Payload>, Failed>>;

#[derive(Clone, Copy, Debug)]
struct Failed;

/// The place of a caller.
pub(crate) enum Seat<'a> {
    /// It computes for all.
    Leader(Leader<'a>),
    /// It waits.
    Follower(Follower),
    /// It computes for itself: another version of the same key is under way.
    Apart,
}

pub(crate) struct Leader<'a> {
    flights: &'a Flights,
    key: Key,
    outcome: watch::Sender<Outcome>,
}

pub(crate) struct Follower {
    outcome: watch::Receiver<Outcome>,
}

/// How a flight ended for those who waited.
pub(crate) enum Landed<T> {
    /// With the value.
    Value(T),
    /// The computation failed.
    Failed,
    /// The leader went away, because it was cancelled or panicked, or because it found the value in the store.
    Gone,
}

impl Flights {
    pub(crate) fn join(&self, key: &Key, version: Option<&[u8]>) -> Seat<'_> {
        let mut by_key = self.lock();
        if let Some(flight) = by_key.get(key) {
            if flight.version.as_deref() != version {
                return Seat::Apart;
            }
            let outcome = flight.outcome.clone();
            return Seat::Follower(Follower { outcome });
        }
        let (sender, outcome) = watch::channel(None);
        let version = version.map(Into::into);
        by_key.insert(key.clone(), Flight { version, outcome });
        Seat::Leader(Leader {
            flights: self,
            key: key.clone(),
            outcome: sender,
        })
    }

    /// Nobody joins the flight any more, and its value is not written: the key changed while it was computed.
    pub(crate) fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }

    pub(crate) fn forget_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Flight>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leader<'_> {
    pub(crate) fn land(&self, payload: &Arc<Payload>) {
        self.outcome.send_replace(Some(Ok(Arc::clone(payload))));
    }

    pub(crate) fn fail(self) {
        self.outcome.send_replace(Some(Err(Failed)));
    }

    /// Whether the flight has not been forgotten.
    pub(crate) fn is_current(&self) -> bool {
        let by_key = self.flights.lock();
        by_key
            .get(&self.key)
            .is_some_and(|flight| self.leads(flight))
    }

    fn leads(&self, flight: &Flight) -> bool {
        self.outcome.subscribe().same_channel(&flight.outcome)
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        let mut by_key = self.flights.lock();
        if by_key
            .get(&self.key)
            .is_some_and(|flight| self.leads(flight))
        {
            by_key.remove(&self.key);
        }
    }
}

impl Follower {
    /// Waits for the value.
    pub(crate) async fn landed(mut self) -> Landed<Arc<Payload>> {
        match self.outcome.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(Ok(payload))) => Landed::Value(Arc::clone(payload)),
            Ok(_) => Landed::Failed,
            Err(_) => Landed::Gone,
        }
    }
}

impl<T> Landed<T> {
    /// A value that the waiting caller cannot use is as good as none.
    pub(crate) fn and_then<U>(self, convert: impl FnOnce(T) -> Option<U>) -> Landed<U> {
        match self {
            Self::Value(value) => convert(value).map_or(Landed::Failed, Landed::Value),
            Self::Failed => Landed::Failed,
            Self::Gone => Landed::Gone,
        }
    }
}
