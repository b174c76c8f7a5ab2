use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::file::Section;
use crate::quantity::{Span, longer_than_zero};
use crate::word::{Word, word};
use crate::{Access, access, cable_server};

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
    trim_batch_size: Option<u32>,
    pub(crate) server: cable_server::File,
    pub(crate) auth: access::File,
    /// Which database it is; `database.yml` says where that lies.
    #[serde(rename = "connects_to")]
    _connects_to: Option<IgnoredAny>,
    /// Polls are never logged here.
    #[serde(rename = "silence_polling")]
    _silence_polling: Option<IgnoredAny>,
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
                trim_batch_size: self
                    .trim_batch_size
                    .map_or(usual.trim_batch_size, |size| size as _),
            }),
            Adapter::Async => CableAdapter::Async,
        }
    }
}
