use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Backend, Proxy, soon};

pub type TlsStream = tokio_rustls::client::TlsStream<TcpStream>;

/// An authority of the test's own.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// PEM files of a certificate and its key.
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// What a client trusts.
#[derive(Clone)]
pub struct Trust(Arc<RootCertStore>);

impl Authority {
    pub fn new() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        Ok(Self(CertifiedIssuer::self_signed(params, key)?))
    }

    pub fn trust(&self) -> Result<Trust> {
        Trust::in_pem(&self.0.pem())
    }

    /// A new certificate and its key, in PEM.
    pub fn issue(&self, names: &[&str]) -> Result<[String; 2]> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(names)?.signed_by(&key, &self.0)?;
        Ok([certificate.pem(), key.serialize_pem()])
    }
}

impl Proxy {
    /// Starts the proxy with HTTPS in front of a server. The folder holds its files.
    pub async fn secure(
        backend: &Backend,
        more: &[(&str, &str)],
    ) -> Result<(Self, Trust, TempDir)> {
        let (folder, authority) = (TempDir::new()?, Authority::new()?);
        let pair = Pair::write(&authority, folder.path())?;
        let proxy = Self::start(backend, &pair.variables(more)?).await?;
        Ok((proxy, authority.trust()?, folder))
    }
}

impl Pair {
    /// In `folder`, for app.test and 127.0.0.1.
    pub fn write(authority: &Authority, folder: &Path) -> Result<Self> {
        let pair = Self {
            certificate: folder.join("tls.crt"),
            key: folder.join("tls.key"),
        };
        let [certificate, key] = authority.issue(&["app.test", "127.0.0.1"])?;
        std::fs::write(&pair.certificate, certificate)?;
        std::fs::write(&pair.key, key)?;
        Ok(pair)
    }

    /// The variables of a proxy that serves it.
    pub fn variables<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Result<Vec<(&'a str, &'a str)>> {
        let path = |path: &'a Path| path.to_str().context("an odd path");
        let own = [
            ("HTTPS_PORT", "0"),
            ("TLS_CERTIFICATE", path(&self.certificate)?),
            ("TLS_PRIVATE_KEY", path(&self.key)?),
        ];
        Ok(own.iter().chain(more).copied().collect())
    }
}

impl Trust {
    pub fn in_pem(pem: &str) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
        Ok(Self(Arc::new(roots)))
    }

    /// How QUIC trusts.
    pub fn quic(&self) -> Result<quinn::ClientConfig> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(Arc::clone(&self.0))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h3".to_vec()];
        let config = quinn::crypto::rustls::QuicClientConfig::try_from(config)?;
        Ok(quinn::ClientConfig::new(Arc::new(config)))
    }

    /// Shakes hands with a server of this name (an address is not told), offering these protocols.
    pub async fn connect(
        &self,
        address: SocketAddr,
        name: &str,
        protocols: &[&str],
    ) -> Result<TlsStream> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(Arc::clone(&self.0))
            .with_no_client_auth();
        let protocols = protocols.iter().map(|name| name.as_bytes().to_vec());
        config.alpn_protocols = protocols.collect();
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(name.to_owned())?;
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
        Ok(soon("the TLS handshake", handshake).await??)
    }
}

/// The certificate that the server showed.
pub fn shown(stream: &TlsStream) -> Option<CertificateDer<'static>> {
    let chain = stream.get_ref().1.peer_certificates()?;
    Some(chain.first()?.clone().into_owned())
}

/// The protocol that was agreed on.
pub fn protocol(stream: &TlsStream) -> Option<&str> {
    std::str::from_utf8(stream.get_ref().1.alpn_protocol()?).ok()
}
