//! What is kept of a client that may come back: AnyCable's session restore.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::commands::Subscriptions;

/// A client that is away.
pub(crate) struct Session<I> {
    pub(crate) identity: I,
    pub(crate) subscriptions: Subscriptions,
}

/// The sessions of the clients that are away, by the secret name that each was told.
pub(crate) struct Sessions<I> {
    kept: Mutex<HashMap<String, Session<I>>>,
}

impl<I> Sessions<I> {
    pub(crate) fn new() -> Self {
        Self {
            kept: Mutex::default(),
        }
    }

    /// A name that nobody can guess.
    pub(crate) fn new_name() -> String {
        format!("{:032x}", rand::random::<u128>())
    }

    /// Keeps a session, or gives it back when there are `limit` already.
    pub(crate) fn keep(
        &self,
        name: &str,
        session: Session<I>,
        limit: usize,
    ) -> Result<(), Session<I>> {
        let mut kept = self.kept();
        if kept.len() >= limit {
            return Err(session);
        }
        kept.insert(name.to_owned(), session);
        Ok(())
    }

    /// Gives the session out, once.
    pub(crate) fn take(&self, name: &str) -> Option<Session<I>> {
        self.kept().remove(name)
    }

    /// Subscriptions of clients that are away.
    pub(crate) fn subscriptions(&self) -> usize {
        let kept = self.kept();
        kept.values()
            .map(|session| session.subscriptions.len())
            .sum()
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Session<I>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
