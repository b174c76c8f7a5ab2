use std::path::Path;

use diesel::{Connection as _, QueryResult, SqliteConnection};

use crate::{DbError, connection};

/// Changes a copy that nobody else has open, in one transaction that is on the disk when this returns.
///
/// # Errors
/// [`DbError::Open`], or [`DbError::Query`] with what `work` returned.
pub fn amend<T>(
    path: &Path,
    work: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
) -> Result<T, DbError> {
    let failed = |reason: String| DbError::Open {
        path: path.to_owned(),
        reason,
    };
    let url = path
        .to_str()
        .ok_or_else(|| failed("its name is not UTF-8".into()))?;
    let mut connection = connection::establish(url).map_err(|error| failed(error.to_string()))?;
    Ok(connection.transaction(work)?)
}
