/// The tables of the cable database.
pub const MIGRATIONS: db::EmbeddedMigrations = db::embed_migrations!("../../migrations/cable");
