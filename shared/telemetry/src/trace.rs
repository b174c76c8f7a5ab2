//! What is carried along with a piece of work, from one process to the next.

use std::future::Future;

use tokio::task::futures::TaskLocalFuture;
use tracing::Span;
use tracing::instrument::{Instrument as _, Instrumented};

use crate::{RequestId, TraceParent, otel};

tokio::task_local! {
    static CURRENT: Trace;
}

/// Where a piece of work comes from: the request that it began with, and the span that caused it. Empty for work that
/// nobody asked for. Cheap to clone.
///
/// It holds for a task and what that awaits ([`Trace::scope`]). It does not follow into tasks that are spawned: those
/// that belong to the same work are wrapped in [`carried`].
///
/// ```
/// use telemetry::{RequestId, Trace};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let trace = Trace::of(RequestId::of(Some("r1")));
/// let seen = trace.scope(async { Trace::current() }).await;
/// assert_eq!(seen.request_id().unwrap().as_str(), "r1");
/// assert!(Trace::current().is_empty());
/// # });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    request_id: Option<RequestId>,
    parent: Option<TraceParent>,
}

impl Trace {
    /// Work that a request began.
    pub fn of(request_id: RequestId) -> Self {
        Self {
            request_id: Some(request_id),
            parent: None,
        }
    }

    /// The same, caused by a span that another process told of. Text that names none counts as nothing.
    #[must_use]
    pub fn caused_by(self, traceparent: Option<&str>) -> Self {
        let parent = traceparent.and_then(|text| text.parse().ok());
        Self { parent, ..self }
    }

    /// What another process wrote down. What is not understood counts as nothing.
    pub fn read(request_id: Option<&str>, traceparent: Option<&str>) -> Self {
        let request_id = request_id.and_then(RequestId::sanitized);
        Self {
            request_id,
            parent: None,
        }
        .caused_by(traceparent)
    }

    /// What the work at hand comes from; empty outside of every [`Trace::scope`].
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// What to tell another process about work that is begun here and now.
    pub fn outgoing() -> Self {
        Self::current().within_span()
    }

    /// Does the work as what comes from here.
    pub fn scope<F: Future>(self, work: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, work)
    }

    /// Whether there is nothing to carry.
    pub fn is_empty(&self) -> bool {
        self.request_id.is_none() && self.parent.is_none()
    }

    /// The request that it began with.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.request_id.as_ref()
    }

    /// The span that caused it.
    pub fn parent(&self) -> Option<&TraceParent> {
        self.parent.as_ref()
    }

    /// Makes a span that has just been made the effect of what caused the work, in another process perhaps.
    pub fn cause(&self, span: &Span) {
        if let Some(parent) = &self.parent {
            otel::set_parent(span, parent);
        }
    }

    /// The same, caused by the span that the caller is in, where that is recorded.
    fn within_span(self) -> Self {
        match otel::current_span() {
            None => self,
            parent => Self { parent, ..self },
        }
    }
}

/// Whether spans are recorded for OpenTelemetry. What only they need is then said of spans: in the log it would be noise.
pub fn is_traced() -> bool {
    otel::is_on()
}

/// Says something of a span for OpenTelemetry, and not for the log.
pub fn tag(span: &Span, name: &'static str, value: &str) {
    otel::tag(span, name, value);
}

/// Gives a span another name for OpenTelemetry, though it has begun; in the log it keeps its own.
pub fn rename(span: &Span, name: String) {
    otel::rename(span, name);
}

/// Work for a task of its own that belongs to what the caller does: it has the caller's span and [`Trace`].
pub fn carried<F: Future>(work: F) -> Instrumented<TaskLocalFuture<Trace, F>> {
    Trace::current().scope(work).in_current_span()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_is_not_understood_is_nothing() {
        assert!(Trace::read(Some("\n"), Some("nonsense")).is_empty());
        let trace = Trace::read(Some("r1"), Some(PARENT));
        assert_eq!(trace.request_id().unwrap().as_str(), "r1");
        assert_eq!(trace.parent().unwrap().to_string(), PARENT);
    }

    #[tokio::test]
    async fn tasks_have_it_where_they_are_wrapped() {
        let trace = Trace::of(RequestId::of(Some("r1")));
        let work = async {
            let bare = tokio::spawn(async { Trace::current() });
            let wrapped = tokio::spawn(carried(async { Trace::current() }));
            (bare.await.unwrap(), wrapped.await.unwrap())
        };
        let (bare, wrapped) = trace.clone().scope(work).await;
        assert!(bare.is_empty());
        assert_eq!(wrapped, trace);
    }
}
