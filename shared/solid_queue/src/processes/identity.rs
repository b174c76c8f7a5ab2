//! Which operating system process a row stands for, so that its death is noticed at once and not by missing heartbeats.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

/// Kept in the metadata of our processes; those of Rails have none. A pid alone says little: it is reused, and in a
/// container it is another process than outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    boot_id: String,
    pid_namespace: String,
    /// In clock ticks since the boot.
    start_time: u64,
    /// What it locks beside the database, for those that do not see its pid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    presence: Option<String>,
}

impl Identity {
    /// This process; nothing where the system has no `/proc`.
    pub(crate) fn own() -> Option<Self> {
        let stat = Stat::read("self")?;
        Some(Self {
            boot_id: fs::read_to_string("/proc/sys/kernel/random/boot_id")
                .ok()?
                .trim()
                .to_owned(),
            pid_namespace: fs::read_link("/proc/self/ns/pid")
                .ok()?
                .to_string_lossy()
                .into_owned(),
            start_time: stat.start_time,
            presence: None,
        })
    }

    /// The same, with what it locks.
    pub(crate) fn with_presence(self, presence: Option<&str>) -> Self {
        Self {
            presence: presence.map(str::to_owned),
            ..self
        }
    }

    pub(crate) fn presence(&self) -> Option<&str> {
        self.presence.as_deref()
    }

    /// Whether it is a process of another container on this machine, which only its presence tells of.
    pub(crate) fn is_out_of_sight(&self, own: &Self) -> bool {
        self.boot_id == own.boot_id && self.pid_namespace != own.pid_namespace
    }

    /// Whether the process of this host that has this identity and pid is known to be dead. In doubt it lives.
    pub(crate) fn is_dead(&self, pid: i32, own: &Self) -> bool {
        if self.boot_id != own.boot_id {
            return true;
        }
        if self.pid_namespace != own.pid_namespace {
            return false;
        }
        match Stat::read(&pid.to_string()) {
            Some(stat) => stat.is_zombie || stat.start_time != self.start_time,
            // The system may hide the processes of other users.
            None => Pid::from_raw(pid).is_none_or(|pid| test_kill_process(pid) == Err(Errno::SRCH)),
        }
    }

    /// Whether the process of this host that has this identity and pid is known to live, whatever the clock says of its
    /// heartbeats.
    pub(crate) fn lives(&self, pid: i32, own: &Self) -> bool {
        self.boot_id == own.boot_id
            && self.pid_namespace == own.pid_namespace
            && Stat::read(&pid.to_string())
                .is_some_and(|stat| !stat.is_zombie && stat.start_time == self.start_time)
    }
}

struct Stat {
    is_zombie: bool,
    start_time: u64,
}

impl Stat {
    fn read(pid: &str) -> Option<Self> {
        let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the name in brackets, which may hold anything.
        let (_, fields) = line.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        let state = fields.next()?;
        Some(Self {
            is_zombie: matches!(state, "Z" | "X"),
            start_time: fields.nth(18)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_pid() -> i32 {
        i32::try_from(std::process::id()).unwrap()
    }

    #[test]
    fn a_running_process_is_not_dead() {
        let own = Identity::own().unwrap();
        assert!(!own.is_dead(own_pid(), &own));
    }

    #[test]
    fn a_pid_that_nobody_has_is_dead() {
        let own = Identity::own().unwrap();
        assert!(own.is_dead(i32::MAX, &own));
    }

    #[test]
    fn a_pid_that_another_process_has_by_now_is_dead() {
        let own = Identity::own().unwrap();
        let earlier = Identity {
            start_time: own.start_time - 1,
            ..own.clone()
        };
        assert!(earlier.is_dead(own_pid(), &own));
    }

    #[test]
    fn a_process_from_before_the_boot_is_dead() {
        let own = Identity::own().unwrap();
        let earlier = Identity {
            boot_id: "another".into(),
            ..own.clone()
        };
        assert!(earlier.is_dead(own_pid(), &own));
    }

    #[test]
    fn nothing_is_known_of_processes_in_other_containers() {
        let own = Identity::own().unwrap();
        let elsewhere = Identity {
            pid_namespace: "pid:[1]".into(),
            ..own.clone()
        };
        assert!(!elsewhere.is_dead(i32::MAX, &own));
    }
}
