#![allow(dead_code, reason = "each test uses some of them")]
//! Settings from files and variables.

use std::fs;
use std::path::Path;

use settings::{Environment, Settings};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub(crate) fn load(
    config: &Path,
    storage: &Path,
    more: &[(&str, &str)],
) -> Result<Settings, String> {
    let (config, storage) = (config.display().to_string(), storage.display().to_string());
    let usual = [
        ("CONFIG_DIR", config.as_str()),
        ("STORAGE_DIR", storage.as_str()),
        ("SECRET_KEY_BASE", SECRET),
    ];
    let environment: Environment = usual.iter().chain(more).copied().collect();
    Settings::load(&environment).map_err(|problems| problems.to_string())
}

/// With this one file, whose place is cut off the messages.
pub(crate) fn load_file(name: &str, text: &str, more: &[(&str, &str)]) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let place = format!("{}/", folder.path().display());
    load(folder.path(), Path::new("storage"), more).map_err(|said| said.replace(&place, ""))
}
