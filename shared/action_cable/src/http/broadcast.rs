use std::fmt;

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Bytes, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use data_encoding::HEXLOWER;
use hmac::Mac as _;
use subtle::ConstantTimeEq as _;

use super::request::{self, Order};
use crate::auth::mac;
use crate::{BroadcastError, Cable};

const PATH: &str = "/_broadcast";
/// Bytes of a request's body, by default.
const MAX_SIZE: usize = 1024 * 1024;

/// `POST /_broadcast`: broadcasts of programs that do not write to the cable themselves, in AnyCable's form.
///
/// The answers are 201; 401 without the key; 413 when the body is too long; 422 when it is not understood, or the method is
/// another; 501 when not all of it could be done.
///
/// ```
/// use action_cable::Cable;
/// use action_cable::http::{BroadcastKey, Broadcasts};
///
/// let broadcasts = Broadcasts::new(Cable::in_process(), BroadcastKey::new("the key"));
/// let app = actix_web::App::new().configure(broadcasts.routes());
/// ```
#[derive(Clone, Debug)]
pub struct Broadcasts {
    cable: Cable,
    key: BroadcastKey,
    max_size: usize,
}

/// What a program shows that may broadcast: `Authorization: Bearer <key>`.
#[derive(Clone)]
pub struct BroadcastKey(String);

impl BroadcastKey {
    /// A key of one's own.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key that AnyCable's clients derive from the application's secret when they are given no other.
    pub fn derived(secret: &str) -> Self {
        let mac = mac::sha256(secret.as_bytes(), b"broadcast-cable");
        Self(HEXLOWER.encode(&mac.finalize().into_bytes()))
    }

    /// Takes the same time wherever a wrong key differs from the right one.
    fn opens(&self, request: &HttpRequest) -> bool {
        let header = request.headers().get(AUTHORIZATION);
        let shown = header.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        !self.0.is_empty() && shown.is_some_and(|shown| shown.ct_eq(self.0.as_bytes()).into())
    }
}

impl Broadcasts {
    /// Broadcasts through `cable` for everybody with the key.
    pub fn new(cable: Cable, key: BroadcastKey) -> Self {
        Self {
            cable,
            key,
            max_size: MAX_SIZE,
        }
    }

    /// How many bytes a request may have: a megabyte by default.
    #[must_use]
    pub fn max_size(mut self, bytes: usize) -> Self {
        self.max_size = bytes;
        self
    }

    /// Mounts the path; for `configure` of an actix application or scope.
    pub fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static + use<> {
        let this = self.clone();
        move |config| {
            let this = this.clone();
            let answer = move |request: HttpRequest, body: Payload| {
                let this = this.clone();
                async move { this.answer(&request, body).await }
            };
            config.service(
                web::resource(PATH)
                    .route(web::post().to(answer))
                    .default_service(web::to(HttpResponse::UnprocessableEntity)),
            );
        }
    }

    /// Nobody without the key makes the server read a body.
    async fn answer(&self, request: &HttpRequest, body: Payload) -> HttpResponse {
        if !self.key.opens(request) {
            tracing::warn!("refused a broadcast over HTTP: its key is wrong or missing");
            return HttpResponse::Unauthorized().finish();
        }
        match body.to_bytes_limited(self.max_size).await {
            Err(_) => HttpResponse::PayloadTooLarge().finish(),
            Ok(Err(error)) => unprocessable(&error),
            Ok(Ok(body)) => self.perform(&body).await,
        }
    }

    async fn perform(&self, body: &Bytes) -> HttpResponse {
        let orders = match request::read(body) {
            Ok(orders) => orders,
            Err(error) => return unprocessable(&error),
        };
        for order in orders {
            if let Err(error) = self.obey(order).await {
                tracing::error!(error = %error, "could not do what was asked over HTTP");
                // What AnyCable answers then, whose clients know it.
                return HttpResponse::NotImplemented().finish();
            }
        }
        HttpResponse::Created().finish()
    }

    async fn obey(&self, order: Order) -> Result<(), BroadcastError> {
        match order {
            Order::Broadcast { stream, payload } => {
                self.cable.broadcast_json(stream, payload).await
            }
            Order::Disconnect {
                identifier,
                reconnect,
            } => self.cable.disconnect(&identifier, reconnect).await,
        }
    }
}

fn unprocessable(error: &dyn fmt::Display) -> HttpResponse {
    tracing::warn!(error = %error, "could not read a broadcast over HTTP");
    HttpResponse::UnprocessableEntity().finish()
}

impl fmt::Debug for BroadcastKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BroadcastKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::BroadcastKey;

    #[test]
    fn the_derived_key_is_anycables() {
        let key = BroadcastKey::derived("qwerty");
        let expected = "42923a28b760e667fc92f7c6123bb07a282822b329dd2ef48e7aee7830d98485";
        assert_eq!(key.0, expected);
        assert!(!format!("{key:?}").contains("4292"));
    }
}
