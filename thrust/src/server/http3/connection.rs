use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use bytes::Bytes;
use h3::error::Code;
use h3::server::{Connection, RequestResolver};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::exchange::Exchange;
use super::gate::code;
use super::transport::{Arrivals, Stopped, Transport};
use crate::server::activity::{Activity, Overdue};
use crate::server::connection::{FRESH, GOODBYE};
use crate::server::{Client, HANDSHAKE, Server};

/// Requests that a client may leave before it has the answers, beyond those whose answers it took. Browsers leave a page
/// full of images at once; whoever does nothing else wears servers out (CVE-2023-44487).
const UNWANTED: u32 = 100;
/// How much longer than the limit for headers a frame may be, so that most of what is too long gets an answer.
const SLACK: usize = 64 << 10;
/// The most headers that h3 can keep, whose map of them has no room for more than 24,000.
const MOST_HEADERS: u32 = 512 << 10;

/// A connection whose client has shaken hands.
struct Session {
    http3: Connection<Transport, Bytes>,
    arrivals: Arrivals,
    requests: TaskTracker,
    balance: Arc<Balance>,
    client: Client,
    activity: Arc<Activity>,
}

/// Whether a client takes the answers to what it asks.
#[derive(Default)]
struct Balance {
    answered: AtomicU32,
    unwanted: AtomicU32,
    is_flood: CancellationToken,
}

impl Server {
    /// Speaks HTTP/3 on a connection until one side ends it, a limit is reached, or the server drains.
    pub(super) async fn serve_http3(&self, quic: quinn::Connection, client: Client) {
        let address = client.address;
        let Some(mut session) = self.begin(quic.clone(), client).await else {
            return quic.close(code(Code::H3_INTERNAL_ERROR), b"");
        };
        let ended = self.watch_http3(&mut session).await;
        // Before the session goes, which would close it without a reason.
        quic.close(code(ended), b"");
        if ended != Code::H3_NO_ERROR {
            tracing::debug!(client.address = %address, %ended, "a connection broke");
        }
    }

    async fn begin(&self, quic: quinn::Connection, client: Client) -> Option<Session> {
        let headers = self.request_headers.min(MOST_HEADERS);
        let arrivals = Arrivals::default();
        let transport = Transport::new(quic, headers as usize + SLACK, arrivals.clone());
        let mut builder = h3::server::builder();
        builder
            .max_field_section_size(headers.into())
            .send_grease(false);
        // The client has to let the server open its streams.
        let http3 = tokio::time::timeout(HANDSHAKE, builder.build(transport)).await;
        let activity = Activity::new();
        activity.is_multiplexed();
        Some(Session {
            http3: http3.ok()?.ok()?,
            arrivals,
            requests: TaskTracker::new(),
            balance: Arc::default(),
            client,
            activity,
        })
    }

    /// Lets a connection run to its end, and says why it ended.
    async fn watch_http3(&self, session: &mut Session) -> Code {
        let activity = Arc::clone(&session.activity);
        let is_flood = session.balance.is_flood.clone();
        let requests = session.requests.clone();
        let mut overdue = pin!(activity.overdue(&self.timeouts));
        let mut draining = pin!(async {
            self.draining.cancelled().await;
            activity.first_request(FRESH).await;
        });
        let mut is_ending = false;
        loop {
            tokio::select! {
                biased;
                () = is_flood.cancelled() => return Code::H3_EXCESSIVE_LOAD,
                accepted = session.http3.accept() => match accepted {
                    Ok(Some(request)) => self.take(session, request),
                    Ok(None) => return Code::H3_NO_ERROR,
                    Err(error) if error.is_h3_no_error() => return Code::H3_NO_ERROR,
                    Err(error) => {
                        tracing::debug!(client.address = %session.client.address, %error, "HTTP/3 broke");
                        return Code::H3_INTERNAL_ERROR;
                    }
                },
                overdue = &mut overdue, if !is_ending => {
                    tracing::debug!(client.address = %session.client.address, ?overdue, "closed a connection");
                    if overdue != Overdue::Idle || !session.say_goodbye().await {
                        return Code::H3_NO_ERROR;
                    }
                    is_ending = true;
                }
                () = &mut draining, if !is_ending => {
                    if !session.say_goodbye().await {
                        return Code::H3_NO_ERROR;
                    }
                    is_ending = true;
                }
                () = requests.wait(), if is_ending => return Code::H3_NO_ERROR,
            }
        }
    }

    fn take(&self, session: &Session, request: RequestResolver<Transport, Bytes>) {
        let Some(stopped) = session.arrivals.next() else {
            return;
        };
        let exchange = Exchange {
            handler: Arc::clone(&self.handler),
            client: session.client.clone(),
            activity: Arc::clone(&session.activity),
            timeouts: self.timeouts,
        };
        let balance = Arc::clone(&session.balance);
        session
            .requests
            .spawn(async move { balance.run(exchange, request, stopped).await });
    }
}

impl Session {
    /// Takes no more requests, and tells the client which it took; whether the client can be told.
    async fn say_goodbye(&mut self) -> bool {
        self.arrivals.refuse();
        self.requests.close();
        // h3 says the last that it would take, where HTTP/3 has the first that it would not.
        let told = tokio::time::timeout(GOODBYE, self.http3.shutdown(1)).await;
        told.is_ok_and(|told| told.is_ok())
    }
}

impl Balance {
    async fn run(
        &self,
        exchange: Exchange,
        request: RequestResolver<Transport, Bytes>,
        stopped: Stopped,
    ) {
        let address = exchange.client.address;
        match exchange.run(request, stopped).await {
            Ok(()) => {
                self.answered.fetch_add(1, Relaxed);
            }
            Err(error) => {
                tracing::debug!(client.address = %address, %error, "an answer did not come to its end");
                let unwanted = self.unwanted.fetch_add(1, Relaxed) + 1;
                let answered = self.answered.load(Relaxed);
                if unwanted.saturating_sub(answered) > UNWANTED {
                    self.is_flood.cancel();
                }
            }
        }
    }
}
