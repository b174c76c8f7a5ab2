use std::path::Path;

use crate::manifest::Manifest;
use crate::shelf::{Shelf, names};
use crate::{Error, name};

/// Removes the oldest complete backups but for so many. The one that was just made stays, also where the clock was set
/// back; so does everything that is no backup.
pub(crate) fn rotate(
    shelf: &Shelf,
    folder: &Path,
    newest: &str,
    keep: Option<usize>,
) -> Result<Vec<String>, Error> {
    let Some(keep) = keep else {
        return Ok(Vec::new());
    };
    let is_complete = |name: &String| {
        Manifest::read(&folder.join(name)).is_ok_and(|manifest| manifest.name == *name)
    };
    let others = names(folder)?
        .into_iter()
        .filter(|name| name::is_ours(name) && name != newest);
    let mut others: Vec<_> = others.filter(is_complete).collect();
    others.truncate((others.len() + 1).saturating_sub(keep.max(1)));
    others.iter().try_for_each(|name| shelf.remove(name))?;
    Ok(others)
}
