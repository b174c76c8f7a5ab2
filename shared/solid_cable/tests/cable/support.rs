use action_cable::testing::{Broadcasts, broadcasts};
use action_cable::{Adapter as _, Backlog, Cable, History, ListenerState, Stream};
use db::{Database, DatabaseConfig};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::Value;
use solid_cable::{Config, MIGRATIONS, SolidCable};
use tempfile::TempDir;
use test_support::PATIENCE;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The rows that a Rails application wrote.
pub(crate) const RAILS: &str = include_str!("../fixtures/rails.sql");

/// A folder with a database.
pub(crate) struct File(TempDir);

impl File {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn config(&self) -> DatabaseConfig {
        DatabaseConfig::new(self.0.path().join("cable.sqlite3"))
    }

    pub(crate) fn database(&self) -> Database {
        Database::open(&self.config(), MIGRATIONS).unwrap()
    }

    /// A process that only broadcasts.
    pub(crate) fn broadcaster(&self) -> Cable {
        SolidCable::new(self.database(), Config::default()).cable()
    }
}

/// A process that listens.
pub(crate) struct Listening {
    pub(crate) solid_cable: SolidCable,
    pub(crate) cable: Cable,
    pub(crate) shutdown: CancellationToken,
    pub(crate) listener: JoinHandle<()>,
}

impl Listening {
    pub(crate) fn to(database: Database) -> Self {
        Self::with(database, Config::default())
    }

    pub(crate) fn with(database: Database, config: Config) -> Self {
        let solid_cable = SolidCable::new(database, config);
        let shutdown = CancellationToken::new();
        let listener = tokio::spawn(solid_cable.listen(shutdown.clone().cancelled_owned()));
        Self {
            cable: solid_cable.cable(),
            solid_cable,
            shutdown,
            listener,
        }
    }

    pub(crate) async fn follow(&self, stream: &str) -> Broadcasts {
        soon("the listener", broadcasts(&self.cable, values(stream))).await
    }

    pub(crate) async fn becomes(&self, state: ListenerState) {
        test_support::wait_until("the listener's state", async || {
            self.solid_cable.listener().state == state
        })
        .await;
    }
}

pub(crate) fn values(stream: &str) -> Stream<Value> {
    Stream::new(stream)
}

/// What is kept, which it must be.
pub(crate) fn kept(history: History) -> Backlog {
    match history {
        History::Kept(backlog) => backlog,
        History::Lost => panic!("it is lost"),
    }
}

pub(crate) fn payloads(backlog: &Backlog) -> Vec<String> {
    let messages = backlog.messages.iter();
    messages.map(|message| message.payload.clone()).collect()
}

pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Runs statements as another program would.
pub(crate) async fn execute(database: &Database, sql: impl Into<String>) {
    let sql = sql.into();
    database
        .write(move |connection| connection.batch_execute(&sql))
        .await
        .unwrap();
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    value: String,
}

/// The column `value` of a query.
pub(crate) async fn lines(database: &Database, sql: &'static str) -> Vec<String> {
    let rows = database.read(move |connection| diesel::sql_query(sql).load::<Line>(connection));
    rows.await
        .unwrap()
        .into_iter()
        .map(|line| line.value)
        .collect()
}
