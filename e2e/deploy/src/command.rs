use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
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
