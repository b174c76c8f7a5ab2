use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::quantity::Span;

/// The cable process, and how broadcasts reach it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cable {
    /// The address to listen on (`BIND`).
    pub bind: String,
    /// The port to listen on (`CABLE_PORT`).
    pub port: u16,
    /// How broadcasts travel.
    pub adapter: CableAdapter,
    /// The server's limits and the origins it lets in (`ALLOWED_ORIGINS`).
    pub server: action_cable::Config,
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
    adapter: Adapter,
    polling_interval: Option<Span>,
    message_retention: Option<Span>,
    autotrim: Option<bool>,
    trim_batch_size: Option<u32>,
    /// Which database it is; `database.yml` says where that lies.
    #[serde(rename = "connects_to")]
    _connects_to: Option<IgnoredAny>,
    /// Polls are never logged here.
    #[serde(rename = "silence_polling")]
    _silence_polling: Option<IgnoredAny>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Adapter {
    #[default]
    SolidCable,
    Async,
}

impl File {
    /// How broadcasts travel, or the key that is wrong and why.
    pub(crate) fn resolve(self) -> Result<CableAdapter, (String, String)> {
        let usual = solid_cable::Config::default();
        let polling_interval = self
            .polling_interval
            .map_or(usual.polling_interval, |span| span.0);
        if polling_interval == Duration::ZERO {
            return Err((
                "polling_interval".into(),
                "expected a duration above 0, got 0".into(),
            ));
        }
        Ok(match self.adapter {
            Adapter::SolidCable => CableAdapter::SolidCable(solid_cable::Config {
                polling_interval,
                message_retention: self
                    .message_retention
                    .map_or(usual.message_retention, |span| span.0),
                autotrim: self.autotrim.unwrap_or(usual.autotrim),
                trim_batch_size: self
                    .trim_batch_size
                    .map_or(usual.trim_batch_size, |size| size as _),
            }),
            Adapter::Async => CableAdapter::Async,
        })
    }
}
