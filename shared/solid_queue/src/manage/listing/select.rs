use db::{SqliteConnection, Statement, Value};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl as _};

use super::rare::{Rare, rare};
use super::shape::Shape;
use crate::lifecycle::state::state_of_jobs;
use crate::manage::filter::Filter;
use crate::manage::{Cursor, Status, search};

type Row = (i64, Option<String>, i64, i64);

/// The statement, while it is put together.
#[derive(Default)]
pub(super) struct Select {
    pub(super) text: String,
    pub(super) values: Vec<Value<'static>>,
}

impl Select {
    pub(super) fn page(
        connection: &mut SqliteConnection,
        filter: &Filter,
        after: Option<&Cursor>,
        limit: i64,
    ) -> QueryResult<Self> {
        let shape = Shape::of(filter.status);
        let mut select = Self::default();
        let (job_id, columns) = (shape.job_id(), shape.columns);
        select.push(&format!("SELECT {job_id}, {columns} FROM "));
        select.matching(connection, &shape, filter)?;
        if let Some(cursor) = after {
            select.after(&shape, cursor);
        }
        let direction = if shape.is_descending { " DESC" } else { "" };
        let order = shape.key.replace(',', &format!("{direction},"));
        select.push(&format!(" ORDER BY {order}{direction} LIMIT ?"));
        select.bind(limit);
        Ok(select)
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn bind(&mut self, value: impl Into<Value<'static>>) {
        self.values.push(value.into());
    }

    pub(super) fn load(self, connection: &mut SqliteConnection) -> QueryResult<Vec<Row>> {
        let statement = Statement::<(BigInt, Nullable<Text>, BigInt, BigInt)>::new(self.text);
        let values = self.values.into_iter();
        values.fold(statement, Statement::bind).load(connection)
    }

    /// The tables and the conditions.
    pub(super) fn matching(
        &mut self,
        connection: &mut SqliteConnection,
        shape: &Shape,
        filter: &Filter,
    ) -> QueryResult<()> {
        let rare = rare(connection, shape, filter)?;
        self.tables(shape, filter, rare);
        self.push(" WHERE 1");
        self.state(filter.status, rare);
        self.class(filter, rare);
        self.queue(shape, filter, rare);
        let job_id = shape.job_id();
        if let Some((from, to)) = filter.finished {
            self.push(" AND jobs.finished_at >= ? AND jobs.finished_at < ?");
            self.bind(from);
            self.bind(to);
        }
        if let Some(key) = &filter.task_key {
            let executions = "SELECT job_id FROM solid_queue_recurring_executions";
            self.push(&format!(
                " AND {job_id} IN ({executions} WHERE task_key = ?)"
            ));
            self.bind(key.clone());
        }
        if let Some(process_id) = filter.process_id {
            let executions = "SELECT job_id FROM solid_queue_claimed_executions";
            self.push(&format!(
                " AND {job_id} IN ({executions} WHERE process_id = ?)"
            ));
            self.bind(process_id);
        }
        if let Some(batch_id) = filter.batch_id {
            let jobs = "SELECT id FROM solid_queue_jobs";
            self.push(&format!(" AND {job_id} IN ({jobs} WHERE batch_id = ?)"));
            self.bind(batch_id);
        }
        if let Some(newest) = filter.newest {
            let id = shape.table.map_or("jobs.id", |_| "e.id");
            self.push(&format!(" AND +{id} <= ?"));
            self.bind(newest);
        }
        if let Some(text) = &filter.text {
            self.push(search::CONDITION);
            self.bind(search::hint(text));
            self.bind(text.to_ascii_lowercase());
        }
        Ok(())
    }

    /// `CROSS JOIN` keeps SQLite to the order of the tables.
    fn tables(&mut self, shape: &Shape, filter: &Filter, rare: Option<Rare>) {
        let Some(table) = shape.table else {
            return self.push("solid_queue_jobs jobs");
        };
        let asks_jobs = filter.class_name.is_some()
            || filter.text.is_some()
            || filter.finished.is_some()
            || (filter.queue_name.is_some() && !shape.has_queue);
        self.push(&match (rare, asks_jobs) {
            (Some(_), _) => {
                format!("solid_queue_jobs jobs CROSS JOIN {table} e ON e.job_id = jobs.id")
            }
            (None, true) => {
                format!("{table} e CROSS JOIN solid_queue_jobs jobs ON jobs.id = e.job_id")
            }
            (None, false) => format!("{table} e"),
        });
    }

    fn state(&mut self, status: Option<Status>, rare: Option<Rare>) {
        match status {
            Some(Status::Finished) => {
                // With a `+` the column is no reason to choose an index.
                let plus = if rare.is_some() { "+" } else { "" };
                self.push(&format!(" AND {plus}jobs.finished_at IS NOT NULL"));
            }
            Some(Status::Stray) => {
                self.push(" AND jobs.finished_at IS NULL AND ");
                self.push(concat!(state_of_jobs!(), " = 'stray'"));
            }
            _ => {}
        }
    }

    fn class(&mut self, filter: &Filter, rare: Option<Rare>) {
        let Some(class_name) = &filter.class_name else {
            return;
        };
        // The index of classes has their jobs by id.
        let is_by_index = rare == Some(Rare::Class) || filter.status.is_none();
        let plus = if is_by_index { "" } else { "+" };
        self.push(&format!(" AND {plus}jobs.class_name = ?"));
        self.bind(class_name.clone());
    }

    fn queue(&mut self, shape: &Shape, filter: &Filter, rare: Option<Rare>) {
        let Some(queue_name) = &filter.queue_name else {
            return;
        };
        // The index of queues has their finished jobs by time.
        let is_by_index = match rare {
            Some(rare) => rare == Rare::Queue,
            None => filter.status == Some(Status::Finished),
        };
        self.push(match (shape.table, is_by_index) {
            (Some(_), _) if shape.has_queue => " AND e.queue_name = ?",
            (_, true) => " AND jobs.queue_name = ?",
            (_, false) => " AND +jobs.queue_name = ?",
        });
        self.bind(queue_name.clone());
    }

    fn after(&mut self, shape: &Shape, cursor: &Cursor) {
        let (key, than) = (shape.key, if shape.is_descending { '<' } else { '>' });
        let places = key.split(',').map(|_| "?").collect::<Vec<_>>().join(", ");
        self.push(&format!(" AND ({key}) {than} ({places})"));
        for column in key.split(", ") {
            match column {
                "e.scheduled_at" | "jobs.finished_at" => self.bind(cursor.moment.clone()),
                "e.priority" => self.bind(cursor.priority),
                _ => self.bind(cursor.id),
            }
        }
    }
}
