//! The connections that read.
//!
//! r2d2 opens them, bounds their number and replaces broken ones, but to ask it for one costs as much as a small read.
//! So those that are idle lie in a stack of our own. r2d2 gets them back when somebody waits for one there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _};
use diesel::r2d2::{ConnectionManager, ManageConnection, Pool, PooledConnection};
use diesel::{QueryResult, SqliteConnection};
use scheduled_thread_pool::ScheduledThreadPool;

use crate::folder_lock::FolderLock;
use crate::foreign::data_version;
use crate::meters::Meters;
use crate::{DatabaseConfig, DbError, connection};

/// How long a read waits for a connection of the pool. Reads are short, so this is only reached when something is wrong.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Readers {
    pool: Pool<Manager>,
    idle: Mutex<Idle>,
    meters: Meters,
}

#[derive(Default)]
struct Idle {
    connections: Vec<PooledConnection<Manager>>,
    /// Those who wait for r2d2. Under the same lock as the stack: whoever finds the stack empty is seen by the next who
    /// gives a connection back.
    waiting: usize,
}

impl Readers {
    pub(crate) fn new(config: &DatabaseConfig, meters: Meters) -> Result<Self, DbError> {
        let url = config.path.to_string_lossy();
        let pool = Pool::builder()
            .max_size(config.pool)
            .min_idle(Some(0))
            .max_lifetime(None)
            .idle_timeout(None)
            .test_on_check_out(false)
            .connection_timeout(PATIENCE)
            .thread_pool(opener())
            .build(Manager {
                config: config.clone(),
                inner: ConnectionManager::new(url),
            })?;
        Ok(Self {
            pool,
            idle: Mutex::default(),
            meters,
        })
    }

    /// Runs `work` on a connection that is idle; gives it back when there is none.
    pub(crate) fn try_read<T, F>(&self, work: F) -> Result<QueryResult<T>, F>
    where
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    {
        let idle = self.idle().connections.pop();
        match idle.or_else(|| self.pool.try_get()) {
            Some(connection) => Ok(self.read_on(connection, work)),
            None => Err(work),
        }
    }

    /// Runs `work` on a connection that is opened or waited for. Blocks the thread.
    pub(crate) fn read<T, F>(&self, work: F) -> Result<T, DbError>
    where
        F: FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    {
        let connection = match self.pop_or_announce() {
            Some(connection) => connection,
            None => self.wait()?,
        };
        Ok(self.read_on(connection, work)?)
    }

    /// A connection goes back when `work` is done. When it panics r2d2 gets the connection, and closes it.
    fn read_on<T>(
        &self,
        mut connection: PooledConnection<Manager>,
        work: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    ) -> QueryResult<T> {
        let outcome = work(&mut connection);
        self.check_in(connection);
        outcome
    }

    fn wait(&self) -> Result<PooledConnection<Manager>, DbError> {
        let connection = self.meters.reader(|| self.pool.get());
        self.idle().waiting -= 1;
        Ok(connection?)
    }

    fn pop_or_announce(&self) -> Option<PooledConnection<Manager>> {
        let mut idle = self.idle();
        let connection = idle.connections.pop();
        if connection.is_none() {
            idle.waiting += 1;
        }
        connection
    }

    fn check_in(&self, mut connection: PooledConnection<Manager>) {
        // r2d2 closes what is broken, and opens another when it is needed.
        if AnsiTransactionManager::is_broken_transaction_manager(&mut *connection) {
            return;
        }
        let mut idle = self.idle();
        if idle.waiting == 0 {
            idle.connections.push(connection);
        } else {
            drop(idle);
            drop(connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that opens connections. r2d2 would have three for each file, though it is done once in a while.
fn opener() -> Arc<ScheduledThreadPool> {
    let pool = ScheduledThreadPool::builder().num_threads(1);
    Arc::new(pool.thread_name_pattern("db-opener").build())
}

/// Opens connections as diesel's manager does, while nobody moves the file away.
struct Manager {
    config: DatabaseConfig,
    inner: ConnectionManager<SqliteConnection>,
}

impl ManageConnection for Manager {
    type Connection = SqliteConnection;
    type Error = DbError;

    fn connect(&self) -> Result<SqliteConnection, DbError> {
        let _lock = FolderLock::for_opening(&self.config)?;
        let mut connection = self.inner.connect().map_err(|error| DbError::Open {
            path: self.config.path.clone(),
            reason: error.to_string(),
        })?;
        connection.batch_execute(&connection::reader_pragmas(&self.config))?;
        // SQLite opens its files at the first look.
        data_version(&mut connection)?;
        Ok(connection)
    }

    fn is_valid(&self, _: &mut SqliteConnection) -> Result<(), DbError> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut SqliteConnection) -> bool {
        self.inner.has_broken(connection)
    }
}
