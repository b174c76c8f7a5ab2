use std::fmt;
use std::str::FromStr;

use super::instance::ProcessKind;
use super::role::Role;
use crate::{Config, ProcessId, SupervisorError};

/// What a child of a forking supervisor is to be, and for whom.
///
/// As text it fits into one argument of a command line. See [`crate::Supervisor::forking`].
///
/// ```
/// let assignment: solid_queue::Assignment = "worker:0:12:4711".parse().unwrap();
/// assert_eq!(assignment.slot(), 0);
/// assert_eq!(assignment.to_string(), "worker:0:12:4711");
/// assert!("worker:0".parse::<solid_queue::Assignment>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub(crate) kind: String,
    pub(crate) slot: usize,
    pub(crate) supervisor: ProcessId,
    pub(crate) supervisor_pid: u32,
}

/// The text is no [`Assignment`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected KIND:SLOT:SUPERVISOR:PID, as a supervisor writes it, got `{0}`")]
pub struct ParseAssignmentError(String);

impl Assignment {
    pub(crate) fn new(kind: ProcessKind, slot: usize, supervisor: ProcessId) -> Self {
        Self {
            kind: kind.to_string().to_lowercase(),
            slot,
            supervisor,
            supervisor_pid: std::process::id(),
        }
    }

    /// Which of the supervisor's processes it is, from 0: first the workers in the order of the configuration, then the
    /// dispatchers, then the scheduler. Its replacement after a crash has the same.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Jobs that it runs at once: none, unless it is a worker of this configuration.
    pub fn threads(&self, config: &Config) -> usize {
        match self.role(config) {
            Ok(Role::Worker(worker)) => usize::try_from(worker.threads).unwrap_or(usize::MAX),
            _ => 0,
        }
    }

    /// What that is by the configuration.
    pub(crate) fn role(&self, config: &Config) -> Result<Role, SupervisorError> {
        let role = Role::all(config).into_iter().nth(self.slot);
        role.filter(|role| role.kind().to_string().to_lowercase() == self.kind)
            .ok_or_else(|| SupervisorError::Assignment(self.clone()))
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            slot,
            supervisor,
            supervisor_pid,
        } = self;
        write!(f, "{kind}:{slot}:{supervisor}:{supervisor_pid}")
    }
}

impl FromStr for Assignment {
    type Err = ParseAssignmentError;

    fn from_str(text: &str) -> Result<Self, ParseAssignmentError> {
        parse(text).ok_or_else(|| ParseAssignmentError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Assignment> {
    let mut parts = text.split(':');
    let assignment = Assignment {
        kind: parts.next()?.to_owned(),
        slot: parts.next()?.parse().ok()?,
        supervisor: ProcessId(parts.next()?.parse().ok()?),
        supervisor_pid: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(assignment)
}
