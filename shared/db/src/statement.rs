use std::borrow::Cow;
use std::marker::PhantomData;

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl, SqliteConnection};

use crate::Timestamp;

/// A statement in SQL for what diesel's own language cannot say, such as one that works on a set of rows whose ids are
/// given as a JSON array. Unlike `diesel::sql_query` it is prepared once for each connection.
///
/// `R` is the row that it returns, as the tuple of its columns' SQL types; `()` for none.
///
/// ```
/// use db::{SqliteConnection, Statement};
/// use diesel::sql_types::{BigInt, Text};
/// use diesel::{QueryResult, RunQueryDsl as _};
///
/// fn longer_than(connection: &mut SqliteConnection, size: i64) -> QueryResult<Vec<(i64, String)>> {
///     Statement::<(BigInt, Text)>::new("SELECT id, body FROM notes WHERE length(body) > ?").bind(size).load(connection)
/// }
/// ```
#[derive(Debug)]
#[must_use = "a statement does nothing until it is executed or loaded"]
pub struct Statement<'a, R = ()> {
    text: Cow<'static, str>,
    values: Vec<Value<'a>>,
    row: PhantomData<R>,
}

/// What takes the place of a `?`.
#[derive(Debug)]
pub enum Value<'a> {
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(&'a str),
    /// A text that the statement owns.
    Owned(String),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Bytes that the statement owns.
    OwnedBytes(Vec<u8>),
    /// Nothing.
    Null,
}

impl<'a, R> Statement<'a, R> {
    /// The statement, with a `?` for each value. One that is put together from parts should come in few shapes, as each is
    /// prepared and kept.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            values: Vec::new(),
            row: PhantomData,
        }
    }

    /// Fills the next `?`.
    pub fn bind(mut self, value: impl Into<Value<'a>>) -> Self {
        self.values.push(value.into());
        self
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<i32> for Value<'_> {
    fn from(value: i32) -> Self {
        Self::Integer(value.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Owned(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::OwnedBytes(value)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Owned(value.to_string())
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<R> QueryFragment<Sqlite> for Statement<'_, R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let mut parts = self.text.split('?');
        out.push_sql(parts.next().unwrap_or_default());
        for (part, value) in parts.zip(&self.values) {
            match value {
                Value::Integer(value) => out.push_bind_param::<BigInt, _>(value)?,
                Value::Text(value) => out.push_bind_param::<Text, str>(value)?,
                Value::Owned(value) => out.push_bind_param::<Text, str>(value)?,
                Value::Bytes(value) => out.push_bind_param::<Binary, [u8]>(value)?,
                Value::OwnedBytes(value) => out.push_bind_param::<Binary, [u8]>(value)?,
                Value::Null => out.push_bind_param::<Nullable<Text>, _>(&None::<String>)?,
            }
            out.push_sql(part);
        }
        Ok(())
    }
}

impl<R> QueryId for Statement<'_, R> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<R> Query for Statement<'_, R> {
    type SqlType = R;
}

impl<R> RunQueryDsl<SqliteConnection> for Statement<'_, R> {}
