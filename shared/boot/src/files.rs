use db::{Database, DatabaseConfig, DbError, EmbeddedMigrations};

/// The database files that a process has open. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Files {
    open: Vec<Database>,
}

impl Files {
    pub(crate) fn open(
        &mut self,
        config: &DatabaseConfig,
        migrations: EmbeddedMigrations,
    ) -> Result<Database, DbError> {
        let database = Database::open(config, migrations)?;
        self.open.push(database.clone());
        Ok(database)
    }

    /// Whether all are still where they were opened. A process whose file was deleted or replaced must start again, and
    /// says so here.
    pub fn are_in_place(&self) -> bool {
        let lost = self.open.iter().filter(|database| !database.is_in_place());
        lost.inspect(|database| {
            let path = database.path().display();
            tracing::error!(db.path = %path, "the database file was deleted or replaced: start this process again");
        })
        .count()
            == 0
    }
}
