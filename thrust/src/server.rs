//! Accepts connections, speaks HTTP on them, and ends them in good order.

mod activity;
mod clients;
mod connection;
#[cfg(feature = "http3")]
mod http3;
#[cfg(not(feature = "http3"))]
#[path = "server/without_http3.rs"]
mod http3;
mod lanes;
mod listen;
mod stream;
pub(crate) mod workers;

use std::fmt::Display;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use socket2::{SockRef, TcpKeepalive};
use telemetry::{Beat, Service};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Receiver;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::handler::Handler;
use crate::options::{Options, Timeouts};
pub(crate) use activity::InFlight;
use clients::Clients;
pub(crate) use clients::{Client, same_client};
pub(crate) use http3::Gate;
use lanes::{Arrival, Lanes, Seat, Wire};
pub(crate) use listen::{listen, listen_udp, listen_with_udp};
pub(crate) use stream::{ClientIo, ClientStream};

/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 250;
/// Streams that a client may open and reset before it counts as a flood (CVE-2023-44487).
const PENDING_RESETS: usize = 20;
/// Errors of a client on HTTP/2 streams before it counts as a flood.
const STREAM_ERRORS: usize = 256;
/// How soon a TLS handshake has to be done, where no other limit is set.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// After an error of `accept`, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a connection is silent before the system asks whether the other side is there.
const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// Where connections come in, with TLS or without.
pub(crate) struct Door {
    pub(crate) listener: std::net::TcpListener,
    pub(crate) tls: Option<TlsAcceptor>,
}

impl Door {
    fn again(&self) -> io::Result<Self> {
        Ok(Self {
            listener: self.listener.try_clone()?,
            tls: self.tls.clone(),
        })
    }
}

/// What all connections share.
pub(crate) struct Server {
    handler: Arc<Handler>,
    /// hyper-util's `http1_only` does not hold for connections with upgrades, so that it takes hyper's own builder.
    http1: http1::Builder,
    either: Builder<TokioExecutor>,
    h2c_enabled: bool,
    #[cfg(feature = "http3")]
    request_headers: u32,
    clients: Clients,
    timeouts: Timeouts,
    /// Takes no new requests; those that run end.
    draining: CancellationToken,
    /// Those who let connections in.
    pub(crate) accepting: TaskTracker,
    pub(crate) tasks: TaskTracker,
    /// What clients are still to be told of connections that have ended.
    pub(crate) goodbyes: TaskTracker,
}

impl Server {
    pub(crate) fn new(
        options: &Options,
        handler: Arc<Handler>,
        draining: CancellationToken,
    ) -> Self {
        Self {
            handler,
            http1: http1(options),
            either: either(options),
            h2c_enabled: options.h2c_enabled,
            #[cfg(feature = "http3")]
            request_headers: options.limits.request_headers,
            clients: Clients::new(&options.limits),
            timeouts: options.timeouts,
            draining,
            accepting: TaskTracker::new(),
            tasks: TaskTracker::new(),
            goodbyes: TaskTracker::new(),
        }
    }

