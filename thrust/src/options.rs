//! The options: one table, read from the environment.

mod reader;
mod table;
mod tls;
mod values;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use reader::Reader;
pub(crate) use table::help;
pub use tls::{Acme, CertificateFiles, Tls};
use values::Size;

const CABLE_PORT: u16 = 28080;

/// What `thrust` was told to do. The names are those of the environment variables.
#[derive(Clone, Debug)]
#[allow(
    missing_docs,
    clippy::struct_excessive_bools,
    reason = "the table of options says what each is"
)]
pub struct Options {
    pub http_bind: IpAddr,
    pub http_port: u16,
    pub https_port: u16,
    pub target: Target,
    pub cable: Option<Target>,
    pub cable_path: String,
    pub upstream_wait: Duration,
    pub upstream_timeout: Option<Duration>,
    pub bad_gateway_page: PathBuf,
    pub tls: Option<Tls>,
    pub h2c_enabled: bool,
    pub http3: bool,
    pub cache: Cache,
    pub compression: Compression,
    pub x_sendfile: Option<Vec<PathBuf>>,
    pub limits: Limits,
    pub timeouts: Timeouts,
    pub forward_headers: bool,
    pub forward_metrics: bool,
    pub status: Option<SocketAddr>,
    pub log_requests: bool,
    pub log: telemetry::Config,
}

/// A server behind the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Target {
    pub host: String,
    pub port: u16,
}

/// Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table of options says what each is")]
pub struct Cache {
    pub capacity: u64,
    pub max_item_size: u64,
}

/// Which encodings are used, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    clippy::struct_excessive_bools,
    reason = "the table of options says what each is"
)]
pub struct Compression {
    pub gzip: bool,
    pub brotli: bool,
    pub zstd: bool,
    pub disable_on_auth: bool,
    /// Bytes.
    pub jitter: u32,
}

/// `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table of options says what each is")]
pub struct Limits {
    pub request_body: Option<u64>,
    pub request_headers: u32,
    pub connections: Option<u32>,
    pub connections_per_client: Option<u32>,
    pub requests_per_client: Option<u32>,
}

/// `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table of options says what each is")]
pub struct Timeouts {
    pub idle: Option<Duration>,
    pub read: Option<Duration>,
    pub write: Option<Duration>,
    pub drain: Duration,
}

/// All that is wrong with the options.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n       "))
    }
}

impl Options {
    /// Reads the options. `variable` looks up an environment variable; `wraps` says whether a command is started.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn read(wraps: bool, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut read = Reader::new(variable);
        let tls = Tls::read(&mut read);
        let options = Self {
            http_bind: read
                .optional("HTTP_BIND")
                .unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
            http_port: read.get("HTTP_PORT"),
            https_port: read.get("HTTPS_PORT"),
            target: Target {
                host: read.get("TARGET_HOST"),
                port: read.get("TARGET_PORT"),
            },
            cable: cable(&mut read, wraps),
            cable_path: cable_path(&mut read),
            upstream_wait: read.get("UPSTREAM_WAIT"),
            upstream_timeout: limit(read.get("UPSTREAM_TIMEOUT")),
            bad_gateway_page: read.get("BAD_GATEWAY_PAGE"),
            h2c_enabled: read.get("H2C_ENABLED"),
            http3: http3(&mut read, tls.is_some()),
            cache: Cache::read(&mut read),
            compression: Compression::read(&mut read),
            x_sendfile: x_sendfile(&mut read),
            limits: Limits::read(&mut read),
            timeouts: Timeouts::read(&mut read),
            forward_headers: read.optional("FORWARD_HEADERS").unwrap_or(tls.is_none()),
            forward_metrics: read.get("FORWARD_METRICS"),
            tls,
            status: status(&mut read),
            log_requests: read.get("LOG_REQUESTS"),
            log: log(&mut read),
        };
        read.end(options)
    }
}

/// What cannot be had is an error: whoever asks for it shall not believe that it is there.
fn http3(read: &mut Reader<'_>, has_tls: bool) -> bool {
    let wanted = read.get("HTTP3");
    if wanted && !cfg!(feature = "http3") {
        read.problem(
            "HTTP3: expected a program that was built with HTTP/3 (cargo's feature `http3`), got one without".into(),
        );
    }
    if wanted && !has_tls {
        read.problem(
            "HTTP3: expected HTTPS to be on, by TLS_DOMAIN or TLS_CERTIFICATE, as HTTP/3 is always encrypted; got neither".into(),
        );
    }
    wanted
}

