use std::fs::{self, File};
use std::path::{Path, PathBuf};

use db::MigrationState;

use crate::manifest::Manifest;
use crate::renew::renew_at;
use crate::{Error, Store, disk};

/// Lays a copy of each file of the backup beside the place where it belongs, with a new epoch, and returns the names of
/// their stores. All of them are on the disk then.
pub(super) fn stage(
    backup: &Path,
    manifest: &Manifest,
    stores: &[Store],
) -> Result<Vec<String>, Error> {
    discard(stores);
    let mut names = Vec::new();
    for store in stores {
        let copied = manifest
            .files
            .iter()
            .find(|copied| copied.store == store.name);
        if let Some(copied) = copied {
            stage_one(&backup.join(&copied.file), &copied.sha256, store)?;
            names.push(store.name.clone());
        }
    }
    Ok(names)
}

/// Removes what was made ready. A journal of SQLite would be played back into the next copy.
pub(super) fn discard(stores: &[Store]) {
    for store in stores {
        let place = place(store);
        fs::remove_file(disk::with_suffix(&place, "-journal")).ok();
        fs::remove_file(&place).ok();
    }
}

/// Where the copy lies until it is put in place.
pub(super) fn place(store: &Store) -> PathBuf {
    disk::with_suffix(&store.path, ".staged")
}

fn stage_one(source: &Path, sha256: &str, store: &Store) -> Result<(), Error> {
    let place = place(store);
    fs::copy(source, &place).map_err(Error::io("could not write", &place))?;
    let found = disk::sha256(&place)?;
    if found != sha256 {
        return Err(Error::Unsound {
            path: source.to_owned(),
            problems: vec![format!(
                "its copy has the SHA-256 {found}, expected {sha256}"
            )],
        });
    }
    let state = MigrationState::of(&place, &(store.migrations)())?;
    if let Some(version) = state.breaking {
        return Err(Error::Newer {
            store: store.name.clone(),
            version,
        });
    }
    renew_at(&place, store)?;
    let sync = || File::open(&place)?.sync_all();
    sync().map_err(Error::io("could not write", &place))
}
