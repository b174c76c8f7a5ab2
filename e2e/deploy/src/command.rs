use std::fs::File;
use std::os::fd::AsFd as _;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Pid;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::process::Command;

/// Runs a command to its end, and returns what it wrote to standard output.
///
/// # Errors
/// When it cannot be started, or fails; with all that it wrote.
pub async fn run(command: &mut Command) -> Result<String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let shown = format!("{:?}", command.as_std());
    let output = command.output().await;
    let output = output.with_context(|| format!("could not start {shown}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    if !output.status.success() {
        bail!("{shown}: {}\n{stdout}\n{stderr}", output.status);
    }
    Ok(stdout)
}

/// Whether a program is installed.
pub fn has_program(name: &str) -> bool {
    let folders = [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    ];
    let mut folders = folders.iter().map(std::path::Path::new);
    folders.any(|folder| folder.join(name).exists())
}

/// Lets this thread, and with it the test, see the network of that process.
pub(crate) fn enter_network(of: Pid) -> Result<()> {
    let link = File::open(format!("/proc/{}/ns/net", of.as_raw_nonzero()))?;
    Ok(move_into_link_name_space(
        link.as_fd(),
        Some(LinkNameSpaceType::Network),
    )?)
}

/// Whether this is root, has these programs, which are in these packages, and may make namespaces and mounts.
pub(crate) fn can_part(programs: &[&str], packages: &str) -> Result<()> {
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

/// Runs work on a thread of its own, as one that has entered a network is lost for anything else.
pub(crate) fn apart(work: impl FnOnce() -> Result<()> + Send) -> Result<()> {
    std::thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
