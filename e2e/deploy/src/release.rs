use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use test_support::root;
use tokio::process::Command;

use crate::run;

/// Two releases of the programs that were built, which differ in their versions.
pub struct Releases {
    folder: tempfile::TempDir,
}

impl Releases {
    /// The versions.
    pub const VERSIONS: [&str; 2] = ["1.0", "2.0"];

    /// Puts them together.
    ///
    /// # Errors
    /// When something was not built.
    pub async fn make() -> Result<Self> {
        let this = Self {
            folder: tempfile::tempdir()?,
        };
        let [first, second] = Self::VERSIONS.map(|version| this.path(version));
        let mut make = Command::new("bin/release");
        make.args(["--no-build", "--version", Self::VERSIONS[0], "--folder"])
            .arg(&first)
            .current_dir(root());
        if !are_optimised() {
            make.arg("--debug");
        }
        run(&mut make).await?;
        run(Command::new("cp").arg("-al").args([&first, &second])).await?;
        let version = second.join("VERSION");
        std::fs::remove_file(&version)?;
        std::fs::write(&version, Self::VERSIONS[1])?;
        Ok(this)
    }

    /// Where one of them is.
    pub fn path(&self, version: &str) -> PathBuf {
        self.folder.path().join(version)
    }
}

/// The folder of the programs to test: those beside this test, or with `DEPLOY_PROFILE=release` the optimised ones.
///
/// # Errors
/// What was not built.
pub fn folder_of_programs() -> Result<PathBuf> {
    // A test is `target/debug/deps/NAME`. Its neighbours need not be there.
    let test = std::env::current_exe()?;
    let profiles = test.ancestors().nth(3).context("a test has a folder")?;
    let folder = profiles.join(if are_optimised() { "release" } else { "debug" });
    for name in ["web", "worker", "cable", "thrust"] {
        is_built(&folder.join(name))?;
    }
    is_built(&root().join("web/frontend/dist/.vite/manifest.json"))?;
    Ok(folder)
}

fn is_built(path: &Path) -> Result<()> {
    let is_there = path.exists();
    is_there.then_some(()).with_context(|| {
        let shown = path.display();
        format!("{shown} is not built: run `bin/test deploy`, or `bin/release --debug`")
    })
}

fn are_optimised() -> bool {
    std::env::var_os("DEPLOY_PROFILE").is_some_and(|profile| profile == "release")
}
