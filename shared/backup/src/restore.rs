//! Files of a backup take the places of those of the suite, all of them or none.
//!
//! First everything is made ready beside the files. Then a journal is written: from now on the new files are the valid
//! ones, no process starts, and whoever restores next puts the rest in place first.

mod journal;
mod stage;

use std::path::{Path, PathBuf};

use db::{TakenOver, Timestamp};

use crate::manifest::Manifest;
use crate::{Error, Store, disk, name, verify};
use journal::Journal;

/// What was done.
#[derive(Debug)]
pub struct Restored {
    /// The name of the backup.
    pub name: String,
    /// The stores whose files were put in place.
    pub stores: Vec<String>,
    /// Where the files lie that were there before, if there were any.
    pub replaced: Vec<PathBuf>,
    /// Whether the restore had been begun before, and was cut short.
    pub was_begun: bool,
}

/// Puts the files of a backup in the places of `stores`, after it was verified. What is there already is moved aside with
/// `force`, and in the way without. A cache that the backup lacks is moved aside as well: it may know what has not
/// happened yet. Blocks the thread.
///
/// # Errors
/// Why it could not be done. All files are as they were then, unless it was cut short while they were put in place.
pub fn restore(
    backup: &Path,
    stores: &[Store],
    can_do_without: &[String],
    force: bool,
) -> Result<Restored, Error> {
    let paths: Vec<_> = stores.iter().map(|store| store.path.clone()).collect();
    let _taken = TakenOver::try_take(&paths)?.map_err(Error::InUse)?;
    let manifest = Manifest::read(backup)?;
    if let Some(journal) = Journal::find(stores)? {
        let restored = journal.finish(stores)?;
        if restored.name == manifest.name {
            return Ok(restored);
        }
    }
    verify(backup)?;
    fits(&manifest, stores, can_do_without)?;
    let occupied = occupied(&paths);
    if !force && !occupied.is_empty() {
        return Err(Error::Occupied(occupied));
    }
    let moment = name::of(Timestamp::now());
    let staged = stage::stage(backup, &manifest, stores);
    let written = staged.and_then(|staged| Journal::write(&manifest, staged, &moment, stores));
    match written {
        Ok(journal) => journal.finish(stores).map(|restored| Restored {
            was_begun: false,
            ..restored
        }),
        Err(error) => {
            stage::discard(stores);
            Err(error)
        }
    }
}

/// Whether the backup has what the settings have, and nothing else.
fn fits(manifest: &Manifest, stores: &[Store], can_do_without: &[String]) -> Result<(), Error> {
    let has = |name: &String| manifest.files.iter().any(|copied| copied.store == *name);
    let lacking = stores
        .iter()
        .find(|store| !has(&store.name) && !can_do_without.contains(&store.name));
    if let Some(store) = lacking {
        return Err(Error::Incomplete(store.name.clone()));
    }
    let is_known = |name: &String| stores.iter().any(|store| store.name == *name);
    let unknown = manifest
        .files
        .iter()
        .find(|copied| !is_known(&copied.store));
    unknown.map_or(Ok(()), |copied| Err(Error::Unknown(copied.store.clone())))
}

/// The files that are there, with what SQLite keeps beside them.
fn occupied(paths: &[PathBuf]) -> Vec<PathBuf> {
    let all = paths.iter().flat_map(|path| {
        let companions = disk::COMPANIONS.map(|suffix| disk::with_suffix(path, suffix));
        std::iter::once(path.clone()).chain(companions)
    });
    all.filter(|path| path.exists()).collect()
}
