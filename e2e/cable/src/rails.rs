use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use db::{Database, DatabaseConfig, DbError, NO_MIGRATIONS, Statement, Timestamp, key_hash};
use diesel::RunQueryDsl as _;
use diesel::sql_types::BigInt;
use tokio::time::sleep;

use crate::{STREAM, numbers};

/// Between two messages that are the same.
const PACE: Duration = Duration::from_millis(20);

/// Commits messages to the cable's file as Rails does: with its statements, and no others. Cheap to clone.
#[derive(Clone)]
pub struct Rails(Database);

impl Rails {
    /// Opens a file that is there.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open(file: impl Into<PathBuf>) -> Result<Self> {
        Ok(Self(Database::open(
            &DatabaseConfig::new(file),
            NO_MIGRATIONS,
        )?))
    }

    /// Commits messages of one stream in one transaction.
    ///
    /// # Errors
    /// When that fails.
    pub async fn broadcast(&self, stream: &str, payloads: Vec<String>) -> Result<(), DbError> {
        let stream = stream.to_owned();
        let write = move |connection: &mut _| {
            let channel = stream.as_bytes();
            for payload in &payloads {
                Statement::<()>::new(
                    r#"INSERT INTO "solid_cable_messages" ("created_at", "channel", "payload", "channel_hash") VALUES (?, ?, ?, ?)"#,
                )
                .bind(Timestamp::now())
                .bind(channel)
                .bind(payload.as_bytes())
                .bind(key_hash(channel))
                .execute(connection)?;
            }
            Ok(())
        };
        self.0.write(write).await
    }

    /// Commits a number again and again.
    ///
    /// # Errors
    /// As [`Rails::broadcast`].
    pub async fn repeat(&self, number: u64) -> Result<()> {
        loop {
            self.broadcast(STREAM, numbers(number..=number)).await?;
            sleep(PACE).await;
        }
    }

    /// Deletes the oldest messages, as the trim of the gem does once they have expired. All but so many of the newest.
    ///
    /// # Errors
    /// When that fails.
    pub async fn trim(&self, keep: i64) -> Result<(), DbError> {
        let write = move |connection: &mut _| {
            Statement::<()>::new(
                r#"DELETE FROM "solid_cable_messages" WHERE "id" IN (SELECT "id" FROM "solid_cable_messages"
                     WHERE "id" <= (SELECT max("id") FROM "solid_cable_messages") - ?)"#,
            )
            .bind(keep)
            .execute(connection)?;
            Ok(())
        };
        self.0.write(write).await
    }

    /// How many messages there are.
    ///
    /// # Errors
    /// When that fails.
    pub async fn count(&self) -> Result<i64, DbError> {
        let read = |connection: &mut _| {
            let counts = Statement::<BigInt>::new("SELECT count(*) FROM solid_cable_messages");
            Ok(counts.load::<i64>(connection)?.iter().sum())
        };
        self.0.read(read).await
    }
}
