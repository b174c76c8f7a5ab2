//! The entries of one database file.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use db::{Database, DbError, SqliteConnection, Statement, Timestamp};
use diesel::sql_types::Text;
use diesel::{Connection as _, QueryResult, RunQueryDsl as _};

use crate::encryption::Cipher;
use crate::failsafe::Failure;
use crate::inbox::Inbox;
use crate::key::Key;
use crate::leases::{self, Lease, Tags};
use crate::room::{Made, Room, State};
use crate::rows::{self, NewRow};
use crate::stats::Counters;
use crate::stripes::{Change, Stripes};

/// What Solid Cache takes the row and its index entries to cost, in bytes, and what more when it is encrypted.
const OVERHEAD: usize = 140;
const ENCRYPTION_OVERHEAD: usize = 170;

/// Entries that one transaction writes or deletes, so that others get the lock in between.
const SLICE: usize = 100;

/// More keys than this are read on a thread that may block.
const MANY: usize = 100;

/// How often to see whether the file is still in its place, in milliseconds.
const VIGIL: u64 = 100;

pub(crate) struct Shard {
    pub(crate) name: String,
    pub(crate) database: Database,
    pub(crate) room: Arc<Room>,
    pub(crate) stripes: Arc<Stripes>,
    pub(crate) cipher: Option<Arc<Cipher>>,
    pub(crate) counters: Arc<Counters>,
    putter: Putter,
    inbox: Inbox,
    started: Instant,
    /// Milliseconds after the start at which the file was seen in its place.
    seen: AtomicU64,
    healing: tokio::sync::Mutex<()>,
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Yes,
    /// The options, or a change meanwhile, forbade it.
    No,
}

impl Shard {
    pub(crate) fn new(
        name: String,
        database: Database,
        room: Room,
        cipher: Option<Arc<Cipher>>,
        counters: Arc<Counters>,
    ) -> Self {
        let (room, stripes) = (Arc::new(room), Arc::<Stripes>::default());
        let putter = Putter {
            room: Arc::clone(&room),
            stripes: Arc::clone(&stripes),
            cipher: cipher.clone(),
        };
        Self {
            inbox: Inbox::new(database.clone(), putter.clone()),
            putter,
            name,
            database,
            room,
            stripes,
            cipher,
            counters,
            started: Instant::now(),
            seen: AtomicU64::new(0),
            healing: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) async fn read(&self, key: &Key) -> Result<Option<Bytes>, Failure> {
        let wanted = key.clone();
        let read = move |connection: &mut SqliteConnection| rows::find(connection, &wanted);
        let stored = self.mend(self.database.read(read).await).await?;
        stored.map(|stored| self.open(stored)).transpose()
    }

    /// As of one moment.
    pub(crate) async fn read_multi(&self, keys: Vec<Key>) -> Result<Vec<Option<Bytes>>, Failure> {
        let many = keys.len() > MANY;
        // One prepared statement per key is faster than a list, which has to be prepared for each length.
        let read = move |connection: &mut SqliteConnection| {
            connection.transaction(|connection| {
                keys.iter()
                    .map(|key| rows::find(connection, key))
                    .collect::<QueryResult<Vec<_>>>()
            })
        };
        let stored = if many {
            self.database.read_long(read).await
        } else {
            self.database.read(read).await
        };
        let stored = self.mend(stored).await?;
        Ok(stored
            .into_iter()
            .map(|stored| stored.and_then(|stored| self.open(stored).ok()))
            .collect())
    }

    /// Writes the entries, some in each transaction.
    pub(crate) async fn write(
        &self,
        mut entries: Vec<(Key, Vec<u8>)>,
        tags: &Tags,
        now: Timestamp,
    ) -> Result<(), Failure> {
        while !entries.is_empty() {
            let rest = entries.split_off(entries.len().min(SLICE));
            let slice = std::mem::replace(&mut entries, rest);
            let mut slice: Vec<NewRow> = slice
                .into_iter()
                .map(|(key, stored)| self.putter.row(key, stored, tags, now))
                .collect::<Result<_, _>>()?;
            let written = match slice.len() {
                1 => self.inbox.write(slice.remove(0)).await,
                _ => self.write_slice(slice).await,
            };
            self.tell(self.mend(written).await?)?;
        }
        Ok(())
    }

    async fn write_slice(&self, slice: Vec<NewRow>) -> Result<Made, DbError> {
        let putter = self.putter.clone();
        let write = move |connection: &mut SqliteConnection| putter.put(connection, &slice);
        self.database.write(write).await.map(Put::into_made)
    }

    /// Replaces what is under the key with what `change` makes of it, if it makes anything; returns what `change` says
    /// besides. Nobody reads or writes the entry meanwhile.
    pub(crate) async fn update<R: Send + 'static>(
        &self,
        key: Key,
        tags: &Tags,
        now: Timestamp,
        change: impl FnOnce(Option<&[u8]>) -> (Option<Vec<u8>>, R) + Send + 'static,
    ) -> Result<R, Failure> {
        let (put, tags) = (self.putter(), Arc::clone(tags));
        let update = move |connection: &mut SqliteConnection| {
            let current = rows::find(connection, &key)?.and_then(|stored| put.open(stored).ok());
            let (stored, said) = change(current.as_deref());
            let Some(stored) = stored else {
                return Ok(Ok((None, said)));
            };
            let row = match put.row(key, stored, &tags, now) {
                Ok(row) => row,
                Err(failure) => return Ok(Err(failure)),
            };
            Ok(Ok((Some(put.put(connection, &[row])?), said)))
        };
        let (put, said) = self.mend(self.database.write(update).await).await??;
        put.map_or(Ok(()), |put| self.tell(put.into_made()))?;
        Ok(said)
    }

