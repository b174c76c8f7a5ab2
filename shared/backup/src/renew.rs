use std::path::Path;

use db::{Inspection, TakenOver};

use crate::{Error, Store};

/// Gives the files new epochs where they lie, for copies that were put there by other means than a restore of ours, and
/// looks for damage. Returns the names of those that have one. Blocks the thread.
///
/// # Errors
/// [`Error::Missing`], [`Error::InUse`], or [`Error::Damaged`].
pub fn renew(stores: &[Store]) -> Result<Vec<String>, Error> {
    let paths: Vec<_> = stores.iter().map(|store| store.path.clone()).collect();
    let _taken = TakenOver::try_take(&paths)?.map_err(Error::InUse)?;
    let mut renewed = Vec::new();
    for store in stores.iter().filter(|store| store.path.exists()) {
        is_sound(&store.path, store)?;
        if renew_at(&store.path, store)? {
            renewed.push(store.name.clone());
        }
    }
    Ok(renewed)
}

/// Whether the store has an epoch.
pub(crate) fn renew_at(path: &Path, store: &Store) -> Result<bool, Error> {
    let Some(epoch) = store.epoch else {
        return Ok(false);
    };
    db::amend(path, epoch.renew).map_err(|source| Error::Epoch {
        store: store.name.clone(),
        source,
    })?;
    Ok(true)
}

fn is_sound(path: &Path, store: &Store) -> Result<(), Error> {
    let problems = Inspection::open(path)?.problems()?;
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::Damaged {
        store: store.name.clone(),
        problems,
    })
}
