//! Who computes the value of a key, of all processes: a row that says so until a moment, and that is renewed as long as
//! the computation goes on. Whoever writes or deletes the key deletes the row, so that what is computed from older data is
//! not written.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use db::{Database, SqliteConnection, Statement, Timestamp};
use diesel::prelude::*;

use crate::entry::Entry;
use crate::failsafe::Failure;
use crate::key::Key;
use crate::rows;
use crate::schema::trifecta_cache_leases::dsl as leases;
use crate::shard::Shard;

/// How often those who wait look, beside the notice of commits.
pub(crate) const POLL: Duration = Duration::from_millis(50);

#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) key: Key,
    token: i64,
}

/// What a caller found who wanted the lease.
pub(crate) enum Claim {
    /// It computes.
    Mine(Lease),
    /// Somebody wrote the entry meanwhile.
    Found(Bytes),
    /// Another process computes.
    Taken,
}

/// Takes the lease unless the entry is there or another process has the lease. `usable` says whether an entry is what the
/// caller wants.
pub(crate) async fn claim(
    shard: &Shard,
    key: &Key,
    duration: Duration,
    usable: impl Fn(&Entry<'_>) -> bool + Send + 'static,
) -> Result<Claim, Failure> {
    let (lease, put) = (
        Lease {
            key: key.clone(),
            token: rand::random(),
        },
        shard.putter(),
    );
    let claim = move |connection: &mut SqliteConnection| {
        let stored = rows::find(connection, &lease.key)?.and_then(|stored| put.open(stored).ok());
        if let Some(stored) =
            stored.filter(|stored| Entry::parse(stored).is_ok_and(|entry| usable(&entry)))
        {
            return Ok(Claim::Found(stored));
        }
        let now = milliseconds(Timestamp::now());
        if is_taken(connection, lease.key.hash(), now)? {
            return Ok(Claim::Taken);
        }
        Statement::<()>::new(
            "INSERT OR REPLACE INTO trifecta_cache_leases (key_hash, token, expires_at) VALUES (?, ?, ?)",
        )
        .bind(lease.key.hash())
        .bind(lease.token)
        .bind(now.saturating_add(whole(duration)))
        .execute(connection)?;
        Ok(Claim::Mine(lease))
    };
    shard.mend(shard.database.write(claim).await).await
}

/// Whether somebody computes the key now. Looks without the write lock.
pub(crate) async fn is_claimed(shard: &Shard, key: &Key) -> Result<bool, Failure> {
    let hash = key.hash();
    let look = move |connection: &mut SqliteConnection| {
        is_taken(connection, hash, milliseconds(Timestamp::now()))
    };
    shard.mend(shard.database.read(look).await).await
}

fn is_taken(connection: &mut SqliteConnection, hash: i64, now: i64) -> QueryResult<bool> {
    let until: Vec<i64> = leases::trifecta_cache_leases
        .find(hash)
        .select(leases::expires_at)
        .load(connection)?;
    Ok(until.first().is_some_and(|&until| until > now))
}

pub(crate) fn is_held(connection: &mut SqliteConnection, lease: &Lease) -> QueryResult<bool> {
    let tokens: Vec<i64> = leases::trifecta_cache_leases
        .find(lease.key.hash())
        .select(leases::token)
        .load(connection)?;
    Ok(tokens.first() == Some(&lease.token))
}

/// Renews the lease for as long as the computation goes on, and gives it back when the value did not come.
pub(crate) struct Held {
    lease: Option<Lease>,
    database: Database,
    duration: Duration,
}

impl Held {
    pub(crate) fn new(lease: Lease, shard: &Shard, duration: Duration) -> Self {
        Self {
            lease: Some(lease),
            database: shard.database.clone(),
            duration,
        }
    }

    /// Completes with the computation.
    pub(crate) async fn during<T>(&self, computation: impl Future<Output = T>) -> T {
        let mut computation = std::pin::pin!(computation);
        loop {
            tokio::select! {
                biased;
                computed = &mut computation => return computed,
                () = tokio::time::sleep(self.duration / 3) => self.renew().await,
            }
        }
    }

    /// A renewal that fails costs a second computation at worst.
    async fn renew(&self) {
        let Some(lease) = self.lease.clone() else {
            return;
        };
        let until = milliseconds(Timestamp::now()).saturating_add(whole(self.duration));
        let renew = move |connection: &mut SqliteConnection| {
            let mine = leases::trifecta_cache_leases
                .find(lease.key.hash())
                .filter(leases::token.eq(lease.token));
            diesel::update(mine)
                .set(leases::expires_at.eq(until))
                .execute(connection)
        };
        if let Err(error) = self.database.write(renew).await {
            tracing::debug!(error = %error, "cache.renew");
        }
    }

    /// The lease, for the write that takes it away.
    pub(crate) fn into_lease(mut self) -> Option<Lease> {
        self.lease.take()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (Some(lease), Ok(runtime)) = (self.lease.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let database = self.database.clone();
        runtime.spawn(async move {
            let give_back = move |connection: &mut SqliteConnection| {
                let mine = leases::trifecta_cache_leases
                    .find(lease.key.hash())
                    .filter(leases::token.eq(lease.token));
                diesel::delete(mine).execute(connection)
            };
            // If it cannot be given back it runs out.
            if let Err(error) = database.write(give_back).await {
                tracing::debug!(error = %error, "cache.release");
            }
        });
    }
}

fn milliseconds(moment: Timestamp) -> i64 {
    moment.as_microseconds() / 1000
}

fn whole(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Shared by the handles of a cache.
pub(crate) type Tags = Arc<[String]>;
