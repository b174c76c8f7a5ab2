use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use telemetry::{Failure, Service};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::handler::Handler;
use crate::meters::Meters;
use crate::options::Options;
use crate::secure::Secure;
use crate::server::{Door, Gate, Server, listen, listen_udp, listen_with_udp};
use crate::status::{self, Status};
use crate::upstream::Upstreams;

/// How often connections to servers are looked through that nobody uses.
const SWEEP: Duration = Duration::from_secs(5);
/// How long tunnels have to end once they are cut, and doors to close.
const LAST: Duration = Duration::from_secs(1);

/// The sockets of the proxy.
pub struct Listeners {
    http: TcpListener,
    https: Option<TcpListener>,
    quic: Option<UdpSocket>,
    status: Option<TcpListener>,
}

impl Listeners {
    /// Takes the sockets that were passed, and listens where the options say for the others.
    ///
    /// # Errors
    /// When a port cannot be had.
    pub fn bind(options: &Options, service: &Service) -> Result<Self, Failure> {
        let bind = options.http_bind;
        let https = options
            .tls
            .is_some()
            .then(|| listen_https(options, service));
        let (https, quic) = https.transpose()?.unzip();
        let status = options.status.map(|at| match service.socket("status")? {
            Some(passed) => Ok(passed),
            None => listen(at.ip(), at.port(), "STATUS_PORT"),
        });
        let status = status.transpose()?;
        let http = match service.main_socket("http")? {
            Some(passed) => passed,
            None => listen(bind, options.http_port, "HTTP_PORT")?,
        };
        Ok(Self {
            http,
            https,
            quic: quic.flatten(),
            status,
        })
    }
}

/// Where the options say, or the socket that was passed; beside it one for HTTP/3, if that is on.
fn listen_https(
    options: &Options,
    service: &Service,
) -> Result<(TcpListener, Option<UdpSocket>), Failure> {
    let (bind, port) = (options.http_bind, options.https_port);
    match (service.socket("https")?, options.http3) {
        (Some(passed), http3) => {
            let quic = http3.then(|| listen_udp(&passed)).transpose()?;
            Ok((passed, quic))
        }
        (None, true) => {
            let (listener, quic) = listen_with_udp(bind, port, "HTTPS_PORT")?;
            Ok((listener, Some(quic)))
        }
        (None, false) => Ok((listen(bind, port, "HTTPS_PORT")?, None)),
    }
}

/// Serves until `shutdown`, then takes no more and lets end what runs.
///
/// # Errors
/// Why it cannot serve.
pub async fn run(
    listeners: Listeners,
    options: Options,
    meters: Meters,
    service: Service,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let upstreams = Arc::new(Upstreams::new(&options, &shutdown));
    let secure = options
        .tls
        .as_ref()
        .map(|tls| Secure::start(tls, &shutdown));
    let secure = secure.transpose()?;
    let port = https_port(&listeners, &options);
    let https = secure.as_ref().map(|secure| secure.without_tls(port));
    let quic = listeners.quic.is_some().then_some(port);
    let handler = Handler::new(&options, Arc::clone(&upstreams), https, quic);
    let handler = Arc::new(handler);
    let gate = gate(listeners.quic, secure.as_ref())?;
    let server = Server::new(&options, Arc::clone(&handler), shutdown.clone());
    let server = Arc::new(server);

    let mut around = JoinSet::new();
    around.spawn(meters.clone().keep_up());
    around.spawn(sweep(Arc::clone(&upstreams)));
    around.spawn(service.beat("main loop").keep());
    if let Some(listener) = listeners.status {
        log_listening("status", &listener);
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let status = Status {
            upstreams,
            meters,
            stopping: shutdown.clone(),
        };
        around.spawn(status::serve(listener, status));
    }
    let over = CancellationToken::new();
    let doors = doors(listeners.http, listeners.https, secure);
    let workers = server.start(&doors, gate, &service, &over)?;
    // Each worker has its own; the last one of them to go closes the ports.
    drop(doors);
    shutdown.run_until_cancelled(tell(&service)).await;
    shutdown.cancelled().await;
    service.stopping(Some(options.timeouts.drain + LAST));
    drain(&server, &handler, options.timeouts.drain).await;
    over.cancel();
    for worker in workers {
        if worker.join().is_err() {
            tracing::error!("a worker has panicked");
        }
    }
    around.shutdown().await;
    Ok(())
}

/// Tells the service manager that all workers serve.
async fn tell(service: &Service) {
    if let Err(error) = service.ready("serving").await {
        tracing::error!(%error, "could not start the watchdog");
    }
}

fn doors(http: TcpListener, https: Option<TcpListener>, secure: Option<Secure>) -> Vec<Door> {
    log_listening("http", &http);
    let mut doors = vec![Door {
        listener: http,
        tls: None,
    }];
    if let (Some(listener), Some(secure)) = (https, secure) {
        log_listening("https", &listener);
        let tls = Some(TlsAcceptor::from(secure.config));
        doors.push(Door { listener, tls });
    }
    doors
}

fn gate(socket: Option<UdpSocket>, secure: Option<&Secure>) -> Result<Option<Gate>, Failure> {
    let (Some(socket), Some(secure)) = (socket, secure) else {
        return Ok(None);
    };
    let address = socket.local_addr()?;
    tracing::info!(%address, kind = "http3", "listening");
    Gate::new(socket, &secure.config).map(Some)
}

/// Waits for what runs, as long as it may take, and cuts the rest.
async fn drain(server: &Server, handler: &Handler, time: Duration) {
    // Whom they let in last is among the tasks then.
    server.accepting.close();
    let _ = tokio::time::timeout(LAST, server.accepting.wait()).await;
    server.tasks.close();
    let tunnels = &handler.tunnels;
    tunnels.tasks.close();
    let open = server.tasks.len();
    // A tunnel has no end to wait for, and by HTTP/2 it holds its connection.
    let cut = tunnels.tasks.len();
    tunnels.cut.cancel();
    if tokio::time::timeout(time, server.tasks.wait())
        .await
        .is_err()
    {
        let left = server.tasks.len();
        tracing::warn!(
            connections = left,
            "requests still ran after DRAIN_TIMEOUT and were cut off"
        );
    }
    server.goodbyes.close();
    let last = async { tokio::join!(tunnels.tasks.wait(), server.goodbyes.wait()) };
    let _ = tokio::time::timeout(LAST, last).await;
    tracing::info!(connections = open, tunnels = cut, "drained");
}

async fn sweep(upstreams: Arc<Upstreams>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        upstreams.sweep();
    }
}

/// The port that clients know, where the system was to choose one.
fn https_port(listeners: &Listeners, options: &Options) -> u16 {
    let address = listeners
        .https
        .as_ref()
        .and_then(|listener| listener.local_addr().ok());
    address.map_or(options.https_port, |address| address.port())
}

fn log_listening(kind: &'static str, listener: &TcpListener) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, kind, "listening");
    }
}
