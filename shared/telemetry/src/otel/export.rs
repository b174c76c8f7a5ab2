use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::SpanData;

use super::Spans;
use crate::{Failure, chain};

/// How long the collector may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Failures are told of once in this time.
const QUIET: Duration = Duration::from_mins(1);

/// Sends spans by OTLP over HTTP. Variables such as `OTEL_EXPORTER_OTLP_HEADERS` are heeded by the exporter itself.
pub(super) fn exporter(spans: &Spans) -> Result<Told, Failure> {
    let client = reqwest::blocking::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&spans.endpoint)
        .build()
        .map_err(|error| {
            Failure::new(format!("could not prepare the export of spans: {error}"))
                .hint("check OTEL_EXPORTER_OTLP_ENDPOINT and its kin")
        })?;
    Ok(Told {
        exporter,
        endpoint: spans.endpoint.clone(),
        failures: Mutex::default(),
    })
}

/// Tells of failures in the log, now and then. What could not be sent is lost, and nobody waits for it.
pub(super) struct Told {
    exporter: SpanExporter,
    endpoint: String,
    failures: Mutex<Failures>,
}

#[derive(Default)]
struct Failures {
    told: Option<Instant>,
    /// Spans that were lost since then.
    lost: usize,
}

impl Told {
    fn tell(&self, error: &dyn std::error::Error, lost: usize) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.lost += lost;
        if failures.told.is_none_or(|told| told.elapsed() >= QUIET) {
            tracing::warn!(
                otel.endpoint = self.endpoint,
                otel.lost_spans = failures.lost,
                error = chain(error),
                "could not export spans"
            );
            *failures = Failures {
                told: Some(Instant::now()),
                lost: 0,
            };
        }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Told {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let outcome = self.exporter.export(batch).await;
        if let Err(error) = &outcome {
            self.tell(error, spans);
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Told").field(&self.endpoint).finish()
    }
}
