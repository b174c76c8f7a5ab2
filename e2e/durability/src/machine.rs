//! Disks that are made for a scene.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

/// A file system of its own. It is taken away with the value; no process may use it then.
pub(crate) struct Disk {
    folder: TempDir,
    is_mounted: bool,
}

impl Disk {
    /// An ext4 in a file, whose power can be cut; or why there cannot be one.
    pub(crate) fn ext4(megabytes: u32) -> Result<Result<Self, String>> {
        for (program, package) in [("mkfs.ext4", "e2fsprogs"), ("xfs_io", "xfsprogs")] {
            if run(program, &["-V"]).is_err() {
                return Ok(Err(format!(
                    "{program} is not installed: apt-get install {package}"
                )));
            }
        }
        let disk = Self::new()?;
        let image = disk.image();
        std::fs::File::create(&image)?.set_len(u64::from(megabytes) << 20)?;
        run("mkfs.ext4", &["-q", "-F", text(&image)?])?;
        disk.first_mount(&["-o", "loop", text(&image)?])
    }

    /// A small one in memory; or why there cannot be one.
    pub(crate) fn tmpfs(megabytes: u32) -> Result<Result<Self, String>> {
        let size = format!("size={megabytes}m");
        Self::new()?.first_mount(&["-t", "tmpfs", "-o", &size, "tmpfs"])
    }

    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("disk"))?;
        Ok(Self {
            folder,
            is_mounted: false,
        })
    }

    fn first_mount(mut self, arguments: &[&str]) -> Result<Result<Self, String>> {
        let path = self.path();
        match run("mount", &[arguments, &[text(&path)?]].concat()) {
            Ok(()) => {
                self.is_mounted = true;
                Ok(Ok(self))
            }
            Err(error) => Ok(Err(format!(
                "this machine mounts no such disk (as root it may): {error:#}"
            ))),
        }
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    /// From now on nothing more reaches the disk, as when its power is cut.
    pub(crate) fn cut_power(&self) -> Result<()> {
        run("xfs_io", &["-x", "-c", "shutdown", text(&self.path())?])
    }

    /// Mounts it again, as after a boot: what had not reached it is gone.
    pub(crate) fn boot(&mut self) -> Result<()> {
        self.unmount()?;
        let (image, path) = (self.image(), self.path());
        run("mount", &["-o", "loop", text(&image)?, text(&path)?])?;
        self.is_mounted = true;
        Ok(())
    }

    /// A killed process may need a moment until it lets go.
    fn unmount(&mut self) -> Result<()> {
        let path = self.path();
        let mut outcome = Ok(());
        for _ in 0..500 {
            outcome = run("umount", &[text(&path)?]);
            if outcome.is_ok() {
                self.is_mounted = false;
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        outcome
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted && self.unmount().is_err() {
            crate::say(format!("could not unmount {}", self.path().display()));
        }
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is UTF-8")
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("could not run {program}"))?;
    if output.status.success() {
        return Ok(());
    }
    bail!(
        "{program} {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    )
}
