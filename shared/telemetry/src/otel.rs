//! The spans of OpenTelemetry. Where they are not recorded none of this costs anything.

use tracing::Span;

use crate::TraceParent;

/// The span that the caller is in, where it is recorded.
pub(crate) fn current_span() -> Option<TraceParent> {
    None
}

/// Makes a span the child of one in another process.
pub(crate) fn set_parent(_: &Span, _: &TraceParent) {}
