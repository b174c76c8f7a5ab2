//! Jobs that are enqueued at the same time share one transaction.

use db::{Database, DbError, SqliteConnection, WriteRows};
use diesel::QueryResult;

use crate::Clock;
use crate::lifecycle::enqueue::{Enqueued, enqueue_all};
use crate::records::job::NewRow;

#[derive(Clone)]
pub(crate) struct Inbox {
    jobs: db::Inbox<Jobs>,
    clock: Clock,
}

impl Inbox {
    pub(crate) fn new(database: Database, clock: Clock) -> Self {
        let jobs = Jobs {
            clock: clock.clone(),
        };
        Self {
            jobs: db::Inbox::new(database, jobs),
            clock,
        }
    }

    pub(crate) fn database(&self) -> &Database {
        self.jobs.database()
    }

    /// Enqueues the job, alone or together with others.
    pub(crate) async fn enqueue(&self, row: NewRow) -> Result<Enqueued, DbError> {
        self.jobs.write(row).await
    }

    /// Enqueues all of the jobs or none, in one transaction.
    pub(crate) async fn enqueue_all(&self, rows: Vec<NewRow>) -> Result<Vec<Enqueued>, DbError> {
        let clock = self.clock.clone();
        self.database()
            .write(move |connection| enqueue_all(connection, &rows, clock.now()))
            .await
    }
}

/// How jobs are written.
struct Jobs {
    clock: Clock,
}

impl WriteRows for Jobs {
    type Row = NewRow;
    type Answer = Enqueued;

    fn write(
        &self,
        connection: &mut SqliteConnection,
        rows: &[NewRow],
    ) -> QueryResult<Vec<Enqueued>> {
        enqueue_all(connection, rows, self.clock.now())
    }
}
