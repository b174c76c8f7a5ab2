//! The blob in `value`: the header and the payload of Rails' cache format 7.1.
//!
//! `00 11 | kind: u8 | expires_at: f64 | version length: i32 | version | payload`, numbers little-endian, -1 for none.

use std::borrow::Cow;
use std::io::{Read as _, Write as _};

use bytes::Bytes;
use db::Timestamp;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::marshal;
use crate::value::Value;

const SIGNATURE: [u8; 2] = [0x00, 0x11];
const EXPIRES_AT: std::ops::Range<usize> = 3..11;
const OBJECT: u8 = 0x01;
const UTF8: u8 = 0x02;
const BINARY: u8 = 0x03;
const ASCII: u8 = 0x04;
const COMPRESSED: u8 = 0x80;

/// What the column holds at most, 512 MiB: more than that no sound value unpacks to.
const LARGEST: u64 = 1 << 29;

/// Why a stored value cannot be read here. It may be a perfectly good one for Ruby.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("it is not in the cache format of Rails 7.1")]
    Format,
    #[error("it is cut short")]
    Truncated,
    #[error("it holds an object of Ruby's own")]
    RubyObject,
    #[error("it cannot be decompressed")]
    Compression(#[source] std::io::Error),
}

/// When an entry expires and which version it has.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Stamp<'a> {
    /// In seconds since 1970.
    pub(crate) expires_at: Option<f64>,
    /// As it is stored (see [`encode_version`]).
    pub(crate) version: Option<&'a [u8]>,
}

/// A stored value whose header is read.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    kind: u8,
    pub(crate) stamp: Stamp<'a>,
    payload: &'a [u8],
}

impl<'a> Entry<'a> {
    pub(crate) fn parse(stored: &'a [u8]) -> Result<Self, DecodeError> {
        let rest = stored.strip_prefix(&SIGNATURE).ok_or(DecodeError::Format)?;
        let (&kind, rest) = rest.split_first().ok_or(DecodeError::Truncated)?;
        let (expires_at, rest) = rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
        let (length, rest) = rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
        let expires_at = Some(f64::from_le_bytes(*expires_at)).filter(|&at| at >= 0.0);
        let (version, payload) = match usize::try_from(i32::from_le_bytes(*length)) {
            Ok(length) => rest
                .split_at_checked(length)
                .map(|(version, rest)| (Some(version), rest)),
            Err(_) => Some((None, rest)),
        }
        .ok_or(DecodeError::Truncated)?;
        Ok(Self {
            kind,
            stamp: Stamp {
                expires_at,
                version,
            },
            payload,
        })
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.stamp.expires_at.is_some_and(|at| at <= seconds(now))
    }

    /// Whether it expired so long before `now`, at most.
    pub(crate) fn expired_within(&self, grace: std::time::Duration, now: Timestamp) -> bool {
        let late = self.stamp.expires_at.map(|at| seconds(now) - at);
        late.is_some_and(|late| (0.0..=grace.as_secs_f64()).contains(&late))
    }

    /// Whether both sides have a version, and not the same.
    pub(crate) fn is_mismatched(&self, wanted: Option<&[u8]>) -> bool {
        matches!((self.stamp.version, wanted), (Some(stored), Some(wanted)) if stored != wanted)
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.kind & COMPRESSED != 0
    }

    /// What it is, in a word for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self.kind & !COMPRESSED {
            UTF8 | ASCII => "text",
            BINARY => "bytes",
            OBJECT => match self.value() {
                Ok(Value::Integer(_)) => "integer",
                Ok(Value::Nil) => "nil",
                Ok(Value::Boolean(_)) => "boolean",
                _ => "ruby object",
            },
            _ => "unknown",
        }
    }

    /// The bytes of a string, which are part of `stored` unless they were compressed.
    pub(crate) fn bytes(&self, stored: &Bytes) -> Result<Option<Bytes>, DecodeError> {
        Ok(match self.value()? {
            Value::Text(Cow::Borrowed(_)) | Value::Bytes(Cow::Borrowed(_)) => {
                Some(stored.slice(stored.len() - self.payload.len()..))
            }
            Value::Text(Cow::Owned(bytes)) | Value::Bytes(Cow::Owned(bytes)) => Some(bytes.into()),
            Value::Integer(_) | Value::Nil | Value::Boolean(_) => None,
        })
    }

    pub(crate) fn value(&self) -> Result<Value<'a>, DecodeError> {
        let payload = match self.kind & COMPRESSED {
            0 => Cow::Borrowed(self.payload),
            _ => Cow::Owned(decompress(self.payload)?),
        };
        match self.kind & !COMPRESSED {
            UTF8 | ASCII => Ok(Value::Text(payload)),
            BINARY => Ok(Value::Bytes(payload)),
            OBJECT => marshal::load(&payload).ok_or(DecodeError::RubyObject),
            _ => Err(DecodeError::Format),
        }
    }
}

