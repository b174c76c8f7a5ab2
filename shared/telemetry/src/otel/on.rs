use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry};

use super::Spans;
use super::export::exporter;
use crate::{Failure, TraceParent};

/// Set once, beside the subscriber of the process, which is one for all as well: without it each span would be asked for
/// what it does not have.
static IS_ON: AtomicBool = AtomicBool::new(false);

/// Whether spans are recorded.
pub(crate) fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

/// Adds what is said of a span that is recorded.
pub(crate) fn tag(span: &Span, name: &'static str, value: &str) {
    if is_on() {
        span.set_attribute(name, value.to_owned());
    }
}

/// Gives a span another name, though it has begun.
pub(crate) fn rename(span: &Span, name: String) {
    if is_on() {
        span.context().span().update_name(name);
    }
}

/// The span that the caller is in, where it is recorded.
pub(crate) fn current_span() -> Option<TraceParent> {
    if !is_on() {
        return None;
    }
    let context = Span::current().context();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| TraceParent {
        trace_id: u128::from_be_bytes(span.trace_id().to_bytes()),
        span_id: u64::from_be_bytes(span.span_id().to_bytes()),
        is_sampled: span.is_sampled(),
    })
}

/// Makes a span the child of one in another process.
pub(crate) fn set_parent(span: &Span, parent: &TraceParent) {
    if !is_on() {
        return;
    }
    let flags = TraceFlags::default().with_sampled(parent.is_sampled);
    let parent = SpanContext::new(
        TraceId::from_bytes(parent.trace_id.to_be_bytes()),
        SpanId::from_bytes(parent.span_id.to_be_bytes()),
        flags,
        true,
        TraceState::NONE,
    );
    // It fails for spans that nobody records, and those need no parent.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
}

/// What records spans and sends them, and what to end it by.
pub(crate) fn layer(
    spans: &Spans,
) -> Result<(impl Layer<Registry> + Send + Sync, SdkTracerProvider), Failure> {
    let mut resource = Resource::builder();
    if let Some(name) = spans.service_name.clone().or_else(program) {
        resource = resource.with_attribute(KeyValue::new("service.name", name));
    }
    let provider = SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_batch_exporter(exporter(spans)?)
        .build();
    let tracer = provider.tracer("trifecta");
    IS_ON.store(true, Ordering::Relaxed);
    let layer = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(is_recorded).with_max_level_hint(LevelFilter::DEBUG));
    Ok((layer, provider))
}

/// The steps of a request, and what went wrong in them. Not the lives of connections, which last for hours.
fn is_recorded(metadata: &Metadata<'_>) -> bool {
    if metadata.is_event() {
        return *metadata.level() <= Level::WARN;
    }
    match *metadata.level() {
        Level::TRACE => false,
        Level::DEBUG => matches!(metadata.name(), "queue.enqueue" | "cable.broadcast"),
        _ => metadata.name() != "cable.connection",
    }
}

fn program() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    Some(path.file_name()?.to_string_lossy().into_owned())
}
