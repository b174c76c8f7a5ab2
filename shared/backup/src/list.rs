use std::path::{Path, PathBuf};

use crate::manifest::Manifest;
use crate::shelf::names;
use crate::{Error, name, verify};

/// A folder of a backup.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it says of itself, or why it is not sound.
    pub manifest: Result<Manifest, Error>,
}

/// The backups of a folder, the oldest first. Without `thoroughly` only the sizes of the files are looked at.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(folder: &Path, thoroughly: bool) -> Result<Vec<Entry>, Error> {
    let names = names(folder)?
        .into_iter()
        .filter(|name| name::is_ours(name));
    let entries = names.map(|name| {
        let path = folder.join(&name);
        let manifest = if thoroughly {
            verify(&path)
        } else {
            glance(&path)
        };
        Entry {
            name,
            path,
            manifest,
        }
    });
    Ok(entries.collect())
}

fn glance(path: &Path) -> Result<Manifest, Error> {
    let manifest = Manifest::read(path)?;
    if verify::sizes_fit(path, &manifest) {
        return Ok(manifest);
    }
    // It knows how to say what is wrong.
    verify(path)
}