/// A text entry, compressed from the size of `compression` on if that makes it smaller.
pub(crate) fn encode_text(text: &[u8], stamp: Stamp<'_>, compression: Option<usize>) -> Vec<u8> {
    encode_string(UTF8, text, stamp, compression)
}

/// An entry of bytes that are no text.
pub(crate) fn encode_bytes(bytes: &[u8], stamp: Stamp<'_>, compression: Option<usize>) -> Vec<u8> {
    encode_string(BINARY, bytes, stamp, compression)
}

fn encode_string(kind: u8, bytes: &[u8], stamp: Stamp<'_>, compression: Option<usize>) -> Vec<u8> {
    let compressed = compression
        .filter(|&threshold| bytes.len() >= threshold && may_shrink(bytes))
        .and_then(|_| compress(bytes).ok())
        .filter(|compressed| compressed.len() < bytes.len());
    match compressed {
        Some(compressed) => encode(kind | COMPRESSED, stamp, &compressed),
        None => encode(kind, stamp, bytes),
    }
}

/// The same entry, not compressed, for memory.
pub(crate) fn unpacked(stored: &Bytes) -> Bytes {
    let Ok(entry) = Entry::parse(stored) else {
        return stored.clone();
    };
    match entry.is_compressed().then(|| decompress(entry.payload)) {
        Some(Ok(payload)) => encode(entry.kind & !COMPRESSED, entry.stamp, &payload).into(),
        _ => stored.clone(),
    }
}

/// A counter entry.
pub(crate) fn encode_integer(number: i64, stamp: Stamp<'_>) -> Vec<u8> {
    encode(OBJECT, stamp, &marshal::dump_integer(number))
}

/// The version as entries hold it. One that looks like a dump is wrapped into one, or Ruby would load it as such.
pub(crate) fn encode_version(version: &str) -> Vec<u8> {
    if version.as_bytes().starts_with(&marshal::SIGNATURE) {
        marshal::dump_string(version)
    } else {
        version.into()
    }
}

/// The same entry with another expiry.
pub(crate) fn postponed(stored: &[u8], expires_at: Timestamp) -> Vec<u8> {
    let mut stored = stored.to_vec();
    if let Some(field) = stored.get_mut(EXPIRES_AT) {
        field.copy_from_slice(&seconds(expires_at).to_le_bytes());
    }
    stored
}

/// Seconds since 1970, as entries count.
#[allow(
    clippy::cast_precision_loss,
    reason = "microseconds are exact in 52 bits until the year 2112"
)]
pub(crate) fn seconds(moment: Timestamp) -> f64 {
    moment.as_microseconds() as f64 / 1_000_000.0
}

fn encode(kind: u8, stamp: Stamp<'_>, payload: &[u8]) -> Vec<u8> {
    let version = stamp.version.unwrap_or_default();
    let length = stamp
        .version
        .map_or(-1, |version| i32::try_from(version.len()).unwrap_or(-1));
    let mut stored = Vec::with_capacity(15 + version.len() + payload.len());
    stored.extend(SIGNATURE);
    stored.push(kind);
    stored.extend(stamp.expires_at.unwrap_or(-1.0).to_le_bytes());
    stored.extend(length.to_le_bytes());
    stored.extend(version);
    stored.extend(payload);
    stored
}

/// Whether it is worth a try. Bytes that are spread evenly, as in pictures and in what is compressed already, gain nothing,
/// and the try costs as much as the write.
fn may_shrink(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(4096)];
    if sample.len() < 512 {
        return true;
    }
    let mut counts = [0_u32; 256];
    for &byte in sample {
        counts[usize::from(byte)] += 1;
    }
    let total = f64::from(u32::try_from(sample.len()).unwrap_or(u32::MAX));
    let share = |&count: &u32| f64::from(count) / total;
    let entropy: f64 = counts
        .iter()
        .filter(|&&count| count > 0)
        .map(share)
        .map(|share| -share * share.log2())
        .sum();
    entropy < 7.4
}

fn compress(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(text.len() / 2), Compression::default());
    encoder.write_all(text)?;
    encoder.finish()
}

fn decompress(payload: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut text = Vec::with_capacity(payload.len() * 2);
    ZlibDecoder::new(payload)
        .take(LARGEST)
        .read_to_end(&mut text)
        .map_err(DecodeError::Compression)?;
    Ok(text)
}
