use data_encoding::BASE64;
use http::header::{
    CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;

use crate::body::{Body, Incoming};
use crate::handler::Tunnels;
use crate::server::{Client, InFlight};
use crate::tunnel::tunnel;
use crate::upstream::{Switch, Upstream, UpstreamError, strip_hop_by_hop, upgrades_to_websocket};

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// A request to switch to WebSocket, the only protocol that is passed through.
pub(crate) struct Upgrade {
    client_side: OnUpgrade,
    /// By HTTP/2, where it is an extended CONNECT (RFC 8441).
    is_extended: bool,
}

/// Whether a request asks to switch to WebSocket. One of HTTP/2 becomes what it would be in HTTP/1.1.
pub(crate) fn asked_for<B: Incoming>(request: &mut Request<B>) -> Option<Upgrade> {
    let extended = request.extensions_mut().remove::<Protocol>();
    // All else is free to be declined. `h2c` would be a way past all that is checked here.
    let is_meant = extended.is_some()
        || (request.body().is_end_stream() && upgrades_to_websocket(request.headers()));
    if !is_meant {
        return None;
    }
    if extended.is_some() {
        *request.method_mut() = Method::GET;
        let headers = request.headers_mut();
        let key = BASE64.encode(&rand::random::<[u8; 16]>());
        headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_str(&key).ok()?);
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    Some(Upgrade {
        client_side: hyper::upgrade::on(request),
        is_extended: extended.is_some(),
    })
}

impl Upgrade {
    /// Asks the server to switch. Where it does, a tunnel is opened; where not, its answer is passed on.
    pub(crate) async fn switch<B>(
        self,
        request: Request<B>,
        upstream: &Upstream,
        (client, in_flight): (&Client, &InFlight),
        tunnels: &Tunnels,
    ) -> Result<Response<Body>, UpstreamError> {
        let request = Self::for_server(request);
        match upstream.switch(request).await? {
            Switch::Refused(mut answer) => {
                strip_hop_by_hop(answer.headers_mut());
                Ok(answer)
            }
            Switch::Done(response, switched) => {
                let cut = tunnels.cut.clone();
                let in_flight = in_flight.clone();
                let tunnel = tunnel(client.clone(), self.client_side, switched, cut);
                tunnels.tasks.spawn(async move {
                    tunnel.await;
                    // By HTTP/2 the connection goes on meanwhile, and is not idle.
                    drop(in_flight);
                });
                Ok(for_client(response, self.is_extended))
            }
        }
    }

    fn for_server<B>(request: Request<B>) -> Request<Body> {
        let mut request = request.map(|_| Body::empty());
        *request.version_mut() = Version::HTTP_11;
        let headers = request.headers_mut();
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, WEBSOCKET);
        request
    }
}

fn for_client(response: Response<()>, is_extended: bool) -> Response<Body> {
    let mut response = response.map(|()| Body::empty());
    let headers = response.headers_mut();
    strip_hop_by_hop(headers);
    headers.remove(CONTENT_LENGTH);
    if is_extended {
        headers.remove(SEC_WEBSOCKET_ACCEPT);
        *response.status_mut() = StatusCode::OK;
    } else {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, WEBSOCKET);
    }
    response
}
