use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteValue};
use jiff::tz::{Offset, TimeZone};

/// A moment as Rails writes it into SQLite: UTC text, `YYYY-MM-DD HH:MM:SS.ffffff`, without a fraction when the
/// microseconds are 0. Reads fractions of any length.
///
/// ```
/// let moment: db::Timestamp = "2026-11-22 08:26:28.937087".parse().unwrap();
/// assert_eq!(moment.to_string(), "2026-11-22 08:26:28.937087");
/// assert_eq!(moment.iso8601(), "2026-11-22T08:26:28.937Z");
/// assert_eq!("2030-01-01 00:00:00".parse::<db::Timestamp>().unwrap().to_string(), "2030-01-01 00:00:00");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Timestamp(jiff::Timestamp);

/// The text is not a moment as Rails writes it.
#[derive(Debug, thiserror::Error)]
#[error("expected a time like `2026-11-22 08:26:28.937087`, got `{text}`")]
pub struct ParseTimestampError {
    text: String,
}

impl Timestamp {
    /// The present, to the microsecond.
    pub fn now() -> Self {
        Self::from_microseconds(jiff::Timestamp::now().as_microsecond())
    }

    /// Microseconds since 1970. Moments that no calendar holds become its first or last one.
    pub fn from_microseconds(microseconds: i64) -> Self {
        let nearest = if microseconds < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        Self(jiff::Timestamp::from_microsecond(microseconds).unwrap_or(nearest))
    }

    /// Microseconds since 1970.
    pub fn as_microseconds(self) -> i64 {
        self.0.as_microsecond()
    }

    /// The moment so much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        self.shifted(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
    }

    /// The moment so much earlier.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        self.shifted(-i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        let microseconds = self
            .as_microseconds()
            .saturating_sub(earlier.as_microseconds());
        Duration::from_micros(u64::try_from(microseconds).unwrap_or(0))
    }

    /// As Rails writes it into JSON: ISO 8601 with milliseconds.
    pub fn iso8601(self) -> String {
        format!("{}Z", Digits::of(self, b'T').up_to(23))
    }

    /// As Active Job writes it into its payload: ISO 8601 with nanoseconds.
    pub fn iso8601_nanoseconds(self) -> String {
        format!("{}000Z", Digits::of(self, b'T').up_to(26))
    }

    fn shifted(self, microseconds: i64) -> Self {
        Self::from_microseconds(self.as_microseconds().saturating_add(microseconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Digits::of(*self, b' ').rails())
    }
}

/// A moment as text, written digit by digit: every row of every table has some, and a general formatter takes longer
/// for them than SQLite for the row.
struct Digits([u8; 26]);

impl Digits {
    fn of(moment: Timestamp, between: u8) -> Self {
        let at = Offset::UTC.to_datetime(moment.0);
        let mut digits = *b"0000-00-00 00:00:00.000000";
        digits[10] = between;
        let micro = at.subsec_nanosecond().unsigned_abs() / 1_000;
        for (value, place, size) in [
            (at.year().unsigned_abs().into(), 0, 4),
            (at.month().unsigned_abs().into(), 5, 2),
            (at.day().unsigned_abs().into(), 8, 2),
            (at.hour().unsigned_abs().into(), 11, 2),
            (at.minute().unsigned_abs().into(), 14, 2),
            (at.second().unsigned_abs().into(), 17, 2),
            (micro, 20, 6),
        ] {
            write_digits(&mut digits[place..place + size], value);
        }
        Self(digits)
    }

    /// Without a fraction when it is zero.
    fn rails(&self) -> &str {
        let end = if self.0.ends_with(b".000000") { 19 } else { 26 };
        self.up_to(end)
    }

    fn up_to(&self, end: usize) -> &str {
        // All of it is ASCII.
        std::str::from_utf8(&self.0[..end]).unwrap_or_default()
    }
}

fn write_digits(place: &mut [u8], mut value: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let civil: jiff::civil::DateTime = text
            .parse()
            .map_err(|_| ParseTimestampError { text: text.into() })?;
        let zoned = civil
            .to_zoned(TimeZone::UTC)
            .map_err(|_| ParseTimestampError { text: text.into() })?;
        Ok(Self::from_microseconds(zoned.timestamp().as_microsecond()))
    }
}

impl ToSql<Text, Sqlite> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.to_string());
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Sqlite> for Timestamp {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(value.read_text().parse()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_a_general_formatter_does() {
        for microseconds in [
            0,
            1,
            -1,
            999_999,
            1_000_000,
            -62_135_596_800_000_000,
            1_763_799_988_937_087,
            4_102_444_799_999_999,
            253_402_200_000_000_000,
        ] {
            let moment = Timestamp::from_microseconds(microseconds);
            let plain = moment.0.strftime("%Y-%m-%d %H:%M:%S").to_string();
            let text = moment.to_string();
            assert!(text.starts_with(&plain), "{text} is not {plain}");
            assert_eq!(text.parse::<Timestamp>().unwrap(), moment);
            let nanoseconds = moment.0.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string();
            assert_eq!(moment.iso8601_nanoseconds(), nanoseconds);
            let milliseconds = moment.0.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
            assert_eq!(moment.iso8601(), milliseconds);
        }
    }
}
