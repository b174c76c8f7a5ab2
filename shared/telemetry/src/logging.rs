use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::{Failure, Spans};

/// What is logged, and in which form. Logs go to standard error; standard output is for what a command prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Directives as `RUST_LOG` takes them, such as `info` or `info,solid_queue=debug`.
    pub filter: String,
    /// The form of a line.
    pub format: LogFormat,
    /// Where spans are sent to, for OpenTelemetry. None: nowhere.
    pub spans: Option<Spans>,
}

/// Logging, until it is dropped: spans that were not sent yet are sent then, in two seconds at most.
#[must_use = "when it is dropped no more spans are sent"]
#[derive(Debug, Default)]
pub struct Logging {
    #[cfg(feature = "otel")]
    spans: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

#[cfg(feature = "otel")]
impl Drop for Logging {
    fn drop(&mut self) {
        /// How long the last spans may take.
        const LAST: std::time::Duration = std::time::Duration::from_secs(2);
        if let Some(spans) = self.spans.take() {
            // What could not be sent was told of by the exporter.
            let _ = spans.shutdown_with_timeout(LAST);
        }
    }
}

/// The form of a line in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            filter: "info,actix_server=warn,actix_http=off".into(),
            format: LogFormat::Text,
            spans: None,
        }
    }
}

/// Whether [`init`] would understand the filter.
///
/// # Errors
/// What was expected, and what is wrong with the text that was given.
pub fn check(config: &Config) -> Result<(), String> {
    filter(config).map(drop)
}

/// Starts logging for this process.
///
/// # Errors
/// When the filter is malformed, or when the process logs already.
pub fn init(config: &Config) -> Result<Logging, Failure> {
    let filter = filter(config).map_err(|error| Failure::new(format!("RUST_LOG: {error}")))?;
    #[cfg(feature = "otel")]
    if let Some(spans) = &config.spans {
        return with_spans(config.format, filter, spans);
    }
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer());
    let started = match config.format {
        LogFormat::Text => lines
            .with_ansi(std::io::stderr().is_terminal())
            .compact()
            .try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| Failure::new(format!("could not start logging: {error}")))?;
    if config.spans.is_some() {
        tracing::warn!("spans are not exported: this program was built without the feature otel");
    }
    Ok(Logging::default())
}

/// The filter is that of the lines only: which spans are recorded does not hang on what is logged.
#[cfg(feature = "otel")]
fn with_spans(format: LogFormat, filter: EnvFilter, spans: &Spans) -> Result<Logging, Failure> {
    use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
    use tracing_subscriber::util::SubscriberInitExt as _;

    let lines = tracing_subscriber::fmt::layer().with_writer(writer());
    let lines = match format {
        LogFormat::Text => lines
            .with_ansi(std::io::stderr().is_terminal())
            .compact()
            .boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let (recording, provider) = crate::otel::layer(spans)?;
    let all = tracing_subscriber::registry()
        .with(recording)
        .with(lines.with_filter(filter));
    all.try_init()
        .map_err(|error| Failure::new(format!("could not start logging: {error}")))?;
    Ok(Logging {
        spans: Some(provider),
    })
}

fn filter(config: &Config) -> Result<EnvFilter, String> {
    EnvFilter::try_new(&config.filter).map_err(|error| {
        let given = &config.filter;
        format!(
            "expected directives such as `info` or `info,solid_queue=debug`, got `{given}`: {error}"
        )
    })
}

fn writer() -> impl for<'a> MakeWriter<'a> + Send + Sync + 'static {
    std::io::stderr
}

#[cfg(test)]
mod tests {
    use super::{Config, check};

    #[test]
    fn filters_are_checked() {
        for (filter, expected) in [
            ("info", true),
            ("info,solid_queue=debug", true),
            ("", true),
            ("info,solid_queue=loud", false),
            ("=", false),
        ] {
            let config = Config {
                filter: filter.into(),
                ..Config::default()
            };
            assert_eq!(check(&config).is_ok(), expected, "{filter}");
        }
    }
}
