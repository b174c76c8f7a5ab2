#![allow(
    clippy::print_stderr,
    reason = "a test says why it is skipped, and what its machine logged"
)]

use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::command::{apart, can_part, comes, enter_network};
use crate::mounts::Mounts;
use crate::{Releases, folder_of_programs, run};

const JOURNAL: &str = "systemctl list-units --all --no-pager --plain 'trifecta*'; journalctl --no-pager -o short-precise -n 200 -u 'trifecta*'";
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How often to look whether a machine has ended.
const LOOK: Duration = Duration::from_millis(10);

/// What the least of our services needs of a machine. Where that cannot be had, a failure of theirs would say nothing.
const SANDBOX: &str = "systemd-run --quiet --wait --pipe --collect --property=User=nobody --property=NoNewPrivileges=yes \
    --property=CapabilityBoundingSet= --property=PrivateUsers=yes --property=PrivateTmp=yes --property=PrivateDevices=yes \
    --property=PrivateNetwork=yes --property=ProtectSystem=strict --property=ProtectProc=invisible \
    --property=ProtectKernelTunables=yes --property=ProtectControlGroups=yes --property=ProtectHostname=yes \
    --property=SystemCallFilter=@system-service --property=MemoryDenyWriteExecute=yes --property=RestrictNamespaces=yes \
    --property=LoadCredential=given:/etc/passwd --property=MemoryMax=1G --property=TasksMax=256 \
    grep -x 'Seccomp:[[:space:]]*2' /proc/self/status";
/// In megabytes, for two releases and what a machine notes.
const ROOM: u64 = 500;

/// One machine at a time: two would hold up each other's watchdogs. Why none boots is asked only once.
static ONE_AT_A_TIME: Mutex<Option<String>> = Mutex::new(None);

/// A machine with a systemd of its own: a container over a copy of this system, in which what is written stays in memory.
/// It ends when it is dropped.
pub struct Machine {
    container: Child,
    leader: Pid,
    mounts: Mounts,
    /// The releases that it sees.
    pub releases: Releases,
}

/// Boots a machine and runs a test in its network. Where that cannot be done, says why and skips the test.
///
/// # Errors
/// What the test found.
pub fn on_a_machine(test: impl AsyncFnOnce(&Machine) -> Result<()> + Send) -> Result<()> {
    let mut turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let why_none = &mut *turn;
    if why_none.is_none()
        && let Err(reason) = can_boot()
    {
        *why_none = Some(format!("{reason:#}"));
    }
    if let Some(reason) = why_none {
        eprintln!("SKIPPED: {reason}");
        return Ok(());
    }
    let work = || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let releases = runtime.block_on(Releases::make())?;
        let machine = match runtime.block_on(Machine::boot(releases)) {
            Ok(machine) => machine,
            Err(reason) => {
                eprintln!("SKIPPED: {reason:#}");
                *why_none = Some(format!("{reason:#}"));
                return Ok(());
            }
        };
        // Sockets that this thread opens are the machine's from now on.
        enter_network(machine.leader)?;
        runtime.block_on(async {
            let outcome = test(&machine).await;
            if outcome.is_err() {
                eprintln!("{}", machine.journal().await);
            }
            outcome
        })
    };
    apart(work)
}

/// Whether a machine can be had here.
fn can_boot() -> Result<()> {
    can_part(
        &["systemd-nspawn", "nsenter", "systemd-analyze"],
        "systemd-container",
        ROOM,
    )?;
    folder_of_programs().map(drop)
}

