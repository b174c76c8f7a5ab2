//! A server with test channels, and a client that sees raw frames.

mod channels;
mod client;

use std::net::SocketAddr;

use action_cable::{Cable, Config, Server, Stream};
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer};
use serde_json::Value;
use tokio::time::{Duration, timeout};

use channels::{ClockChannel, EagerChannel, LongChannel, PickyChannel, RoomChannel, SlowChannel};
pub(crate) use channels::{Log, Visitor};
pub(crate) use client::{Client, confirmation};

/// A server on a port of its own.
pub(crate) struct Harness {
    pub(crate) address: SocketAddr,
    pub(crate) cable: Cable,
    pub(crate) server: Server<Log, Visitor>,
    pub(crate) log: Log,
    pub(crate) http: ServerHandle,
}

/// Without pings, which would stand between the frames that a test looks at.
pub(crate) fn quiet() -> Config {
    Config {
        ping_interval: Duration::from_hours(1),
        ..Config::default()
    }
}

impl Harness {
    pub(crate) fn start() -> Self {
        Self::with(quiet())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self::over(Cable::in_process(), config)
    }

    pub(crate) fn over(cable: Cable, config: Config) -> Self {
        let log = Log::default();
        let server = Server::builder(log.clone(), cable.clone())
            .channel::<RoomChannel>()
            .channel::<EagerChannel>()
            .channel::<LongChannel>()
            .channel::<PickyChannel>()
            .channel::<SlowChannel>()
            .channel::<ClockChannel>()
            .config(config)
            .build();
        let routes = server.routes();
        let http = HttpServer::new(move || App::new().configure(routes.clone()))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
        let address = http.addrs()[0];
        let running = http.run();
        let handle = running.handle();
        tokio::spawn(running);
        Self {
            address,
            cable,
            server,
            log,
            http: handle,
        }
    }

    /// A welcomed client.
    pub(crate) async fn client(&self) -> Client {
        let mut client = Client::connect(self.address).await;
        client.expect(r#"{"type":"welcome"}"#).await;
        client
    }

    /// A client of `actioncable-v1-ext-json`, and what its welcome says.
    pub(crate) async fn extended(&self, path: &str) -> (Client, Value) {
        let mut client = Client::connect_with(
            self.address,
            path,
            &[
                ("Origin", &format!("http://{}", self.address)),
                ("Sec-WebSocket-Protocol", "actioncable-v1-ext-json"),
            ],
        )
        .await
        .unwrap();
        let welcome = serde_json::from_str(&client.next().await).unwrap();
        (client, welcome)
    }

    pub(crate) async fn broadcast(&self, stream: &str, message: &Value) {
        let stream = Stream::<Value>::new(stream);
        self.cable.broadcast(stream, message).await.unwrap();
    }
}

/// Fails when something takes longer than any working test does.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(test_support::PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
