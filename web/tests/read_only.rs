//! Storage that may not be written, met by a user who is not root (whom no permission stops).

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use db::{Database, DatabaseConfig};
use insta::assert_snapshot;
use test_support::{binary, production, root};

const NOBODY: u32 = 65534;

/// A folder that everybody may read, with all that the process needs.
fn prepare() -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    allow(folder.path(), 0o755)?;
    // By a process of its own: were the copy open for writing here while the other test starts its process, that would have it
    // open, too, for a moment, and what is open for writing cannot be run.
    let copied = Command::new("cp")
        .args([binary("web")?, folder.path().join("web")])
        .status()?;
    assert!(copied.success());
    fs::create_dir_all(folder.path().join("dist/.vite"))?;
    let manifest = "dist/.vite/manifest.json";
    fs::copy(
        root().join("web/tests/fixtures").join(manifest),
        folder.path().join(manifest),
    )?;
    fs::create_dir(folder.path().join("storage"))?;
    Ok(folder)
}

fn allow(path: &Path, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(path, Permissions::from_mode(mode))?)
}

/// What the process says before it ends with code 1.
fn failure(folder: &Path) -> Result<String> {
    let assets = folder.join("dist").display().to_string();
    let variables = production(&folder.join("storage"), &[("WEB__ASSETS_DIR", &assets)]);
    let mut command = Command::new(folder.join("web"));
    command.env_clear().envs(variables).current_dir(folder);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output()?;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    Ok(String::from_utf8_lossy(&output.stderr).replace(&folder.display().to_string(), "[folder]"))
}

#[test]
fn a_folder_that_cannot_be_written_is_named() -> Result<()> {
    let folder = prepare()?;
    allow(&folder.path().join("storage"), 0o555)?;
    assert_snapshot!(failure(folder.path())?);
    Ok(())
}

#[test]
fn a_file_that_cannot_be_written_is_named() -> Result<()> {
    let folder = prepare()?;
    let storage = folder.path().join("storage");
    let file = storage.join("production.sqlite3");
    drop(Database::open(
        &DatabaseConfig::new(&file),
        app::MIGRATIONS,
    )?);
    allow(&storage, 0o777)?;
    allow(&file, 0o444)?;
    assert_snapshot!(failure(folder.path())?);
    Ok(())
}
