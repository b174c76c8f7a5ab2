//! What Active Job stores in `solid_queue_jobs.arguments`.

pub(crate) mod arguments;
mod decode;
mod encode;
mod ordered;

use std::fmt;

use db::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use telemetry::Trace;
use uuid::Uuid;

pub(crate) use decode::{decode, plain_arguments};
pub(crate) use encode::encode;
use ordered::{Ordered, Text, quoted};

/// The key of what a job comes from.
const TRACE: &str = "trace";

/// A payload, key by key in the order in which it was written. The values stay JSON text, so that what nobody here
/// understands, such as numbers of any length, survives a round trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    entries: Ordered,
}

pub(crate) struct NewPayload<'a> {
    pub(crate) class_name: &'a str,
    pub(crate) queue_name: &'a str,
    pub(crate) priority: Option<i32>,
    /// A JSON array, encoded.
    pub(crate) arguments: String,
    pub(crate) enqueued_at: Timestamp,
    pub(crate) scheduled_at: Timestamp,
}

impl Payload {
    pub(crate) fn new(new: &NewPayload<'_>) -> Self {
        let entries: [(&str, Text); 12] = [
            ("job_class", quoted(new.class_name).into()),
            ("job_id", quoted(&Uuid::now_v7().to_string()).into()),
            ("provider_job_id", "null".into()),
            ("queue_name", quoted(new.queue_name).into()),
            ("priority", priority(new.priority)),
            ("arguments", new.arguments.clone().into()),
            ("executions", "0".into()),
            ("exception_executions", "{}".into()),
            ("locale", "\"en\"".into()),
            ("timezone", "\"UTC\"".into()),
            ("enqueued_at", moment(new.enqueued_at).into()),
            ("scheduled_at", moment(new.scheduled_at).into()),
        ];
        Self {
            entries: entries.into_iter().collect(),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        Ok(Self {
            entries: serde_json::from_str(text)?,
        })
    }

    pub(crate) fn to_json(&self) -> String {
        self.entries.to_json()
    }

    /// The arguments as a JSON array.
    pub(crate) fn arguments(&self) -> &str {
        self.entries.get("arguments").unwrap_or("[]")
    }

    pub(crate) fn active_job_id(&self) -> Option<String> {
        self.get("job_id")
    }

    /// How often the job was performed before.
    pub(crate) fn executions(&self) -> u32 {
        self.get("executions").unwrap_or(0)
    }

    /// How many executions ended with an error of this name.
    pub(crate) fn exception_executions(&self, exception_class: &str) -> u32 {
        let counts: Ordered = self.get("exception_executions").unwrap_or_default();
        let count = counts.get(&format!("[{exception_class}]"));
        count.and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    /// The same as if it had never been performed, for a retry by hand.
    #[must_use]
    pub(crate) fn anew(mut self) -> Self {
        self.entries.set("executions", "0");
        self.entries.set("exception_executions", "{}");
        if self.crashes() > 0 {
            self.entries.set("crashes", "0");
        }
        self
    }

    /// How many processes died while they ran the job.
    pub(crate) fn crashes(&self) -> u32 {
        self.get("crashes").unwrap_or(0)
    }

    /// The same after one more crash. Rails ignores the key.
    #[must_use]
    pub(crate) fn crashed(mut self) -> Self {
        let crashes = self.crashes().saturating_add(1);
        self.entries.set("crashes", crashes.to_string());
        self
    }

    /// What a retry stores, as Active Job's `retry_on` does: the same job, one execution more.
    #[must_use]
    pub(crate) fn retried(mut self, retry: &RetriedPayload<'_>) -> Self {
        let count = self.exception_executions(retry.exception_class);
        let mut counts: Ordered = self.get("exception_executions").unwrap_or_default();
        let key = format!("[{}]", retry.exception_class);
        counts.set(&key, count.saturating_add(1).to_string());
        self.entries
            .set("provider_job_id", retry.provider_job_id.to_string());
        self.entries.set(
            "executions",
            self.executions().saturating_add(1).to_string(),
        );
        self.entries.set("exception_executions", counts.to_string());
        self.entries.set("enqueued_at", moment(retry.enqueued_at));
        self.entries.set("scheduled_at", moment(retry.scheduled_at));
        self
    }

    /// The same as a job of the batch. Rails goes by the key when it tries the job again.
    #[must_use]
    pub(crate) fn in_batch(mut self, id: i64) -> Self {
        self.entries.set("batch_id", id.to_string());
        self
    }

    /// The same as a callback of the batch that is enqueued now.
    #[must_use]
    pub(crate) fn callback_of(mut self, id: i64, now: Timestamp) -> Self {
        let scheduled_at = self.scheduled_at().unwrap_or(now);
        self.entries.set("callback_batch_id", id.to_string());
        self.entries.set("enqueued_at", moment(now));
        self.entries.set("scheduled_at", moment(scheduled_at));
        self
    }

    /// The same to be enqueued whenever its time comes, as Active Job writes a job without a time.
    #[must_use]
    pub(crate) fn unscheduled(mut self) -> Self {
        self.entries.set("scheduled_at", "null");
        self
    }

    /// The same with what the job comes from, where it comes from anything. Rails ignores the key.
    #[must_use]
    pub(crate) fn carrying(mut self, trace: &Trace) -> Self {
        if !trace.is_empty() {
            self.entries.set(TRACE, trace_entries(trace).to_json());
        }
        self
    }

    /// What the job comes from.
    pub(crate) fn trace(&self) -> Trace {
        let Some(carried) = self.get::<Carried>(TRACE) else {
            return Trace::default();
        };
        Trace::read(
            carried.request_id.as_deref(),
            carried.traceparent.as_deref(),
        )
    }

    /// The batch of the job, or that of which it is a callback.
    pub(crate) fn batch_id(&self) -> Option<i64> {
        self.get("callback_batch_id")
            .or_else(|| self.get("batch_id"))
    }

    pub(crate) fn class_name(&self) -> Option<String> {
        self.get("job_class")
    }

    pub(crate) fn queue_name(&self) -> Option<String> {
        self.get("queue_name")
    }

    pub(crate) fn priority(&self) -> Option<i32> {
        self.get("priority")
    }

    /// When the job is due.
    pub(crate) fn scheduled_at(&self) -> Option<Timestamp> {
        let text: String = self.get("scheduled_at")?;
        text.trim_end_matches('Z').parse().ok()
    }

    fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.entries.get(key)?).ok()
    }
}

/// What is stored of a [`Trace`].
#[derive(Deserialize)]
struct Carried {
    request_id: Option<String>,
    traceparent: Option<String>,
}

fn trace_entries(trace: &Trace) -> Ordered {
    let request_id = trace.request_id().map(|id| quoted(id.as_str()));
    let parent = trace.parent().map(|parent| quoted(&parent.to_string()));
    let entries = [("request_id", request_id), ("traceparent", parent)];
    let entries = entries.into_iter();
    entries
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
}

pub(crate) struct RetriedPayload<'a> {
    pub(crate) provider_job_id: i64,
    pub(crate) exception_class: &'a str,
    pub(crate) enqueued_at: Timestamp,
    pub(crate) scheduled_at: Timestamp,
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries.fmt(f)
    }
}

fn priority(priority: Option<i32>) -> Text {
    priority.map_or("null".into(), |priority| priority.to_string().into())
}

fn moment(at: Timestamp) -> String {
    quoted(&at.iso8601_nanoseconds())
}

#[cfg(test)]
mod tests;
