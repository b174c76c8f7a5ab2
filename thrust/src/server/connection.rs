use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::activity::{Activity, Overdue};
use super::{Client, ClientIo, ClientStream, Server};

/// How long an idle client has to take the word that its connection ends.
const GOODBYE: Duration = Duration::from_secs(1);

impl Server {
    /// Speaks HTTP on a connection until one side ends it, a limit is reached, or the server drains.
    pub(super) async fn serve(&self, stream: ClientStream, client: Client) {
        let builder = match &stream {
            ClientStream::Plain(_) => &self.plain,
            ClientStream::Tls(tls) if tls.get_ref().1.alpn_protocol() == Some(b"h2") => &self.http2,
            ClientStream::Tls(_) => &self.http1,
        };
        let activity = Activity::new();
        let io = TokioIo::new(ClientIo::new(stream, Arc::clone(&activity)));
        let address = client.address;
        let service = service_fn(|request| {
            let in_flight = activity.begin();
            let answer = Arc::clone(&self.handler).handle(request, client.clone(), in_flight);
            // Beside the connection, which is small as long as it is idle.
            let answer = Box::pin(answer);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let mut connection = pin!(builder.serve_connection_with_upgrades(io, service));
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => Some(ended),
            overdue = activity.overdue(&self.timeouts) => {
                tracing::debug!(client.address = %address, ?overdue, "closed a connection");
                if overdue != Overdue::Idle {
                    return;
                }
                connection.as_mut().graceful_shutdown();
                tokio::time::timeout(GOODBYE, connection.as_mut()).await.ok()
            }
            () = self.draining.cancelled() => {
                connection.as_mut().graceful_shutdown();
                Some(connection.as_mut().await)
            }
        };
        if let Some(Err(error)) = ended {
            tracing::debug!(client.address = %address, error = &*error, "a connection broke");
        }
    }
}
