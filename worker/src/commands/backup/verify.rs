use std::path::Path;

use telemetry::Failure;

use super::{explain, print};

pub(super) fn run(path: &Path) -> Result<(), Failure> {
    let manifest = backup::verify(path).map_err(explain)?;
    let rows: Vec<_> = manifest
        .files
        .iter()
        .map(|copied| {
            let rows = copied
                .rows
                .iter()
                .map(|(table, rows)| format!("{table} {rows}"));
            [
                copied.store.clone(),
                print::size(copied.bytes),
                copied.migration.clone().unwrap_or_else(|| "-".into()),
                rows.collect::<Vec<_>>().join(", "),
            ]
        })
        .collect();
    print::line(format!(
        "{} is sound: version {}, {}, made on {} at {} UTC.",
        manifest.name,
        manifest.program,
        manifest.environment,
        manifest.host,
        manifest.made_at.split('.').next().unwrap_or_default(),
    ));
    print::line("");
    print::table(["Database", "Size", "Migration", "Rows"], &rows);
    Ok(())
}
