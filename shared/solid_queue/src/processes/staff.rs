use std::collections::BTreeSet;

use db::DbError;

use super::child::Children;
use super::fork::{Exit, Forks};
use super::instance::ProcessKind;
use super::recovery::Recovery;
use crate::ProcessId;

/// Whom a supervisor runs.
pub(crate) enum Staff<C> {
    /// Tasks of its own.
    Tasks(Children<C>),
    /// Processes of the operating system.
    Forks(Forks),
}

/// One that ended though nobody stopped it.
pub(crate) enum Fallen {
    Task((ProcessKind, ProcessId)),
    Fork(Exit),
}

impl<C: Clone + Send + Sync + 'static> Staff<C> {
    /// Starts those that are missing.
    pub(crate) async fn start(&mut self, supervisor: ProcessId) -> Result<(), DbError> {
        match self {
            Self::Tasks(children) => children.start(supervisor).await,
            Self::Forks(forks) => {
                forks.start(supervisor);
                Ok(())
            }
        }
    }

    /// The next one that falls. Cancel safe.
    pub(crate) async fn fallen(&mut self) -> Fallen {
        match self {
            Self::Tasks(children) => Fallen::Task(children.fallen().await),
            Self::Forks(forks) => Fallen::Fork(forks.fallen().await),
        }
    }

    /// Recovers what it left.
    pub(crate) async fn clean_up(&mut self, fallen: Fallen, recovery: &Recovery) {
        match (self, fallen) {
            (Self::Tasks(children), Fallen::Task(child)) => children.clean_up(child).await,
            (Self::Forks(forks), Fallen::Fork(exit)) => {
                forks.clean_up(Some(exit), recovery).await;
            }
            _ => {}
        }
    }

    /// Recovers what the database did not let it recover before.
    pub(crate) async fn retry_clean_up(&mut self, recovery: &Recovery) {
        if let Self::Forks(forks) = self {
            forks.clean_up(None, recovery).await;
        }
    }

    /// Stops those whose row others removed. Processes of their own notice it themselves.
    pub(crate) fn replace_all_but(&mut self, alive: &[ProcessId]) {
        if let Self::Tasks(children) = self {
            children.replace_all_but(alive);
        }
    }

    /// Stops all and waits for them.
    pub(crate) async fn stop(&mut self, recovery: &Recovery) {
        match self {
            Self::Tasks(children) => children.stop().await,
            Self::Forks(forks) => forks.stop(recovery).await,
        }
    }

    /// How many are to be started.
    pub(crate) fn missing(&self) -> usize {
        match self {
            Self::Tasks(children) => children.missing(),
            Self::Forks(forks) => forks.missing(),
        }
    }

    /// Those for whose heartbeats the supervisor cares.
    pub(crate) fn ids(&self) -> BTreeSet<ProcessId> {
        match self {
            Self::Tasks(children) => children.ids(),
            Self::Forks(_) => BTreeSet::new(),
        }
    }

    pub(crate) fn is_forked(&self) -> bool {
        matches!(self, Self::Forks(_))
    }
}
