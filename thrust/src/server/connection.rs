use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1::UpgradeableConnection as Http1Connection;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::UpgradeableConnection as EitherConnection;

use super::activity::{Activity, Overdue};
use super::{Client, ClientIo, ClientStream, Server};

/// How long a client may take, from its connection to its first request, when the server ends meanwhile.
pub(super) const FRESH: Duration = Duration::from_secs(1);
/// How long an idle client has to take the word that its connection ends.
pub(super) const GOODBYE: Duration = Duration::from_secs(1);

impl Server {
    /// Speaks HTTP on a connection until one side ends it, a limit is reached, or the server drains.
    pub(super) async fn serve(&self, stream: ClientStream, client: Client) {
        let may_be_http2 = match &stream {
            ClientStream::Plain(_) => self.h2c_enabled,
            ClientStream::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
        };
        let activity = Activity::new();
        if may_be_http2 && matches!(stream, ClientStream::Tls(_)) {
            activity.is_multiplexed();
        }
        let io = TokioIo::new(ClientIo::new(stream, Arc::clone(&activity)));
        let address = client.address;
        let service = service_fn(|request: Request<Incoming>| {
            if request.version() == Version::HTTP_2 {
                activity.is_multiplexed();
            }
            let in_flight = activity.begin();
            let answer = Arc::clone(&self.handler).handle(request, client.clone(), in_flight);
            // Beside the connection, which is small as long as it is idle.
            let answer = Box::pin(answer);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let ended = if may_be_http2 {
            let connection = self.either.serve_connection_with_upgrades(io, service);
            self.watch(
                connection,
                EitherConnection::graceful_shutdown,
                &activity,
                address,
            )
            .await
        } else {
            let connection = self.http1.serve_connection(io, service).with_upgrades();
            self.watch(
                connection,
                Http1Connection::graceful_shutdown,
                &activity,
                address,
            )
            .await
            .map_err(Into::into)
        };
        if let Err(error) = ended {
            tracing::debug!(client.address = %address, error = &*error, "a connection broke");
        }
    }

    /// Lets a connection run to its end, which `end` asks for in good order.
    async fn watch<C, E>(
        &self,
        connection: C,
        end: impl Fn(Pin<&mut C>),
        activity: &Activity,
        address: IpAddr,
    ) -> Result<(), E>
    where
        C: Future<Output = Result<(), E>>,
    {
        let mut connection = pin!(connection);
        tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            overdue = activity.overdue(&self.timeouts) => {
                tracing::debug!(client.address = %address, ?overdue, "closed a connection");
                if overdue != Overdue::Idle {
                    return Ok(());
                }
                end(connection.as_mut());
                tokio::time::timeout(GOODBYE, connection).await.unwrap_or(Ok(()))
            }
            () = self.draining.cancelled() => {
                // Who was let in just now has asked already, or is about to: nobody else would answer.
                tokio::select! {
                    biased;
                    ended = connection.as_mut() => return ended,
                    () = activity.first_request(FRESH) => {}
                }
                end(connection.as_mut());
                connection.await
            }
        }
    }
}
