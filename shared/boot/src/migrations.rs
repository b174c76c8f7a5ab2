use backup::Store;
use db::MigrationState;
use settings::Settings;
use telemetry::Failure;

use crate::backup_stores;

/// What a start would do to the tables of the files, one line each.
///
/// # Errors
/// When a file has a migration with which this program cannot work, or cannot be read.
pub(crate) fn plan(settings: &Settings) -> Result<Vec<String>, Failure> {
    let stores = backup_stores(settings);
    let lines = stores.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().flatten().collect())
}

fn line(store: &Store) -> Result<Option<String>, Failure> {
    let path = store.path.display();
    let state = MigrationState::of(&store.path, &(store.migrations)())?;
    if let Some(version) = state.breaking {
        let message = format!(
            "`{path}` is of a newer version: this program cannot work with its migration {version}"
        );
        return Err(Failure::new(message)
            .hint("run the version that migrated it, or restore an older backup"));
    }
    let line = if state.is_missing {
        format!("would make: `{path}`")
    } else if !state.pending.is_empty() {
        format!("would migrate: `{path}`: {}", state.pending.join(", "))
    } else if !state.unknown.is_empty() {
        let unknown = state.unknown.join(", ");
        format!("newer than this program, which goes on with it: `{path}`: {unknown}")
    } else {
        return Ok(None);
    };
    Ok(Some(line))
}
