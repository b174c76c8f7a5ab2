use std::fs;
use std::path::Path;

use db::Inspection;

use crate::manifest::{Copied, Manifest};
use crate::{Error, disk};

/// Reads all of a backup: whether each file is the one that was written, and sound. Writes nothing.
///
/// # Errors
/// [`Error::NoBackup`], or [`Error::Unsound`] with all that is wrong.
pub fn verify(folder: &Path) -> Result<Manifest, Error> {
    let manifest = Manifest::read(folder)?;
    let mut problems = Vec::new();
    for copied in &manifest.files {
        let found = check(folder, copied);
        problems.extend(
            found
                .into_iter()
                .map(|problem| format!("{}: {problem}", copied.file)),
        );
    }
    if problems.is_empty() {
        return Ok(manifest);
    }
    Err(Error::Unsound {
        path: folder.to_owned(),
        problems,
    })
}

/// Whether the files have the sizes that they should have.
pub(crate) fn sizes_fit(folder: &Path, manifest: &Manifest) -> bool {
    manifest
        .files
        .iter()
        .all(|copied| size(&folder.join(&copied.file)) == Some(copied.bytes))
}

fn check(folder: &Path, copied: &Copied) -> Vec<String> {
    let path = folder.join(&copied.file);
    match size(&path) {
        None => return vec!["it is missing".into()],
        Some(bytes) if bytes != copied.bytes => {
            return vec![format!("expected {} bytes, got {bytes}", copied.bytes)];
        }
        Some(_) => {}
    }
    match disk::sha256(&path) {
        Ok(hash) if hash != copied.sha256 => {
            return vec![format!(
                "expected the SHA-256 {}, got {hash}",
                copied.sha256
            )];
        }
        Ok(_) => {}
        Err(error) => return vec![error.to_string()],
    }
    let problems = Inspection::open(&path).and_then(|copy| copy.problems());
    problems.unwrap_or_else(|error| vec![error.to_string()])
}

fn size(path: &Path) -> Option<u64> {
    Some(fs::metadata(path).ok()?.len())
}