    /// Writes what was computed under a lease, unless the lease is gone: then the key changed meanwhile.
    pub(crate) async fn land(
        &self,
        lease: Lease,
        stored: Vec<u8>,
        tags: &Tags,
        now: Timestamp,
    ) -> Result<Written, Failure> {
        let row = self.putter.row(lease.key.clone(), stored, tags, now)?;
        let put = self.putter();
        let land = move |connection: &mut SqliteConnection| {
            if !leases::is_held(connection, &lease)? {
                return Ok(None);
            }
            // The write takes the lease away, as every write does.
            put.put(connection, &[row]).map(Some)
        };
        match self.mend(self.database.write(land).await).await? {
            Some(put) => self.tell(put.into_made()).map(|()| Written::Yes),
            None => Ok(Written::No),
        }
    }

    /// How many there were.
    pub(crate) async fn delete(&self, mut keys: Vec<Key>) -> Result<usize, Failure> {
        let mut deleted = 0;
        while !keys.is_empty() {
            let rest = keys.split_off(keys.len().min(SLICE));
            let slice = std::mem::replace(&mut keys, rest);
            let hashes: Vec<i64> = slice.iter().map(Key::hash).collect();
            let change = self.stripes.change(hashes.clone());
            let delete = move |connection: &mut SqliteConnection| {
                let sum = slice.iter().try_fold(0, |sum, key| {
                    Ok::<_, diesel::result::Error>(sum + rows::delete(connection, key)?)
                })?;
                let state = State::read(connection)?;
                rows::supersede(connection, state, &hashes, &[])?;
                Ok((sum, change))
            };
            deleted += self.mend(self.database.write(delete).await).await?.0;
        }
        Ok(deleted)
    }

    /// Deletes these rows if they are still the same. Says how many were.
    pub(crate) async fn delete_same(&self, same: Vec<(Key, Bytes)>) -> Result<usize, Failure> {
        let put = self.putter();
        let delete = move |connection: &mut SqliteConnection| {
            let (mut hashes, mut deleted) = (Vec::new(), 0);
            for (key, stored) in &same {
                let current =
                    rows::find(connection, key)?.and_then(|current| put.open(current).ok());
                if current.as_ref() == Some(stored) {
                    deleted += rows::delete(connection, key)?;
                    hashes.push(key.hash());
                }
            }
            let state = State::read(connection)?;
            rows::supersede(connection, state, &hashes, &[])?;
            Ok((deleted, put.stripes.change(hashes)))
        };
        Ok(self.mend(self.database.write(delete).await).await?.0)
    }

    pub(crate) async fn clear(&self) -> Result<(), Failure> {
        use diesel::connection::SimpleConnection as _;
        let change = self.stripes.change_all();
        let clear = move |connection: &mut SqliteConnection| {
            connection.batch_execute(
                "DELETE FROM solid_cache_entries; DELETE FROM trifecta_cache_tags;
                 DELETE FROM trifecta_cache_leases; DELETE FROM trifecta_cache_expiries;
                 DELETE FROM trifecta_cache_visits; UPDATE trifecta_cache_state SET hand = 0;",
            )?;
            db::give_back(connection, u32::MAX)?;
            Ok(change)
        };
        self.mend(self.database.write(clear).await).await.map(drop)
    }

    /// Marks the entry as one that is wanted.
    pub(crate) fn visited(&self, key: i64) -> bool {
        self.room.visited(key)
    }

    /// Sees, now and then, to it that the file is where it should be: a process that goes on with a deleted file would
    /// read what nobody else writes.
    pub(crate) async fn vigil(&self) {
        if !self.is_vigil_due() {
            return;
        }
        self.seen.store(self.now(), Ordering::Relaxed);
        if !self.database.is_in_place() {
            self.heal("the file was deleted or replaced").await;
        }
    }

    /// Whether nobody has looked for a while.
    pub(crate) fn is_vigil_due(&self) -> bool {
        self.now() >= self.seen.load(Ordering::Relaxed).saturating_add(VIGIL)
    }

