//! Which processes of the file live, as far as can be said from here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use db::Timestamp;

use super::identity::Identity;
use super::registration::hostname;
use crate::records::process::Process;

/// Sees the processes of its host, and by their locks those in other containers that mount the same folder.
pub(crate) struct Observer {
    database: PathBuf,
    hostname: String,
    identity: Option<Identity>,
}

impl Observer {
    pub(crate) fn new(database: &Path) -> Self {
        Self {
            database: database.to_owned(),
            hostname: hostname(),
            identity: Identity::own(),
        }
    }

    /// Those of this host that are known to be dead by their pid.
    pub(crate) fn exited(&self, processes: &[Process]) -> BTreeSet<i64> {
        self.known(processes, Identity::is_dead, false)
    }

    /// Those of this host that are known to live by their pid.
    pub(crate) fn living(&self, processes: &[Process]) -> BTreeSet<i64> {
        self.known(processes, Identity::lives, true)
    }

    /// Only ours say enough to know.
    fn known(
        &self,
        processes: &[Process],
        is_so: fn(&Identity, i32, &Identity) -> bool,
        presence: bool,
    ) -> BTreeSet<i64> {
        let Some(own) = &self.identity else {
            return BTreeSet::new();
        };
        let is_so = |process: &&Process| {
            let is_of_this_host = process.hostname.as_ref() == Some(&self.hostname);
            identity(process).is_some_and(|identity| {
                if identity.is_out_of_sight(own) {
                    self.presence(&identity) == Some(presence)
                } else {
                    is_of_this_host && is_so(&identity, process.pid, own)
                }
            })
        };
        processes
            .iter()
            .filter(is_so)
            .map(|process| process.id)
            .collect()
    }

    fn presence(&self, identity: &Identity) -> Option<bool> {
        db::is_present(&self.database, identity.presence()?)
    }

    /// Removes what a dead process left beside the database.
    pub(crate) fn forget(&self, process: &Process) {
        if let Some(identity) = identity(process)
            && let Some(presence) = identity.presence()
        {
            db::forget_presence(&self.database, presence);
        }
    }

    /// Those that live: there was a heartbeat within the threshold, and the system does not say otherwise.
    pub(crate) fn alive(
        &self,
        processes: &[Process],
        threshold: Duration,
        now: Timestamp,
    ) -> BTreeSet<i64> {
        let exited = self.exited(processes);
        let lives = |process: &&Process| {
            process.last_heartbeat_at > now.before(threshold) && !is_one_of(process, &exited)
        };
        processes
            .iter()
            .filter(lives)
            .map(|process| process.id)
            .collect()
    }
}

/// Whether it is one of these processes. A child is one with its supervisor where it says nothing of itself.
pub(crate) fn is_one_of(process: &Process, known: &BTreeSet<i64>) -> bool {
    let is_one_with_supervisor = identity(process).is_none();
    let with_supervisor = |id| is_one_with_supervisor && known.contains(&id);
    known.contains(&process.id) || process.supervisor_id.is_some_and(with_supervisor)
}

fn identity(process: &Process) -> Option<Identity> {
    serde_json::from_str(process.metadata.as_deref()?).ok()
}
