/// The tables of the cache database.
pub const MIGRATIONS: db::EmbeddedMigrations = db::embed_migrations!("../../migrations/cache");
