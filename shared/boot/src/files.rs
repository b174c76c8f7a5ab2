use db::{Database, DatabaseConfig, DbError, EmbeddedMigrations};

/// The database files that a process has open. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Files {
    open: Vec<Database>,
    /// Those whose loss is no reason to start again: the cache's.
    disposable: Vec<Database>,
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

    pub(crate) fn add_disposable(&mut self, database: Database) {
        self.disposable.push(database);
    }

    /// Tells the recorder of metrics how large they are.
    pub(crate) fn record_metrics(&self) {
        let all = self.open.iter().chain(&self.disposable);
        all.for_each(Database::record_metrics);
    }

    /// What keeps them from being read, if anything does: they are gone from their places, or SQLite cannot read them.
    /// Those of the cache do not count, as nobody needs them.
    ///
    /// # Errors
    /// What is wrong with the first that is not well, in words for whoever looks after the process.
    pub async fn check(&self) -> Result<(), String> {
        if !self.are_in_place() {
            return Err("a database file was deleted or replaced".to_owned());
        }
        for database in &self.open {
            if let Err(error) = database.check().await {
                let path = database.path().display();
                tracing::error!(db.path = %path, error = telemetry::chain(&error), "not healthy");
                return Err("a database file cannot be read".to_owned());
            }
        }
        Ok(())
    }

    /// Which of them this process could not write last, and why; those of the cache do not count. It goes on with what only
    /// reads, and with writes as soon as there is room or whatever was missing.
    pub fn trouble(&self) -> Option<String> {
        let troubled = self.open.iter().filter_map(|database| {
            let (trouble, since) = database.write_trouble()?;
            let name = database.path().file_stem().unwrap_or_default();
            let (name, seconds) = (name.display(), since.as_secs());
            Some(format!(
                "the last write to {name} failed {seconds} s ago: {trouble}"
            ))
        });
        let troubled: Vec<_> = troubled.collect();
        (!troubled.is_empty()).then(|| troubled.join(", "))
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
