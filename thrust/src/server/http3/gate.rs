use std::io;
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{
    Endpoint, EndpointConfig, IdleTimeout, ServerConfig, TokioRuntime, TransportConfig, VarInt,
};
use telemetry::Failure;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::super::lanes::{Lanes, Seat, Wire};
use super::super::{Client, STREAMS, Server, workers};

/// Streams of a client's that are no requests: three that HTTP/3 has, and some that mean nothing and are there to be ignored.
const OTHER_STREAMS: u32 = 8;
/// Bytes on their way in each direction, of a stream and of a connection.
const WINDOW: u32 = 1 << 20;
/// When a client is gone of which nothing is heard. It is asked before that whether it is there.
const SILENCE: Duration = Duration::from_secs(30);
const ASK: Duration = Duration::from_secs(10);
/// Handshakes that may run before clients have to prove that they are where they say.
const TRUSTED_HANDSHAKES: usize = 64;
/// Connections that wait to be accepted, and the bytes that came with them.
const WAITING: usize = 1024;
const WAITING_BYTES: u64 = 64 << 10;
const ALL_WAITING_BYTES: u64 = 16 << 20;

/// Where HTTP/3 comes in: one socket, whose datagrams the first worker sorts for all.
pub(crate) struct Gate {
    socket: UdpSocket,
    config: ServerConfig,
}

/// A client that knocks. Nobody has proven yet that it is where it says.
pub(in super::super) struct Incoming {
    quic: Box<quinn::Incoming>,
    /// It is counted as one that shakes hands as long as this is there.
    handshake: TaskTrackerToken,
}

impl Gate {
    /// Takes what comes to `socket`, with the certificates of `tls`.
    ///
    /// # Errors
    /// When TLS is not such that QUIC could use it.
    pub(crate) fn new(socket: UdpSocket, tls: &rustls::ServerConfig) -> Result<Self, Failure> {
        let mut tls = tls.clone();
        tls.alpn_protocols = vec![b"h3".to_vec()];
        // What comes before the end of a handshake could be somebody's recording of it.
        tls.max_early_data_size = 0;
        let crypto = QuicServerConfig::try_from(tls)
            .map_err(|error| Failure::new(format!("QUIC cannot use these settings: {error}")))?;
        let mut config = ServerConfig::with_crypto(Arc::new(crypto));
        config
            .transport_config(Arc::new(transport()))
            // A client has one address, in limits and logs. Whoever changes it connects again.
            .migration(false)
            .max_incoming(WAITING)
            .incoming_buffer_size(WAITING_BYTES)
            .incoming_buffer_size_total(ALL_WAITING_BYTES);
        Ok(Self { socket, config })
    }

    fn open(self) -> io::Result<Endpoint> {
        let (config, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
        Endpoint::new(config, Some(self.config), self.socket, runtime)
    }
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(STREAMS.into())
        .max_concurrent_uni_streams(OTHER_STREAMS.into())
        .stream_receive_window(WINDOW.into())
        .receive_window(WINDOW.into())
        .send_window(WINDOW.into())
        .datagram_receive_buffer_size(None)
        .keep_alive_interval(Some(ASK))
        .max_idle_timeout(IdleTimeout::try_from(SILENCE).ok());
    transport
}

impl Server {
    /// Takes clients in until the server drains. Each is served by the worker with the fewest connections, though its
    /// datagrams come by this one.
    pub(in super::super) async fn accept_quic(self: Arc<Self>, gate: Gate, lanes: Lanes) {
        let endpoint = match gate.open() {
            Ok(endpoint) => endpoint,
            Err(error) => return tracing::error!(%error, "could not listen for HTTP/3"),
        };
        let handshakes = TaskTracker::new();
        while let Some(Some(quic)) = self.draining.run_until_cancelled(endpoint.accept()).await {
            if self.has_to_prove(&quic, handshakes.len()) {
                // Nothing is kept of it: the answer to this is the next that is heard of the client.
                let _ = quic.retry();
                continue;
            }
            let (quic, handshake) = (Box::new(quic), handshakes.token());
            self.seat_quic(&lanes, Incoming { quic, handshake });
        }
        endpoint.set_server_config(None);
        // As long as there are connections, their datagrams come by it.
        self.goodbyes
            .spawn(async move { endpoint.wait_idle().await });
    }

    /// Whether a client has to prove its address first, which takes it one more round trip. With a false one it could have
    /// all the places, or those of somebody else.
    fn has_to_prove(&self, quic: &quinn::Incoming, handshakes: usize) -> bool {
        let is_crowded = handshakes >= TRUSTED_HANDSHAKES || self.clients.are_told_apart();
        is_crowded && !quic.remote_address_validated() && quic.may_retry()
    }

    fn seat_quic(self: &Arc<Self>, lanes: &Lanes, incoming: Incoming) {
        let address = incoming.quic.remote_address().ip().to_canonical();
        let here = workers::index();
        let seat = lanes.seat(here);
        if seat.worker() == here {
            return self.admit_quic(incoming, address, seat);
        }
        self.send_over(lanes, Wire::Quic(incoming), address, seat);
    }

    pub(in super::super) fn admit_quic(
        self: &Arc<Self>,
        incoming: Incoming,
        address: IpAddr,
        seat: Seat,
    ) {
        let place = match self.clients.admit(address) {
            Ok(place) => place,
            Err(full) => {
                tracing::debug!(client.address = %address, "refused a connection: {full}");
                return incoming.quic.refuse();
            }
        };
        let server = Arc::clone(self);
        let client = Client::new(address, true, place, seat);
        self.tasks
            .spawn(async move { server.secure_quic(incoming, client).await });
    }

    async fn secure_quic(&self, incoming: Incoming, client: Client) {
        let Incoming { quic, handshake } = incoming;
        let shaken = async { quic.accept()?.await };
        let Some(connection) = self.in_time(shaken, client.address).await else {
            return;
        };
        drop(handshake);
        self.serve_http3(connection, client).await;
    }
}

/// A code of HTTP/3 as QUIC has it.
pub(super) fn code(code: h3::error::Code) -> VarInt {
    VarInt::from_u64(code.value()).unwrap_or_default()
}
