//! The spans of OpenTelemetry, where the crate is built with the feature `otel` and [`crate::Config::spans`] says where to.
//! Else none of this costs anything.

#[cfg(feature = "otel")]
mod export;
#[cfg(feature = "otel")]
mod on;

#[cfg(feature = "otel")]
pub(crate) use on::{current_span, is_on, layer, rename, set_parent, tag};

#[cfg(not(feature = "otel"))]
mod off {
    use tracing::Span;

    use crate::TraceParent;

    /// Whether spans are recorded.
    pub(crate) fn is_on() -> bool {
        false
    }

    /// Adds what is said of a span that is recorded.
    pub(crate) fn tag(_: &Span, _: &'static str, _: &str) {}

    /// Gives a span another name, though it has begun.
    pub(crate) fn rename(_: &Span, _: String) {}

    /// The span that the caller is in, where it is recorded.
    pub(crate) fn current_span() -> Option<TraceParent> {
        None
    }

    /// Makes a span the child of one in another process.
    pub(crate) fn set_parent(_: &Span, _: &TraceParent) {}
}

#[cfg(not(feature = "otel"))]
pub(crate) use off::{current_span, is_on, rename, set_parent, tag};

/// Where spans are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spans {
    /// The address of the collector for spans, `http://127.0.0.1:4318/v1/traces` for instance.
    pub endpoint: String,
    /// Under which name the process is known there. None: that of its program.
    pub service_name: Option<String>,
}