    /// Starts the workers, each of which serves what comes to any of `doors`; the first one minds the `gate` of HTTP/3
    /// for all. They take nothing more once the server drains, and end when it is `over`.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn start(
        self: &Arc<Self>,
        doors: &[Door],
        mut gate: Option<Gate>,
        service: &Service,
        over: &CancellationToken,
    ) -> io::Result<Vec<JoinHandle<()>>> {
        let (lanes, arrivals) = Lanes::new(workers::count());
        let workers = arrivals.into_iter().enumerate().map(|(index, arrivals)| {
            let doors: io::Result<Vec<Door>> = doors.iter().map(Door::again).collect();
            let (server, doors, over) = (Arc::clone(self), doors?, over.clone());
            let (lanes, beat) = (lanes.clone(), service.beat(format!("worker {index}")));
            let entrances = (doors, gate.take());
            workers::start(index, move || {
                server.work(entrances, lanes, arrivals, beat, over)
            })
        });
        workers.collect()
    }

    async fn work(
        self: Arc<Self>,
        (doors, gate): (Vec<Door>, Option<Gate>),
        lanes: Lanes,
        arrivals: Receiver<Arrival>,
        beat: Beat,
        over: CancellationToken,
    ) {
        tokio::spawn(Arc::clone(&self).take_over(arrivals));
        for door in doors {
            let accept = Arc::clone(&self).accept(door, lanes.clone());
            self.accepting.spawn(accept);
        }
        if let Some(gate) = gate {
            let accept = Arc::clone(&self).accept_quic(gate, lanes);
            self.accepting.spawn(accept);
        }
        over.run_until_cancelled(beat.keep()).await;
    }

    async fn accept(self: Arc<Self>, Door { listener, tls }: Door, lanes: Lanes) {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "could not listen"),
        };
        let draining = self.draining.clone();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = draining.cancelled() => return,
            };
            match accepted {
                Ok((stream, address)) => {
                    self.seat(&lanes, stream, address.ip().to_canonical(), tls.clone());
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Serves the connection here, or has it served by a worker that has fewer.
    fn seat(
        self: &Arc<Self>,
        lanes: &Lanes,
        stream: TcpStream,
        address: IpAddr,
        tls: Option<TlsAcceptor>,
    ) {
        let here = workers::index();
        let seat = lanes.seat(here);
        if seat.worker() == here {
            return self.admit(stream, address, tls, seat);
        }
        let stream = match stream.into_std() {
            Ok(stream) => stream,
            Err(error) => return not_there(address, &error),
        };
        self.send_over(lanes, Wire::Tcp(stream, tls), address, seat);
    }

    /// Hands a connection to the worker of its seat, or serves it here where that has no room.
    fn send_over(self: &Arc<Self>, lanes: &Lanes, wire: Wire, address: IpAddr, seat: Seat) {
        let arrival = Arrival {
            wire,
            address,
            seat,
            _on_its_way: self.tasks.token(),
        };
        if let Err(arrival) = lanes.hand_over(arrival) {
            let seat = lanes.seat_at(workers::index());
            self.welcome(Arrival { seat, ..arrival });
        }
    }

    async fn take_over(self: Arc<Self>, mut arrivals: Receiver<Arrival>) {
        while let Some(arrival) = arrivals.recv().await {
            self.welcome(arrival);
        }
    }

    fn welcome(self: &Arc<Self>, arrival: Arrival) {
        let (address, seat) = (arrival.address, arrival.seat);
        match arrival.wire {
            #[cfg(feature = "http3")]
            Wire::Quic(incoming) => self.admit_quic(incoming, address, seat),
            Wire::Tcp(stream, tls) => match TcpStream::from_std(stream) {
                Ok(stream) => self.admit(stream, address, tls, seat),
                Err(error) => not_there(address, &error),
            },
        }
    }

    fn admit(
        self: &Arc<Self>,
        stream: TcpStream,
        address: IpAddr,
        tls: Option<TlsAcceptor>,
        seat: Seat,
    ) {
        let place = match self.clients.admit(address) {
            Ok(place) => place,
            Err(full) => {
                return tracing::debug!(client.address = %address, "refused a connection: {full}");
            }
        };
        if let Err(error) = prepare(&stream, &self.timeouts) {
            return not_there(address, &error);
        }
        let server = Arc::clone(self);
        let client = Client::new(address, tls.is_some(), place, seat);
        self.tasks.spawn(async move {
            match tls {
                None => server.serve(ClientStream::Plain(stream), client).await,
                Some(tls) => server.secure(stream, client, &tls).await,
            }
        });
    }

    async fn secure(&self, stream: TcpStream, client: Client, tls: &TlsAcceptor) {
        let Some(stream) = self.in_time(tls.accept(stream), client.address).await else {
            return;
        };
        if !crate::tls::is_challenge(stream.get_ref().1) {
            self.serve(ClientStream::Tls(Box::new(stream)), client)
                .await;
        }
    }

    /// What a handshake leads to, if it is done in time.
    async fn in_time<T, E: Display>(
        &self,
        handshake: impl Future<Output = Result<T, E>>,
        address: IpAddr,
    ) -> Option<T> {
        let limit = self.timeouts.read.unwrap_or(HANDSHAKE).min(HANDSHAKE);
        let handshake = tokio::time::timeout(limit, handshake);
        let too_late = async {
            self.draining.cancelled().await;
            tokio::time::sleep(connection::FRESH).await;
        };
        let outcome = tokio::select! {
            outcome = handshake => outcome,
            // There is no request yet that a drain would have to wait for.
            () = too_late => return None,
        };
        match outcome {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => {
                tracing::debug!(client.address = %address, %error, "a TLS handshake failed");
            }
            Err(_) => {
                tracing::debug!(client.address = %address, "a TLS handshake took too long");
            }
        }
        None
    }
}

fn not_there(address: IpAddr, error: &io::Error) {
    tracing::debug!(client.address = %address, %error, "a connection was gone at once");
}

fn http1(options: &Options) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(options.limits.request_headers as usize);
    builder
}

fn either(options: &Options) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    let headers = options.limits.request_headers;
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(headers as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .enable_connect_protocol()
        .max_header_list_size(headers)
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(STREAM_ERRORS)
        .max_send_buf_size(256 << 10);
    builder
}

fn prepare(stream: &TcpStream, timeouts: &Timeouts) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(KEEP_ALIVE)
            .with_interval(KEEP_ALIVE),
    )?;
    // So that the system ends a connection, too, whose client takes nothing any more.
    socket.set_tcp_user_timeout(timeouts.write)
}
