//! Protection against requests that other sites make a browser send.
//!
//! A write needs the token that the page's cookie `XSRF-TOKEN` holds, in the header `X-XSRF-TOKEN`, as Inertia's client
//! sends it. The token is bound to the session by a keyed hash. Browsers also say where a request comes from, and a
//! foreign origin is refused whatever its token.

use actix_session::{Session, SessionExt as _};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::errors::AppError;

const COOKIE: &str = "XSRF-TOKEN";
const HEADER: &str = "x-xsrf-token";
const SESSION_KEY: &str = "_csrf_token";

/// The key of the tokens, and whether their cookie may travel over HTTP.
#[derive(Clone)]
pub(crate) struct Csrf {
    key: Vec<u8>,
    secure: bool,
}

impl Csrf {
    pub(crate) fn new(secret: &settings::SecretKeyBase, secure: bool) -> Self {
        Self {
            key: format!("csrf token {}", secret.expose()).into_bytes(),
            secure,
        }
    }

    fn token(&self, seed: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return String::new();
        };
        mac.update(seed.as_bytes());
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }

    fn cookie(&self, token: String) -> Cookie<'static> {
        Cookie::build(COOKIE, token)
            .path("/")
            .same_site(SameSite::Lax)
            .secure(self.secure)
            .finish()
    }
}

/// Refuses writes without a valid token, and gives the browser a token where it has none. For
/// [`actix_web::middleware::from_fn`], inside of the session's middleware.
pub(crate) async fn protect_from_forgery(
    csrf: Data<Csrf>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let session = request.get_session();
    let token = session
        .get::<String>(SESSION_KEY)
        .ok()
        .flatten()
        .map(|seed| csrf.token(&seed));
    if !is_safe(request.method())
        && let Err(refused) = verify(request.headers(), token.as_deref())
    {
        return Ok(request.error_response(refused).map_into_right_body());
    }
    let has_cookie = token.is_some()
        && request
            .cookie(COOKIE)
            .map(|cookie| cookie.value().to_owned())
            == token;
    let mut response = next.call(request).await?;
    if !has_cookie && response.status().is_success() && is_page(&response) {
        let token = token.map_or_else(|| start(&csrf, &session), Ok)?;
        response.response_mut().add_cookie(&csrf.cookie(token))?;
    }
    Ok(response.map_into_left_body())
}

fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Only pages carry the cookie, so that assets stay cacheable.
fn is_page<B>(response: &ServiceResponse<B>) -> bool {
    let content_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let html = content_type.is_some_and(|value| value.starts_with("text/html"));
    response.headers().contains_key(inertia::headers::INERTIA)
        || html && response.request().path() != "/up"
}

fn verify(headers: &HeaderMap, token: Option<&str>) -> Result<(), AppError> {
    let refuse = |reason| Err(AppError::InvalidAuthenticityToken { reason });
    if is_foreign(headers) {
        return refuse("The request comes from another site.");
    }
    let given = headers.get(HEADER).map(HeaderValue::as_bytes);
    match (token, given) {
        (_, None) => {
            refuse("The request has no X-XSRF-TOKEN header. Reload the page and try again.")
        }
        (Some(token), Some(given)) if token.as_bytes().ct_eq(given).into() => Ok(()),
        _ => refuse("This page has expired. Reload it and try again."),
    }
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let cross_site = text("sec-fetch-site").is_some_and(|site| site == "cross-site");
    let host = text("host").unwrap_or_default();
    let foreign = text("origin").is_some_and(|origin| {
        origin
            .split_once("://")
            .is_none_or(|(_, from)| from != host)
    });
    cross_site || foreign
}

fn start(csrf: &Csrf, session: &Session) -> Result<String, Error> {
    let seed: [u8; 16] = rand::rng().random();
    let seed = HEXLOWER.encode(&seed);
    let token = csrf.token(&seed);
    session.insert(SESSION_KEY, seed)?;
    Ok(token)
}
