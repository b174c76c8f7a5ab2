use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use test_support::wait_until;
use tokio::process::{Child, Command};

use crate::{Releases, folder_of_programs, has_program, run};

/// One machine at a time: two would hold up each other's watchdogs.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

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
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err(reason) = can_boot() {
        eprintln!("SKIPPED: {reason:#}");
        return Ok(());
    }
    let work = || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let machine = runtime.block_on(Machine::boot())?;
        // Sockets that this thread opens are the machine's from now on.
        machine.enter_network()?;
        runtime.block_on(async {
            let outcome = test(&machine).await;
            if outcome.is_err() {
                eprintln!("{}", machine.journal().await);
            }
            outcome
        })
    };
    // A thread of its own, as it is lost for anything else.
    std::thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Whether a machine can be had here.
fn can_boot() -> Result<()> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "only root can boot a machine: run `sudo bin/test deploy`"
    );
    for program in ["systemd-nspawn", "nsenter", "systemd-analyze"] {
        ensure!(
            has_program(program),
            "{program} is not installed: run `bin/test deploy`, or `apt-get install systemd-container`"
        );
    }
    folder_of_programs().map(drop)
}

impl Machine {
    async fn boot() -> Result<Self> {
        let releases = Releases::make().await?;
        let mounts = Mounts::new().await?;
        prepare(&mounts.root())?;
        let log = File::create(mounts.folder.path().join("console"))?;
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
            .args(["--machine=trifecta-test", "--console=pipe"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        for version in Releases::VERSIONS {
            let release = releases.path(version);
            nspawn.arg(format!("--bind-ro={}:/srv/{version}", release.display()));
        }
        let container = nspawn.spawn().context("could not start systemd-nspawn")?;
        let id = container.id().context("systemd-nspawn ended at once")?;
        let leader = test_support::wait_for("the machine's init", || async { child_of(id) }).await;
        let machine = Self {
            container,
            leader,
            mounts,
            releases,
        };
        wait_until("the machine has booted", || async {
            // `degraded`: something of this system that we do not need does not work in a container.
            let state = machine.try_run("systemctl is-system-running || true").await;
            state.is_ok_and(|state| ["running", "degraded"].contains(&state.as_str()))
        })
        .await;
        Ok(machine)
    }

    /// Runs a line of bash on the machine, as root, and returns what it prints.
    ///
    /// # Errors
    /// When it fails; with all that it said.
    pub async fn run(&self, line: &str) -> Result<String> {
        self.try_run(line)
            .await
            .with_context(|| format!("on the machine: {line}"))
    }

    async fn try_run(&self, line: &str) -> Result<String> {
        let leader = self.leader.as_raw_nonzero().to_string();
        let mut command = Command::new("nsenter");
        command
            .args(["--all", "--target", &leader, "--", "/bin/bash", "-c", line])
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("LANG", "C.UTF-8");
        run(&mut command).await
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
        let line = "systemctl list-units --all --no-pager --plain 'trifecta*'; journalctl --no-pager -o short-precise -n 200 -u 'trifecta*'";
        let journal = self.try_run(line).await;
        journal.unwrap_or_else(|error| format!("no journal: {error:#}"))
    }

    fn enter_network(&self) -> Result<()> {
        let link = format!("/proc/{}/ns/net", self.leader.as_raw_nonzero());
        let link = File::open(link)?;
        Ok(move_into_link_name_space(
            link.as_fd(),
            Some(LinkNameSpaceType::Network),
        )?)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Its end takes all of the machine with it; that of systemd-nspawn alone would not.
        let _ = kill_process(self.leader, Signal::KILL);
        let _ = self.container.start_kill();
    }
}

/// A copy of this system that forgets.
struct Mounts {
    folder: tempfile::TempDir,
}

impl Mounts {
    async fn new() -> Result<Self> {
        let this = Self {
            folder: tempfile::tempdir()?,
        };
        let [memory, root] = ["memory", "root"].map(|name| this.folder.path().join(name));
        std::fs::create_dir(&memory)?;
        std::fs::create_dir(&root)?;
        let mut tmpfs = Command::new("mount");
        tmpfs.args(["-t", "tmpfs", "-o", "size=4g", "tmpfs"]);
        run(tmpfs.arg(&memory)).await?;
        let [upper, work] = ["upper", "work"].map(|name| memory.join(name));
        std::fs::create_dir(&upper)?;
        std::fs::create_dir(&work)?;
        let (upper, work) = (upper.display(), work.display());
        let options = format!("lowerdir=/,upperdir={upper},workdir={work}");
        let mut overlay = Command::new("mount");
        overlay.args(["-t", "overlay", "overlay", "-o", &options]);
        run(overlay.arg(&root)).await?;
        Ok(this)
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        for name in ["root", "memory"] {
            let mut umount = std::process::Command::new("umount");
            let _ = umount
                .arg("--lazy")
                .arg(self.folder.path().join(name))
                .stderr(Stdio::null())
                .status();
        }
    }
}

/// Nothing of this system starts on the machine, and nothing of ours that may be installed here is there.
fn prepare(root: &Path) -> Result<()> {
    let units = root.join("etc/systemd/system");
    for folder in [
        "multi-user.target.wants",
        "timers.target.wants",
        "sockets.target.wants",
    ] {
        let folder = units.join(folder);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
    }
    std::fs::write(root.join("etc/machine-id"), "")?;
    for version in Releases::VERSIONS {
        std::fs::create_dir_all(root.join("srv").join(version))?;
    }
    Ok(())
}

fn child_of(id: u32) -> Option<Pid> {
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    let child = children.split_whitespace().next()?;
    Pid::from_raw(child.parse().ok()?)
}
