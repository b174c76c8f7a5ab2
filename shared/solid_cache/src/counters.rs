use db::Timestamp;

use crate::Cache;
use crate::entry::{Entry, Stamp, encode_integer};
use crate::failsafe::Failure;

/// Counters: entries that Rails holds as an Integer. A string of digits counts as one too.
impl Cache {
    /// Adds `by` to the counter and returns what it is then. One that is missing or expired starts at 0, with this
    /// handle's expiry; a living one keeps its own. Atomic, between processes too. `None` when it could not be done,
    /// because the store failed, the entry is not a number, or the sum would not fit.
    pub async fn increment(&self, key: impl AsRef<str>, by: i64) -> Option<i64> {
        let adjusted = self.adjust(key.as_ref(), Some(by)).await;
        self.rescue("cache.increment", adjusted)
    }

    /// Takes `by` off the counter; for the rest it is [`Cache::increment`].
    pub async fn decrement(&self, key: impl AsRef<str>, by: i64) -> Option<i64> {
        let adjusted = self.adjust(key.as_ref(), by.checked_neg()).await;
        self.rescue("cache.decrement", adjusted)
    }

    /// What the counter is, if there is one.
    pub async fn read_counter(&self, key: impl AsRef<str>) -> Option<i64> {
        self.look_up("cache.read_counter", key.as_ref(), |entry| {
            entry.value()?.number().ok_or(Failure::NotANumber)
        })
        .await
    }

    /// Sets the counter. The result is that of [`Cache::write`].
    pub async fn write_counter(&self, key: impl AsRef<str>, number: i64) -> bool {
        let encode = |now| encode_integer(number, self.options.stamp(now));
        let written = self.put(key.as_ref(), encode).await;
        self.rescue("cache.write_counter", written).unwrap_or(false)
    }

    async fn adjust(&self, key: &str, by: Option<i64>) -> Result<i64, Failure> {
        let key = self.key(key)?;
        let by = by.ok_or(Failure::Overflow)?;
        self.shared.flights.forget(&key);
        tracing::debug!(cache.key = %key, cache.by = by, "cache.increment");
        let now = self.clock.now();
        let options = self.options.clone();
        let adjust =
            move |current: Option<&[u8]>| match adjusted(current, by, now, options.stamp(now)) {
                Ok((number, stamp)) => (Some(encode_integer(number, stamp)), Ok(number)),
                Err(failure) => (None, Err(failure)),
            };
        let number = self
            .shared
            .adapter
            .update(key, &self.options.tags, now, adjust)
            .await??;
        self.shared.counters.wrote(1);
        Ok(number)
    }
}

/// The number after `current`, and how it is to be stamped; `fresh` is the stamp of a new one.
fn adjusted<'a>(
    current: Option<&[u8]>,
    by: i64,
    now: Timestamp,
    fresh: Stamp<'a>,
) -> Result<(i64, Stamp<'a>), Failure> {
    let current = current.unwrap_or_default();
    let (number, stamp) = match Entry::parse(current) {
        Ok(entry) if entry.is_expired(now) => (0, fresh),
        Ok(entry) => {
            let expires_at = entry.stamp.expires_at;
            let number = entry.value()?.number().ok_or(Failure::NotANumber)?;
            (
                number,
                Stamp {
                    expires_at,
                    ..fresh
                },
            )
        }
        Err(_) => (bare_digits(current), fresh),
    };
    let number = number.checked_add(by).ok_or(Failure::Overflow)?;
    Ok((number, stamp))
}

/// Older versions of Solid Cache wrote counters as digits without a header. Whatever else cannot be read counts as none.
fn bare_digits(stored: &[u8]) -> i64 {
    let digits = std::str::from_utf8(stored).ok();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
