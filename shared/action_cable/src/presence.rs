//! Who is there: AnyCable's presence, for the clients of one process.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::json;

/// Those who are present, by stream. Ids and what is told of them are JSON that clients sent.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    streams: Mutex<HashMap<String, Members>>,
}

type Members = HashMap<String, Member>;

#[derive(Debug)]
struct Member {
    info: Option<Box<RawValue>>,
    /// The subscriptions through which it is present. None for a while after the last one was cut off.
    sinks: HashSet<u64>,
}

/// What subscribers are told.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    Join {
        id: &'a RawValue,
        #[serde(skip_serializing_if = "Option::is_none")]
        info: Option<&'a RawValue>,
    },
    Leave {
        id: &'a RawValue,
    },
    Error,
}

impl Event<'_> {
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        json::encode(self)
    }
}

impl Presence {
    /// Notes that a subscription makes somebody present. Whether nobody of this id was.
    pub(crate) fn join(&self, stream: &str, id: &str, info: Option<&RawValue>, sink: u64) -> bool {
        let mut streams = self.streams();
        let members = streams.entry(stream.to_owned()).or_default();
        match members.entry(id.to_owned()) {
            Entry::Occupied(mut member) => {
                member.get_mut().sinks.insert(sink);
                false
            }
            Entry::Vacant(place) => {
                place.insert(Member {
                    info: info.map(ToOwned::to_owned),
                    sinks: HashSet::from([sink]),
                });
                true
            }
        }
    }

    /// The subscription no longer makes it present. Whether it was the last that did.
    pub(crate) fn part(&self, stream: &str, id: &str, sink: u64) -> bool {
        let mut streams = self.streams();
        let member = streams
            .get_mut(stream)
            .and_then(|members| members.get_mut(id));
        member.is_some_and(|member| member.sinks.remove(&sink) && member.sinks.is_empty())
    }

    /// Forgets it if no subscription makes it present. Whether it did.
    pub(crate) fn forget(&self, stream: &str, id: &str) -> bool {
        let mut streams = self.streams();
        let Some(members) = streams.get_mut(stream) else {
            return false;
        };
        let is_gone = members
            .get(id)
            .is_some_and(|member| member.sinks.is_empty());
        if is_gone {
            members.remove(id);
        }
        if members.is_empty() {
            streams.remove(stream);
        }
        is_gone
    }

    /// All who are present on a stream, as the answer to a client who asks for them.
    pub(crate) fn info(&self, stream: &str) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Record<'a> {
            id: &'a RawValue,
            info: &'a Option<Box<RawValue>>,
        }
        #[derive(Serialize)]
        struct Info<'a> {
            r#type: &'static str,
            total: usize,
            records: Vec<Record<'a>>,
        }
        let streams = self.streams();
        let members = streams.get(stream);
        let records = members.into_iter().flatten().map(|(id, member)| {
            Ok(Record {
                id: serde_json::from_str(id)?,
                info: &member.info,
            })
        });
        let records = records.collect::<serde_json::Result<Vec<_>>>()?;
        json::encode(&Info {
            r#type: "info",
            total: records.len(),
            records,
        })
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<String, Members>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_present_as_long_as_any_subscription_is_there() {
        let presence = Presence::default();
        let info = serde_json::value::to_raw_value(&serde_json::json!({ "name": "Ann" })).unwrap();
        assert!(presence.join("s", "1", Some(&info), 10));
        assert!(!presence.join("s", "1", None, 11));
        assert!(!presence.part("s", "1", 10));
        assert!(!presence.forget("s", "1"));
        assert_eq!(
            presence.info("s").unwrap(),
            r#"{"type":"info","total":1,"records":[{"id":1,"info":{"name":"Ann"}}]}"#
        );
        assert!(presence.part("s", "1", 11));
        assert!(!presence.part("s", "1", 11));
        assert!(!presence.join("s", "1", None, 12));
        assert!(presence.part("s", "1", 12));
        assert!(presence.forget("s", "1"));
        assert!(!presence.forget("s", "1"));
        assert_eq!(
            presence.info("s").unwrap(),
            r#"{"type":"info","total":0,"records":[]}"#
        );
    }
}
