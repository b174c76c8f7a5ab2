use db::SqliteConnection;
use diesel::QueryResult;

use crate::executions::ready::{self, Next};
use crate::records::pause;

/// Which queues a worker empties, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueueSelector {
    All,
    Named(Vec<Pattern>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    Exact(String),
    Prefix(String),
}

impl QueueSelector {
    /// `*` anywhere, or nothing at all, means all queues. A star elsewhere than at the end names no queue.
    pub(crate) fn new(queues: &[String]) -> Self {
        let queues: Vec<&str> = queues
            .iter()
            .map(|queue| queue.trim())
            .filter(|queue| !queue.is_empty())
            .collect();
        if queues.is_empty() || queues.contains(&"*") {
            return Self::All;
        }
        Self::Named(queues.into_iter().filter_map(Pattern::new).collect())
    }

    /// The next jobs to claim. Jobs of paused queues stay where they are.
    pub(crate) fn select(
        &self,
        connection: &mut SqliteConnection,
        limit: usize,
    ) -> QueryResult<Vec<Next>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        match self.unpaused(connection)? {
            None => ready::next(connection, limit),
            Some(names) => one_by_one(connection, &names, limit),
        }
    }

    /// Whether there is something to claim.
    pub(crate) fn has_next(&self, connection: &mut SqliteConnection) -> QueryResult<bool> {
        let Some(names) = self.unpaused(connection)? else {
            return ready::exist(connection);
        };
        for name in &names {
            if ready::exist_in(connection, name)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The queues in their order, or nothing for all of them at once.
    fn unpaused(&self, connection: &mut SqliteConnection) -> QueryResult<Option<Vec<String>>> {
        let paused = pause::queue_names(connection)?;
        if *self == Self::All && paused.is_empty() {
            return Ok(None);
        }
        let mut names = self.names(connection)?;
        names.retain(|name| !paused.contains(name));
        Ok(Some(names))
    }

    fn names(&self, connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
        let Self::Named(patterns) = self else {
            return ready::queue_names(connection, "");
        };
        let mut names = Vec::new();
        for pattern in patterns {
            let matching = match pattern {
                Pattern::Exact(name) => vec![name.clone()],
                Pattern::Prefix(prefix) => ready::queue_names(connection, prefix)?,
            };
            for name in matching {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        Ok(names)
    }
}

impl Pattern {
    fn new(queue: &str) -> Option<Self> {
        match queue.strip_suffix('*') {
            Some(prefix) if !prefix.contains('*') => Some(Self::Prefix(prefix.to_owned())),
            None if !queue.contains('*') => Some(Self::Exact(queue.to_owned())),
            _ => None,
        }
    }
}

fn one_by_one(
    connection: &mut SqliteConnection,
    names: &[String],
    limit: i64,
) -> QueryResult<Vec<Next>> {
    let mut selected: Vec<Next> = Vec::new();
    let mut left = limit;
    for name in names {
        if left <= 0 {
            break;
        }
        let found = ready::next_of(connection, name, left)?;
        left -= i64::try_from(found.len()).unwrap_or(left);
        selected.extend(found);
    }
    Ok(selected)
}
