use std::fs;

use anyhow::Result;
use tempfile::TempDir;

/// A new folder beneath the workspace, which goes when it is dropped: the system's folder for temporary files may lie in
/// memory.
pub(crate) fn temporary() -> Result<TempDir> {
    let parent = test_support::root().join("tmp");
    fs::create_dir_all(&parent)?;
    Ok(TempDir::with_prefix_in("bench-", parent)?)
}