    /// Milliseconds since the start.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Passes the result on; a file that is broken is replaced by a new one.
    pub(crate) async fn mend<T>(&self, outcome: Result<T, DbError>) -> Result<T, Failure> {
        match outcome {
            Ok(value) => Ok(value),
            Err(error) if error.is_corrupt() => {
                if self.heal("the file is corrupt").await {
                    return Err(Failure::Healed);
                }
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Goes on with a sound file. What was cached is lost, which a cache may do.
    async fn heal(&self, reason: &'static str) -> bool {
        let _turn = self.healing.lock().await;
        // Of all who met the broken file the first mended it.
        if self.is_sound().await {
            return true;
        }
        let database = self.database.clone();
        let start_over = move || database.start_over(crate::MIGRATIONS);
        let path = self.database.path().display();
        match tokio::task::spawn_blocking(start_over).await {
            Ok(Ok(done)) => {
                drop(self.stripes.change_all());
                tracing::warn!(db.path = %path, cache.healed = ?done, reason, "the cache goes on with a new file");
                true
            }
            Ok(Err(error)) => {
                tracing::error!(db.path = %path, error = %error, reason, "the cache cannot go on with a new file");
                false
            }
            // The runtime shuts down.
            Err(_) => false,
        }
    }

    async fn is_sound(&self) -> bool {
        let check = |connection: &mut SqliteConnection| {
            Statement::<Text>::new("PRAGMA integrity_check(1)").load::<String>(connection)
        };
        self.database.is_in_place()
            && matches!(self.database.read_long(check).await.as_deref(), Ok([only]) if only == "ok")
    }

    fn open(&self, stored: Vec<u8>) -> Result<Bytes, Failure> {
        self.putter.open(stored)
    }

    pub(crate) fn putter(&self) -> Putter {
        self.putter.clone()
    }

    /// Counts what was evicted. An error when the entries did not find room.
    fn tell(&self, made: Made) -> Result<(), Failure> {
        self.counters.evicted(made.evicted);
        if made.is_stuck && made.is_short {
            return Err(Failure::Full);
        }
        Ok(())
    }
}

/// What a transaction needs to write entries.
#[derive(Clone)]
pub(crate) struct Putter {
    room: Arc<Room>,
    pub(crate) stripes: Arc<Stripes>,
    cipher: Option<Arc<Cipher>>,
}

/// What a transaction did.
pub(crate) struct Put {
    made: Made,
    /// Counts when it is dropped, after the commit.
    _change: Change,
}

impl Put {
    pub(crate) fn into_made(self) -> Made {
        self.made
    }
}

impl Putter {
    pub(crate) fn put(
        &self,
        connection: &mut SqliteConnection,
        rows: &[NewRow],
    ) -> QueryResult<Put> {
        let hashes = rows.iter().map(|row| row.key.hash()).collect();
        let change = self.stripes.change(hashes);
        rows.iter()
            .try_for_each(|row| rows::upsert(connection, row))?;
        let state = State::read(connection)?;
        for row in rows {
            rows::supersede(connection, state, &[row.key.hash()], &row.tags)?;
        }
        let written = rows.iter().map(|row| row.byte_size).sum();
        let newest = rows.last().map(|row| row.key.hash());
        let mut made = self.room.make(connection, state, written, newest)?;
        if made.is_stuck && made.is_short {
            made.is_short = self.refuse(connection, rows)?;
        }
        Ok(Put {
            made,
            _change: change,
        })
    }

    /// Takes back what found no room; what is pinned stays. Says whether there was any.
    fn refuse(&self, connection: &mut SqliteConnection, rows: &[NewRow]) -> QueryResult<bool> {
        let mut refused = false;
        for row in rows {
            if !self.room.is_pinned(row.key.bytes()) {
                rows::delete(connection, &row.key)?;
                refused = true;
            }
        }
        Ok(refused)
    }

    pub(crate) fn open(&self, stored: Vec<u8>) -> Result<Bytes, Failure> {
        match &self.cipher {
            Some(cipher) => Ok(cipher.decrypt(&stored)?.into()),
            None => Ok(stored.into()),
        }
    }

    fn row(
        &self,
        key: Key,
        stored: Vec<u8>,
        tags: &Tags,
        now: Timestamp,
    ) -> Result<NewRow, Failure> {
        let clear = key.bytes().len() + stored.len() + OVERHEAD;
        let expires_at = rows::expiry(&stored);
        let (value, byte_size) = match &self.cipher {
            Some(cipher) => (cipher.encrypt(&stored)?, clear + ENCRYPTION_OVERHEAD),
            None => (stored, clear),
        };
        Ok(NewRow {
            key,
            tags: Tags::clone(tags),
            now,
            value,
            byte_size,
            expires_at,
        })
    }
}
