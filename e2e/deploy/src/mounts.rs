use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Result;
use tokio::process::Command;

use crate::{Releases, run};

/// A copy of this system that forgets.
pub(crate) struct Mounts {
    folder: tempfile::TempDir,
}

impl Mounts {
    /// With nothing that starts by itself.
    pub(crate) async fn new() -> Result<Self> {
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
        // The machine's root has the mode of this one, whatever the umask here is.
        std::fs::set_permissions(&upper, Permissions::from_mode(0o755))?;
        let (upper, work) = (upper.display(), work.display());
        let options = format!("lowerdir=/,upperdir={upper},workdir={work}");
        let mut overlay = Command::new("mount");
        overlay.args(["-t", "overlay", "overlay", "-o", &options]);
        run(overlay.arg(&root)).await?;
        prepare(&root)?;
        Ok(this)
    }

    /// The root of the machine.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// What the machine says on its console.
    pub(crate) fn console(&self) -> PathBuf {
        self.folder.path().join("console")
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
