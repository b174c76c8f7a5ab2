//! Rows of one kind that are written at the same time share one transaction, without a savepoint for each.
//!
//! Who finds nobody at work writes its own row, at once. Those who come meanwhile put theirs into the inbox, and a task
//! writes all of them together. Should that fail, each is tried alone, so that none fails for another's sake.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::{QueryResult, SqliteConnection};
use tokio::sync::oneshot;

use crate::{Database, DbError};

/// Rows in one transaction, at most.
const GROUP: usize = 250;
/// Rows that may wait.
const CAPACITY: usize = 10_000;

/// How rows of one kind are written.
pub trait WriteRows: Send + Sync + 'static {
    /// What is written.
    type Row: Clone + Send + Sync + 'static;
    /// What the one who wrote it gets to know.
    type Answer: Send + 'static;

    /// Writes the rows in the caller's transaction. Answers once for each, in their order.
    ///
    /// # Errors
    /// What SQLite said. Each row is then tried alone.
    fn write(
        &self,
        connection: &mut SqliteConnection,
        rows: &[Self::Row],
    ) -> QueryResult<Vec<Self::Answer>>;
}

/// Groups the rows that are written at the same time. Cheap to clone.
///
/// ```
/// use db::{Database, Inbox, SqliteConnection, Statement, WriteRows};
/// use diesel::{QueryResult, RunQueryDsl as _};
///
/// struct Notes;
///
/// impl WriteRows for Notes {
///     type Row = String;
///     type Answer = ();
///
///     fn write(&self, connection: &mut SqliteConnection, notes: &[String]) -> QueryResult<Vec<()>> {
///         let insert = |note: &String| {
///             Statement::<()>::new("INSERT INTO notes (body) VALUES (?)").bind(note.as_str()).execute(connection).map(|_| ())
///         };
///         notes.iter().map(insert).collect()
///     }
/// }
///
/// # async fn example(database: Database) -> Result<(), db::DbError> {
/// let inbox = Inbox::new(database, Notes);
/// inbox.write("remember the milk".to_owned()).await?;
/// # Ok(()) }
/// ```
pub struct Inbox<W: WriteRows> {
    shared: Arc<Shared<W>>,
}

struct Shared<W: WriteRows> {
    database: Database,
    writing: Arc<W>,
    state: Mutex<State<W>>,
}

struct State<W: WriteRows> {
    waiting: Vec<Pending<W>>,
    is_taken_care_of: bool,
}

struct Pending<W: WriteRows> {
    row: W::Row,
    reply: Reply<W>,
}

type Reply<W> = oneshot::Sender<Result<<W as WriteRows>::Answer, DbError>>;

impl<W: WriteRows> Inbox<W> {
    /// An inbox for the rows of this database that are written so.
    pub fn new(database: Database, writing: W) -> Self {
        Self {
            shared: Arc::new(Shared {
                database,
                writing: Arc::new(writing),
                state: Mutex::new(State {
                    waiting: Vec::new(),
                    is_taken_care_of: false,
                }),
            }),
        }
    }

    /// Where the rows go.
    pub fn database(&self) -> &Database {
        &self.shared.database
    }

    /// Writes the row, alone or together with others. Returns once it is committed.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub async fn write(&self, row: W::Row) -> Result<W::Answer, DbError> {
        let (reply, answer) = oneshot::channel();
        let Some(row) = self.shared.join(row, reply)? else {
            return answer.await.unwrap_or(Err(DbError::ShutDown));
        };
        let _care = Care(Arc::clone(&self.shared));
        self.shared.write_one(row).await
    }
}

impl<W: WriteRows> Shared<W> {
    /// Puts the row into the inbox if somebody is at work; else the caller is, and gets it back.
    fn join(&self, row: W::Row, reply: Reply<W>) -> Result<Option<W::Row>, DbError> {
        let mut state = self.state();
        if !state.is_taken_care_of {
            state.is_taken_care_of = true;
            return Ok(Some(row));
        }
        if state.waiting.len() >= CAPACITY {
            return Err(DbError::Overloaded { limit: CAPACITY });
        }
        state.waiting.push(Pending { row, reply });
        Ok(None)
    }

    /// What waits, or nothing: then nobody is at work any more.
    fn take(&self) -> Vec<Pending<W>> {
        let mut state = self.state();
        let size = state.waiting.len().min(GROUP);
        state.is_taken_care_of = size > 0;
        state.waiting.drain(..size).collect()
    }

    async fn empty(self: Arc<Self>) {
        loop {
            let group = self.take();
            if group.is_empty() {
                return;
            }
            self.write_group(group).await;
            // Those who were told may have more to write.
            tokio::task::yield_now().await;
        }
    }

    async fn write_group(&self, group: Vec<Pending<W>>) {
        let (rows, replies): (Vec<_>, Vec<_>) =
            group.into_iter().map(|it| (it.row, it.reply)).unzip();
        let rows = Arc::new(rows);
        match self.write_all(Arc::clone(&rows)).await {
            Ok(answers) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // Who no longer waits need not know.
                    let _ = reply.send(Ok(answer));
                }
            }
            // Alone they would not get the lock any sooner.
            Err(error) if error.is_transient() => {
                let error = Arc::new(error);
                for reply in replies {
                    let _ = reply.send(Err(DbError::RolledBack(Arc::clone(&error))));
                }
            }
            Err(_) => {
                for (reply, row) in replies.into_iter().zip(rows.iter()) {
                    let _ = reply.send(self.write_one(row.clone()).await);
                }
            }
        }
    }

    async fn write_one(&self, row: W::Row) -> Result<W::Answer, DbError> {
        let answers = self.write_all(Arc::new(vec![row])).await?;
        answers.into_iter().next().ok_or(DbError::ShutDown)
    }

    async fn write_all(&self, rows: Arc<Vec<W::Row>>) -> Result<Vec<W::Answer>, DbError> {
        let writing = Arc::clone(&self.writing);
        let write = move |connection: &mut SqliteConnection| writing.write(connection, &rows);
        self.database.write(write).await
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sees to it, even when its caller stops waiting, that what came meanwhile is written.
struct Care<W: WriteRows>(Arc<Shared<W>>);

impl<W: WriteRows> Drop for Care<W> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_taken_care_of = !state.waiting.is_empty();
        if !state.is_taken_care_of {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(Arc::clone(&self.0).empty());
        } else {
            // The runtime is gone: those who wait are told so when their reply is dropped.
            state.waiting.clear();
            state.is_taken_care_of = false;
        }
    }
}

impl<W: WriteRows> Clone for Inbox<W> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<W: WriteRows> fmt::Debug for Inbox<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Inbox").field(&self.shared.database).finish()
    }
}
