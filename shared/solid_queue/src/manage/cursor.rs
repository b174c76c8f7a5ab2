use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Where a page ends, and the next one begins: the key of its last job in the order of the list. It is text that fits
/// into a link, and is only good for the list that it came from.
///
/// ```
/// use solid_queue::manage::Cursor;
///
/// let cursor: Cursor = "42_0_2026-11-23T12:00:00.5".parse().unwrap();
/// assert_eq!(cursor.to_string(), "42_0_2026-11-23T12:00:00.5");
/// assert!("42; DROP".parse::<Cursor>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) id: i64,
    pub(crate) priority: i64,
    /// As the row has it: with a fraction of any length.
    pub(crate) moment: Option<String>,
}

/// The text is no cursor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not where a page ended: expected what the page before gave as `next`")]
pub struct ParseCursorError {
    text: String,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        match &self.moment {
            Some(moment) => write!(f, "_{}_{}", self.priority, moment.replace(' ', "T")),
            None if self.priority != 0 => write!(f, "_{}", self.priority),
            None => Ok(()),
        }
    }
}

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| ParseCursorError { text: text.into() })
    }
}

fn parse(text: &str) -> Option<Cursor> {
    let mut parts = text.splitn(3, '_');
    let id = parts.next()?.parse().ok()?;
    let priority = parts.next().map_or(Ok(0), str::parse).ok()?;
    let moment = parts.next().map(|moment| moment.replace('T', " "));
    let is_moment = |text: &String| text.parse::<db::Timestamp>().is_ok();
    if moment.as_ref().is_some_and(|moment| !is_moment(moment)) {
        return None;
    }
    Some(Cursor {
        id,
        priority,
        moment,
    })
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