impl Machine {
    async fn boot(releases: Releases) -> Result<Self> {
        let mounts = Mounts::new().await?;
        let log = File::create(mounts.console())?;
        let mut nspawn = Command::new("systemd-nspawn");
        nspawn
            .arg("--quiet")
            .arg(format!("--directory={}", mounts.root().display()))
            .args([
                "--boot",
                "--private-network",
                "--register=no",
                "--keep-unit",
            ])
            .arg(format!("--machine=trifecta-test-{}", std::process::id()))
            .arg("--console=pipe")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        for version in Releases::VERSIONS {
            let release = releases.path(version);
            nspawn.arg(format!("--bind-ro={}:/srv/{version}", release.display()));
        }
        let mut container = nspawn.spawn().context("could not start systemd-nspawn")?;
        let leader = booted(&mut container).await.with_context(|| {
            let said = std::fs::read_to_string(mounts.console()).unwrap_or_default();
            format!("no machine boots here: {}", said.trim_end())
        })?;
        let machine = Self {
            container,
            leader,
            mounts,
            releases,
        };
        let sandbox = machine.run(SANDBOX).await;
        sandbox.context("no service is locked in on a machine here")?;
        Ok(machine)
    }

    /// Runs a line of bash on the machine, as root, and returns what it prints.
    ///
    /// # Errors
    /// When it fails; with all that it said.
    pub async fn run(&self, line: &str) -> Result<String> {
        enter(self.leader, line)
            .await
            .with_context(|| format!("on the machine: {line}"))
    }

    /// Writes a file on the machine.
    ///
    /// # Errors
    /// When that fails.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        std::fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))
    }

    /// Where a file of the machine is, seen from here.
    pub fn path(&self, path: &str) -> PathBuf {
        self.mounts.root().join(path.trim_start_matches('/'))
    }

    /// What our units logged.
    pub async fn journal(&self) -> String {
        let journal = enter(self.leader, JOURNAL).await;
        journal.unwrap_or_else(|error| format!("no journal: {error:#}"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // A wait in vain is a panic, which leaves no other moment to look.
        if std::thread::panicking()
            && let Ok(journal) = bash(self.leader, JOURNAL).as_std_mut().output()
        {
            eprintln!("{}", String::from_utf8_lossy(&journal.stdout));
        }
        // Its end takes all of the machine with it; that of systemd-nspawn alone would not. That one clears up, and ends.
        let _ = kill_process(self.leader, Signal::KILL);
        for _ in 0..1000 {
            if !matches!(self.container.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// Runs a line of bash beside this process.
async fn enter(leader: Pid, line: &str) -> Result<String> {
    run(&mut bash(leader, line)).await
}

fn bash(leader: Pid, line: &str) -> Command {
    let leader = leader.as_raw_nonzero().to_string();
    let mut command = Command::new("nsenter");
    command
        .args(["--all", "--target", &leader, "--", "/bin/bash", "-c", line])
        .env_clear()
        .env("PATH", PATH)
        .env("LANG", "C.UTF-8");
    command
}

/// The first process of the machine, once that is up. One that does not come up ends.
async fn booted(container: &mut Child) -> Option<Pid> {
    let id = container.id()?;
    // Its first child is not the last one, and a young machine does not answer.
    let booted = comes(async || {
        let leader = child_of(id).filter(|leader| is_apart(*leader))?;
        has_booted(leader).await.then_some(leader)
    });
    let leader = tokio::select! {
        leader = booted => leader,
        _ = container.wait() => None,
    };
    if leader.is_none()
        && let Some(half_up) = child_of(id)
    {
        let _ = kill_process(half_up, Signal::KILL);
    }
    leader
}

/// Whether a process sees other processes than we do. Who prepares the machine does not: it would answer for this system.
fn is_apart(process: Pid) -> bool {
    let namespace = |of: &str| std::fs::read_link(format!("/proc/{of}/ns/pid"));
    let (here, there) = (
        namespace("self"),
        namespace(&process.as_raw_nonzero().to_string()),
    );
    here.is_ok_and(|here| there.is_ok_and(|there| here != there))
}

async fn has_booted(leader: Pid) -> bool {
    // `degraded`: something of this system that we do not need does not work in a container.
    let state = enter(leader, "systemctl is-system-running || true").await;
    state.is_ok_and(|state| ["running", "degraded"].contains(&state.as_str()))
}

fn child_of(id: u32) -> Option<Pid> {
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    let child = children.split_whitespace().next()?;
    Pid::from_raw(child.parse().ok()?)
}
