//! Certificates, and TLS by them.

mod certificate;
mod certificates;
mod files;
mod reload;
mod table;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{Error, ServerConfig, ServerConnection};

pub(crate) use certificate::{Certificate, CertificateError};
pub(crate) use certificates::Certificates;
pub(crate) use files::{FileError, load};
pub(crate) use reload::reload;
pub(crate) use table::{Held, Table};

/// What an authority that checks by TLS-ALPN-01 speaks (RFC 8737).
const ACME: &[u8] = b"acme-tls/1";

/// How connections are encrypted: TLS 1.2 and 1.3, by these certificates, with or without HTTP/2.
///
/// # Errors
/// When there is no randomness for the keys of session tickets.
pub(crate) fn server_config(certificates: Certificates, h2: bool) -> Result<ServerConfig, Error> {
    // The provider is named: that of the process depends on what else is linked.
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificates));
    let http2: &[&[u8]] = if h2 { &[b"h2"] } else { &[] };
    let protocols = http2.iter().copied().chain([b"http/1.1", ACME]);
    config.alpn_protocols = protocols.map(<[u8]>::to_vec).collect();
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}

/// Whether an authority made this connection, to check a domain. The handshake told it all: the connection is to be
/// closed.
pub(crate) fn is_challenge(connection: &ServerConnection) -> bool {
    connection.alpn_protocol() == Some(ACME)
}

/// A host as certificates name it: in lower case, without the final dot.
pub(crate) fn normal(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}
