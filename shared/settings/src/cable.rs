use std::time::Duration;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, de};

use crate::file::Section;
use crate::quantity::{Span, longer_than_zero};
use crate::word::{Word, word};
use crate::{Access, access, cable_server};

/// More rows would hold up other writers of the file.
const MOST_ROWS: u32 = 100_000;
const MOST_RECONNECTS: usize = 1000;

/// The cable process, and how broadcasts reach it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cable {
    /// The address to listen on (`BIND`).
    pub bind: String,
    /// The port to listen on (`CABLE_PORT`).
    pub port: u16,
    /// How broadcasts travel.
    pub adapter: CableAdapter,
    /// The server's limits, the origins it lets in (`ALLOWED_ORIGINS`), and the proxies that it believes
    /// (`TRUSTED_PROXIES`).
    pub server: action_cable::Config,
    /// Who may connect, and to what.
    pub access: Access,
    /// Bytes of a broadcast over HTTP.
    pub max_broadcast_size: usize,
}

/// How broadcasts travel.
#[derive(Clone, Debug, PartialEq)]
pub enum CableAdapter {
    /// As rows of the cable database, to all processes.
    SolidCable(solid_cable::Config),
    /// Inside the process that broadcasts.
    Async,
}

/// A section of `cable.yml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    #[serde(deserialize_with = "word")]
    adapter: Adapter,
    #[serde(deserialize_with = "longer_than_zero")]
    polling_interval: Option<Span>,
    message_retention: Option<Span>,
    autotrim: Option<bool>,
    trim_batch_size: Option<Batch>,
    reconnect_attempts: Option<Reconnects>,
    channel_prefix: Option<String>,
    pub(crate) server: cable_server::File,
    pub(crate) auth: access::File,
    /// Which database it is; `database.yml` says where that lies.
    #[serde(rename = "connects_to")]
    _connects_to: Option<IgnoredAny>,
    /// Polls are never logged here.
    #[serde(rename = "silence_polling")]
    _silence_polling: Option<IgnoredAny>,
    /// SQLite locks no rows that could be skipped.
    #[serde(rename = "use_skip_locked")]
    _use_skip_locked: Option<IgnoredAny>,
}

#[derive(Clone, Copy, Default)]
enum Adapter {
    #[default]
    SolidCable,
    Async,
}

impl Word for Adapter {
    const WORDS: &'static [(&'static str, Self)] =
        &[("solid_cable", Self::SolidCable), ("async", Self::Async)];
}

impl Section for File {
    const NAME: &'static str = "cable";
}

impl File {
    pub(crate) fn resolve(self) -> CableAdapter {
        let usual = solid_cable::Config::default();
        match self.adapter {
            Adapter::SolidCable => CableAdapter::SolidCable(solid_cable::Config {
                polling_interval: self
                    .polling_interval
                    .map_or(usual.polling_interval, |span| span.0),
                message_retention: self
                    .message_retention
                    .map_or(usual.message_retention, |span| span.0),
                autotrim: self.autotrim.unwrap_or(usual.autotrim),
                // Rails takes the usual size, too, where it is too small.
                trim_batch_size: self
                    .trim_batch_size
                    .and_then(|batch| batch.0)
                    .unwrap_or(usual.trim_batch_size),
                reconnect_pauses: self
                    .reconnect_attempts
                    .map_or(usual.reconnect_pauses, |reconnects| reconnects.0),
                channel_prefix: self.channel_prefix,
                ..usual
            }),
            Adapter::Async => CableAdapter::Async,
        }
    }
}

/// Messages that are deleted at once: nothing where Rails would not take the number.
struct Batch(Option<u32>);

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match Written::deserialize(deserializer) {
            Ok(Written::Number(number)) => number,
            Ok(Written::Text(text)) => text
                .trim()
                .parse()
                .map_err(|_| de::Error::custom(format!("expected a number, got `{text}`")))?,
            _ => return Err(de::Error::custom("expected a number")),
        };
        match u32::try_from(number) {
            Ok(size @ 2..=MOST_ROWS) => Ok(Self(Some(size))),
            _ if number < 2 => Ok(Self(None)),
            _ => Err(de::Error::custom(format!(
                "expected a number up to {MOST_ROWS}, got {number}"
            ))),
        }
    }
}

/// What a key may have. Variables are text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(i64),
    Text(String),
    List(Vec<Span>),
}

/// The pauses after looks for messages that failed, in Rails' two forms: how many times to try again at once, or the pauses.
struct Reconnects(Vec<Duration>);

impl<'de> Deserialize<'de> for Reconnects {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "expected a number from 0 to 1000, or a list of seconds";
        let written =
            Written::deserialize(deserializer).map_err(|_| de::Error::custom(EXPECTED))?;
        let times = match &written {
            Written::List(pauses) => return Ok(Self(pauses.iter().map(|span| span.0).collect())),
            Written::Number(times) => Some(*times),
            Written::Text(text) => text.trim().parse().ok(),
        };
        let fitting = times.and_then(|times| usize::try_from(times).ok());
        let times = fitting.filter(|times| *times <= MOST_RECONNECTS);
        times
            .map(|times| Self(vec![Duration::ZERO; times]))
            .ok_or_else(|| match written {
                Written::Text(text) => de::Error::custom(format!("{EXPECTED}, got `{text}`")),
                Written::Number(number) => de::Error::custom(format!("{EXPECTED}, got {number}")),
                Written::List(_) => de::Error::custom(EXPECTED),
            })
    }
}
