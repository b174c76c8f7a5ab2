use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::process::Pid;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use test_support::PATIENCE;
use tokio::process::Command;

/// Runs a command to its end, and returns what it wrote to standard output.
///
/// # Errors
/// When it cannot be started, or fails; with all that it wrote.
pub async fn run(command: &mut Command) -> Result<String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let shown = show(command.as_std());
    let output = command.output().await;
    let output = output.with_context(|| format!("could not start {shown}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    if !output.status.success() {
        bail!("{shown}: {}\n{stdout}\n{stderr}", output.status);
    }
    Ok(stdout)
}

/// Without its variables, which only get in the way of what is said.
fn show(command: &std::process::Command) -> String {
    let all = std::iter::once(command.get_program()).chain(command.get_args());
    let all: Vec<_> = all.map(|part| part.to_string_lossy()).collect();
    all.join(" ")
}

/// Whether a program is installed where commands are looked for.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Asks again and again until the answer is `Some`; `None` when a machine that could do it would have answered long ago.
pub(crate) async fn comes<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}

/// Lets this thread, and with it the test, see the network of that process.
pub(crate) fn enter_network(of: Pid) -> Result<()> {
    let link = File::open(format!("/proc/{}/ns/net", of.as_raw_nonzero()))?;
    Ok(move_into_link_name_space(
        link.as_fd(),
        Some(LinkNameSpaceType::Network),
    )?)
}

/// Whether this is root, has these programs, which are in these packages, has so much room, and may make namespaces and mounts.
pub(crate) fn can_part(programs: &[&str], packages: &str, megabytes: u64) -> Result<()> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "only root can start a machine or an engine: run `sudo bin/test deploy`"
    );
    for program in programs {
        ensure!(
            has_program(program),
            "{program} is not installed: run `bin/test deploy`, or `apt-get install {packages}`"
        );
    }
    has_room(&std::env::temp_dir(), megabytes)?;
    let mut unshare = std::process::Command::new("unshare");
    unshare.args(["--net", "--mount", "--pid", "--fork"]);
    unshare.args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
    let output = unshare.output().context("could not start unshare")?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        bail!(
            "root may not make namespaces and mounts here: {}",
            why.trim_end()
        );
    }
    Ok(())
}

/// Whether programs can lie there and run.
fn has_room(folder: &Path, megabytes: u64) -> Result<()> {
    let shown = folder.display();
    let system = statvfs(folder).with_context(|| format!("there is no {shown}"))?;
    let free = (system.f_bavail * system.f_frsize) >> 20;
    ensure!(
        free >= megabytes,
        "{shown} has {free} MB of room, {megabytes} are needed: set TMPDIR"
    );
    ensure!(
        !system.f_flag.contains(StatVfsMountFlags::NOEXEC),
        "no program runs in {shown}, which is mounted with noexec: set TMPDIR"
    );
    Ok(())
}

/// Runs work on a thread of its own, as one that has entered a network is lost for anything else.
pub(crate) fn apart(work: impl FnOnce() -> Result<()> + Send) -> Result<()> {
    std::thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
