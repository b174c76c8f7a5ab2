/// The tables of the queue database.
pub const MIGRATIONS: db::EmbeddedMigrations = db::embed_migrations!("../../migrations/queue");
