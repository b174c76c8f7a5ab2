//! Requests for the same missing response: one goes to the upstream, the others wait for how it ends.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::watch;
use tokio::time::timeout;

use super::entry::Entry;
use super::key::Key;
use crate::encoding::Client;

/// How long one request waits for another. An upstream that is slower is asked again.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same for requests of somebody, for what was never stored: it may be for each alone.
const PATIENCE_OF_SOMEBODY: Duration = Duration::from_millis(100);

#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Mutex<HashMap<Id, watch::Receiver<Option<Landing>>>>>);

/// What is fetched: the key and, where a variant of it is known, the values that it depends on.
type Id = (Key, Vec<u8>);

/// How a flight ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landing {
    Stored,
    /// The upstream failed.
    Failed,
    /// The response is for one request alone, or nobody knows.
    Released,
}

pub(super) enum Join {
    Lead(Guard),
    Follow(Waiter),
}

/// Held by the one who fetches. However he ends, the others go on.
pub(super) struct Guard {
    flights: Flights,
    id: Id,
    landing: watch::Sender<Option<Landing>>,
}

pub(super) struct Waiter {
    landing: watch::Receiver<Option<Landing>>,
    patience: Duration,
}

impl Flights {
    pub(super) fn join(
        &self,
        key: &Key,
        known: Option<&Entry>,
        request: &HeaderMap,
        client: &Client,
    ) -> Join {
        let values = known.map(|entry| entry.selection.fingerprint(request, client));
        let id = (key.clone(), values.unwrap_or_default());
        match self.lock().entry(id) {
            Place::Occupied(place) => Join::Follow(Waiter {
                landing: place.get().clone(),
                patience: if client.is_signed_in && known.is_none() {
                    PATIENCE_OF_SOMEBODY
                } else {
                    PATIENCE
                },
            }),
            Place::Vacant(place) => {
                let (landing, waiter) = watch::channel(None);
                let id = place.key().clone();
                place.insert(waiter);
                Join::Lead(Guard {
                    flights: self.clone(),
                    id,
                    landing,
                })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, watch::Receiver<Option<Landing>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guard {
    pub(super) fn land(self, landing: Landing) {
        self.landing.send_replace(Some(landing));
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.id);
    }
}

impl Waiter {
    pub(super) async fn landing(mut self) -> Landing {
        let landed = self.landing.wait_for(Option::is_some);
        match timeout(self.patience, landed).await {
            Ok(Ok(landing)) => landing.unwrap_or(Landing::Released),
            _ => Landing::Released,
        }
    }
}
