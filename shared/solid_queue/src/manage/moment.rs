//! Moments in JSON: ISO 8601 in UTC, with milliseconds.

use db::Timestamp;
use serde::{Serialize as _, Serializer};

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn iso8601<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment.iso8601())
}

#[allow(clippy::ref_option, reason = "serde calls it so")]
pub(crate) fn some_iso8601<S: Serializer>(
    moment: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    moment.map(Timestamp::iso8601).serialize(serializer)
}
