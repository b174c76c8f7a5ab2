use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use instant_acme::RetryPolicy;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use test_support::wait_for;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::pebble::{Pebble, Setup};
use crate::acme::account::Accounts;
use crate::acme::order::Issuer;
use crate::acme::pace::Pace;
use crate::acme::storage::Storage;
use crate::acme::{AcmeError, Challenges, start_at};
use crate::options::Acme;
use crate::tls::Certificates;
use crate::tls::tests::{Server, client, connect, shown};

/// A server as `thrust` is one: HTTPS, and HTTP for the authority.
pub(super) struct Site {
    pub(super) certificates: Certificates,
    challenges: Challenges,
    server: Server,
    http: SocketAddr,
    http_task: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Site {
    pub(super) async fn start() -> Self {
        let (certificates, challenges) = (Certificates::default(), Challenges::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            server: Server::start(&certificates, true).await,
            http: listener.local_addr().unwrap(),
            http_task: tokio::spawn(answer(listener, challenges.clone())),
            certificates,
            challenges,
            shutdown: CancellationToken::new(),
        }
    }

    /// An authority that looks for us where we are.
    pub(super) fn setup(&self) -> Setup {
        Setup {
            http: self.http.port(),
            tls: self.server.address.port(),
            ..Setup::default()
        }
    }

    pub(super) fn keep(&self, options: &Acme) -> Result<JoinHandle<()>, AcmeError> {
        self.keep_at(pace(), options)
    }

    pub(super) fn keep_at(&self, pace: Pace, options: &Acme) -> Result<JoinHandle<()>, AcmeError> {
        let (certificates, challenges) = (self.certificates.clone(), self.challenges.clone());
        start_at(
            pace,
            options.clone(),
            certificates,
            challenges,
            self.shutdown.clone(),
        )
    }

    /// What asks the authority, without the keeping.
    pub(super) fn issuer(&self, options: &Acme) -> Issuer {
        // As the start does it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let storage = Storage::open(&options.storage).unwrap();
        Issuer {
            at_once: Semaphore::new(1),
            accounts: Accounts::new(options.clone(), storage).unwrap(),
            certificates: self.certificates.clone(),
            challenges: self.challenges.clone(),
            pace: pace(),
        }
    }

    /// The certificate that is shown for a domain, once there is one of this root's.
    pub(super) async fn certificate(
        &self,
        domain: &str,
        roots: &Arc<RootCertStore>,
    ) -> CertificateDer<'static> {
        let what = format!("a certificate for {domain}");
        wait_for(&what, async || self.certificate_now(domain, roots).await).await
    }

    pub(super) async fn certificate_now(
        &self,
        domain: &str,
        roots: &Arc<RootCertStore>,
    ) -> Option<CertificateDer<'static>> {
        let client = client(roots, &["h2"]);
        let stream = connect(self.server.address, domain, &client).await;
        stream.ok().map(|stream| shown(&stream))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.http_task.abort();
    }
}

/// Does what `thrust` does, and does not wait a minute.
pub(super) fn pace() -> Pace {
    Pace {
        first_retry: Duration::from_millis(50),
        longest_retry: Duration::from_millis(200),
        poll: RetryPolicy::new().initial_delay(Duration::from_millis(50)),
        ..Pace::default()
    }
}

pub(super) fn options(pebble: &Pebble, storage: &Path, domains: &[&str]) -> Acme {
    Acme {
        domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
        directory: pebble.directory(),
        root: Some(pebble.root()),
        external_account: None,
        storage: storage.to_owned(),
    }
}

async fn answer(listener: TcpListener, challenges: Challenges) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let challenges = challenges.clone();
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let host = request
                .headers()
                .get("host")
                .and_then(|host| host.to_str().ok());
            let body = challenges.http01(host.unwrap_or_default(), request.uri().path());
            let status = if body.is_some() { 200 } else { 404 };
            let response = http::Response::builder().status(status);
            std::future::ready(response.body(body.unwrap_or_default()))
        });
        tokio::spawn(async move {
            let http1 = hyper::server::conn::http1::Builder::new();
            let _ = http1.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
