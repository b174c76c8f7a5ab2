//! Disks that are made for a scene.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::fs::statvfs;
use tempfile::TempDir;
use test_support::PATIENCE;

/// A file system of its own. It is taken away with the value; no process may use it then.
pub(crate) struct Disk {
    folder: TempDir,
    is_mounted: bool,
}

impl Disk {
    /// An ext4 in a file, whose power can be cut; or why there cannot be one.
    pub(crate) fn ext4(megabytes: u32) -> Result<Result<Self, String>> {
        if let Err(reason) = is_installed("mkfs.ext4", "e2fsprogs") {
            return Ok(Err(reason));
        }
        let disk = Self::new()?;
        let image = disk.image();
        // Under an image that finds no room there is another fault than the one that is looked at.
        let system = statvfs(disk.folder.path())?;
        let free = (system.f_bavail * system.f_frsize) >> 20;
        if free < u64::from(megabytes) {
            let folder = disk.folder.path().display();
            return Ok(Err(format!(
                "{folder} has {free} MB of room, {megabytes} are needed: set TMPDIR"
            )));
        }
        std::fs::File::create(&image)?.set_len(u64::from(megabytes) << 20)?;
        if let Err(error) = run("mkfs.ext4", &["-q", "-F", text(&image)?]) {
            return Ok(Err(format!("no such disk can be made here: {error:#}")));
        }
        disk.first_mount(&["-o", "loop", text(&image)?])
    }

    /// Whether the power of such a disk can be cut here: what was written after is gone. Else why not.
    pub(crate) fn loses_power() -> Result<Result<(), String>> {
        if let Err(reason) = is_installed("xfs_io", "xfsprogs") {
            return Ok(Err(reason));
        }
        let mut disk = match Self::ext4(16)? {
            Ok(disk) => disk,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Err(error) = disk.cut_power() {
            return Ok(Err(format!("no power can be cut here: {error:#}")));
        }
        let later = disk.path().join("later");
        if std::fs::write(&later, "later").is_ok() {
            return Ok(Err("the disk goes on when its power is cut".to_owned()));
        }
        Ok(disk
            .boot()
            .map_err(|error| format!("no disk is mounted again here: {error:#}")))
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
        // A namespace that somebody made meanwhile has the mount, too, and the disk would go on in it as it is: without power.
        // It loses the mount with the folder.
        std::fs::remove_dir(&path)?;
        std::fs::create_dir(&path)?;
        patiently(|| is_let_go(text(&image)?))?;
        // Never a disk that can only be read, which would do for `mount`.
        let mount = ["-w", "-o", "loop", text(&image)?, text(&path)?];
        patiently(|| run("mount", &mount))?;
        self.is_mounted = true;
        Ok(())
    }

    /// How it is mounted, and what is on it.
    pub(crate) fn tell(&self) -> String {
        let path = self.path().display().to_string();
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
        let mount = mounts.lines().find(|line| line.contains(&path));
        let files = std::fs::read_dir(self.path().join("storage"));
        let files = files.map(|files| files.flatten().map(|file| file.file_name()).collect());
        let files: std::io::Result<Vec<_>> = files;
        format!("{}, with {files:?}", mount.unwrap_or("nothing"))
    }

    fn unmount(&mut self) -> Result<()> {
        let path = self.path();
        patiently(|| run("umount", &[text(&path)?]))?;
        self.is_mounted = false;
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted && self.unmount().is_err() {
            crate::say(format!("could not unmount {}", self.path().display()));
        }
    }
}

/// Tries until it works: others may be in the way, who took the loop device that was free, or were killed and have not let go.
fn patiently(mut what: impl FnMut() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    loop {
        let outcome = what();
        if outcome.is_ok() || start.elapsed() >= PATIENCE {
            return outcome;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether no loop device has the image any more: it goes a moment after the last mount.
fn is_let_go(image: &str) -> Result<()> {
    let output = Command::new("losetup").args(["-j", image]).output()?;
    ensure!(output.stdout.is_empty(), "a device still has {image}");
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is UTF-8")
}

fn is_installed(program: &str, package: &str) -> Result<(), String> {
    let version = run(program, &["-V"]);
    version.map_err(|_| format!("{program} is not installed: apt-get install {package}"))
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
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