fn cable(read: &mut Reader<'_>, wraps: bool) -> Option<Target> {
    let usual = (!wraps).then_some(CABLE_PORT);
    let port = read.optional("CABLE_PORT").or(usual)?;
    let host = read.get("CABLE_HOST");
    Some(Target { host, port })
}

fn cable_path(read: &mut Reader<'_>) -> String {
    let path: String = read.get("CABLE_PATH");
    if !path.starts_with('/') {
        read.problem(format!(
            "CABLE_PATH: expected a path such as /cable, got `{path}`"
        ));
    }
    path.trim_end_matches('/').to_owned()
}

fn x_sendfile(read: &mut Reader<'_>) -> Option<Vec<PathBuf>> {
    let roots: Vec<String> = read.get("X_SENDFILE_ROOT");
    let enabled: bool = read.get("X_SENDFILE_ENABLED");
    enabled.then(|| roots.into_iter().map(PathBuf::from).collect())
}

fn status(read: &mut Reader<'_>) -> Option<SocketAddr> {
    let address: Option<IpAddr> = read.optional("STATUS_BIND");
    let port = read.optional("STATUS_PORT")?;
    Some(SocketAddr::new(address?, port))
}

fn log(read: &mut Reader<'_>) -> telemetry::Config {
    let format: String = read.get("LOG_FORMAT");
    let debug: bool = read.get("DEBUG");
    let filter: String = read.get("RUST_LOG");
    let config = telemetry::Config {
        filter: if debug { "debug".to_owned() } else { filter },
        format: match format.as_str() {
            "json" => telemetry::LogFormat::Json,
            _ => telemetry::LogFormat::Text,
        },
        spans: None,
    };
    if !matches!(format.as_str(), "text" | "json") {
        read.problem(format!("LOG_FORMAT: expected text or json, got `{format}`"));
    }
    if let Err(problem) = telemetry::check(&config) {
        read.problem(format!("RUST_LOG: {problem}"));
    }
    config
}

impl Cache {
    fn read(read: &mut Reader<'_>) -> Self {
        Self {
            capacity: size(read, "CACHE_SIZE"),
            max_item_size: size(read, "MAX_CACHE_ITEM_SIZE"),
        }
    }
}

impl Compression {
    fn read(read: &mut Reader<'_>) -> Self {
        let enabled: bool = read.get("GZIP_COMPRESSION_ENABLED");
        let (brotli, zstd): (bool, bool) = (
            read.get("BROTLI_COMPRESSION_ENABLED"),
            read.get("ZSTD_COMPRESSION_ENABLED"),
        );
        Self {
            gzip: enabled,
            brotli: enabled && brotli,
            zstd: enabled && zstd,
            disable_on_auth: read.get("GZIP_COMPRESSION_DISABLE_ON_AUTH"),
            jitter: read.get("GZIP_COMPRESSION_JITTER"),
        }
    }
}

impl Limits {
    /// Below this, ordinary browsers' requests would be refused.
    const LEAST_HEADERS: u64 = 8 << 10;
    const MOST_HEADERS: u64 = 1 << 20;

    fn read(read: &mut Reader<'_>) -> Self {
        let headers = size(read, "MAX_REQUEST_HEADERS");
        if !(Self::LEAST_HEADERS..=Self::MOST_HEADERS).contains(&headers) {
            read.problem(format!(
                "MAX_REQUEST_HEADERS: expected 8KB to 1MB, got `{headers}`"
            ));
        }
        Self {
            request_body: Some(size(read, "MAX_REQUEST_BODY")).filter(|size| *size > 0),
            request_headers: u32::try_from(headers).unwrap_or(u32::MAX),
            connections: number(read, "MAX_CONNECTIONS"),
            connections_per_client: number(read, "MAX_CONNECTIONS_PER_CLIENT"),
            requests_per_client: number(read, "MAX_REQUESTS_PER_CLIENT"),
        }
    }
}

impl Timeouts {
    fn read(read: &mut Reader<'_>) -> Self {
        Self {
            idle: limit(read.get("HTTP_IDLE_TIMEOUT")),
            read: limit(read.get("HTTP_READ_TIMEOUT")),
            write: limit(read.get("HTTP_WRITE_TIMEOUT")),
            drain: read.get("DRAIN_TIMEOUT"),
        }
    }
}

fn size(read: &mut Reader<'_>, name: &'static str) -> u64 {
    read.optional(name).map_or(0, |Size(bytes)| bytes)
}

fn number(read: &mut Reader<'_>, name: &'static str) -> Option<u32> {
    read.optional(name).filter(|number| *number > 0)
}

fn limit(duration: Duration) -> Option<Duration> {
    (!duration.is_zero()).then_some(duration)
}
