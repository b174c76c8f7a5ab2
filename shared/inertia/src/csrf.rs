//! Protection against requests that other sites make a browser send.
//!
//! A write needs the token that the cookie `XSRF-TOKEN` holds, in the header `X-XSRF-TOKEN`, as Inertia's client sends
//! it, or a [`token`] in the field `authenticity_token` of a plain form. Tokens are bound to the session by a keyed hash.
//! Browsers also say where a request comes from, and a foreign origin is refused whatever its token.
//!
//! ```
//! use actix_web::{App, middleware::from_fn};
//! use inertia::csrf::Csrf;
//!
//! let csrf = Csrf::new(b"a secret of the application");
//! let app = App::new().app_data(csrf).wrap(from_fn(inertia::csrf::protect));
//! // ... and around it the session's middleware
//! ```

use actix_session::{Session, SessionExt as _};
use actix_web::body::MessageBody;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, ResponseError};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::forms::FormToken;
use crate::visit::text;

const COOKIE: &str = "XSRF-TOKEN";
const HEADER: &str = "x-xsrf-token";
const SESSION_KEY: &str = "_csrf_token";
const TOKEN_BYTES: usize = 32;

/// The key of the tokens, and whether their cookie may travel over HTTP. Belongs into the application's data.
#[derive(Clone)]
pub struct Csrf {
    key: Vec<u8>,
    secure: bool,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAuthenticityToken {
    /// A page of another site made the browser send it.
    #[error("The request comes from another site: from `{origin}`, to `{host}`.")]
    Foreign {
        /// The header `Origin`, or what `Sec-Fetch-Site` says where there is none.
        origin: String,
        /// The header `Host`.
        host: String,
    },
    /// It has no token.
    #[error(
        "The request has neither an X-XSRF-TOKEN header nor a field authenticity_token. Reload the page and try again."
    )]
    Missing,
    /// Its token is not that of the session.
    #[error("This page has expired. Reload it and try again.")]
    Expired,
}

impl ResponseError for InvalidAuthenticityToken {
    fn status_code(&self) -> StatusCode {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

impl Csrf {
    /// Tokens are made with `secret`, which every process of the application shares.
    pub fn new(secret: &[u8]) -> Self {
        Self {
            key: [b"csrf token ", secret].concat(),
            secure: false,
        }
    }

    /// Whether browsers send the cookie over HTTPS alone.
    #[must_use]
    pub fn secure(self, secure: bool) -> Self {
        Self { secure, ..self }
    }

    fn token(&self, seed: &str) -> [u8; TOKEN_BYTES] {
        // A key of any length will do.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return [0; TOKEN_BYTES];
        };
        mac.update(seed.as_bytes());
        mac.finalize().into_bytes().into()
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
///
/// # Errors
/// Those of the routes. A refused request has [`InvalidAuthenticityToken`] as its response's error.
pub async fn protect<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<impl MessageBody + use<B>>, Error> {
    let Some(csrf) = request.app_data::<Csrf>().cloned() else {
        return Err(actix_web::error::ErrorInternalServerError(
            "the application's data has no `inertia::csrf::Csrf`: add one with `App::app_data`",
        ));
    };
    let session = request.get_session();
    let token = seed(&session).map(|seed| csrf.token(&seed));
    if !is_safe(request.method())
        && let Err(refused) = verify(&request, token.as_ref())
    {
        return Ok(request.error_response(refused).map_into_right_body());
    }
    let cookie = request.cookie(COOKIE);
    let mut response = next.call(request).await?;
    // A page with a plain form has begun the session meanwhile.
    if wants_cookie(&response) {
        let token = match seed(&session) {
            Some(seed) => csrf.token(&seed),
            None => csrf.token(&begin(&session)?),
        };
        let token = HEXLOWER.encode(&token);
        if cookie.is_none_or(|cookie| cookie.value() != token) {
            response.response_mut().add_cookie(&csrf.cookie(token))?;
        }
    }
    Ok(response.map_into_left_body())
}

/// The token for the field `authenticity_token` of a plain form. It looks different each time, so that it cannot be
/// guessed from the length of compressed pages (BREACH). Empty where the application's data has no [`Csrf`].
pub fn token(request: &HttpRequest) -> String {
    let session = request.get_session();
    let seed = seed(&session).map_or_else(|| begin(&session), Ok);
    let (Some(csrf), Ok(seed)) = (request.app_data::<Csrf>(), seed) else {
        return String::new();
    };
    let mask: [u8; TOKEN_BYTES] = rand::rng().random();
    HEXLOWER.encode(&[mask, xor(csrf.token(&seed), mask)].concat())
}

/// What the session's tokens are made of: a secret that no other session has, so a name for it, too. None before the
/// first page.
pub fn seed(session: &Session) -> Option<String> {
    session.get(SESSION_KEY).ok().flatten()
}

fn begin(session: &Session) -> Result<String, Error> {
    let seed: [u8; 16] = rand::rng().random();
    let seed = HEXLOWER.encode(&seed);
    session.insert(SESSION_KEY, &seed)?;
    Ok(seed)
}

fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Marks a request that is answered with a page, or told that the browser has it.
pub(crate) struct ForPage;

/// Only pages carry the cookie, so that assets stay cacheable. One that the browser has already may have lost it.
fn wants_cookie<B>(response: &ServiceResponse<B>) -> bool {
    let html = text(response.headers(), header::CONTENT_TYPE.as_str())
        .is_some_and(|value| value.starts_with("text/html"));
    let is_page = html || response.request().extensions().contains::<ForPage>();
    let (status, kept) = (response.status(), StatusCode::NOT_MODIFIED);
    is_page && (status.is_success() || status == kept)
}

fn verify(
    request: &ServiceRequest,
    token: Option<&[u8; TOKEN_BYTES]>,
) -> Result<(), InvalidAuthenticityToken> {
    refuse_foreign(request.headers())?;
    let form = request.extensions().get::<FormToken>().cloned();
    let given = text(request.headers(), HEADER)
        .map(str::to_owned)
        .or(form.map(|FormToken(token)| token))
        .ok_or(InvalidAuthenticityToken::Missing)?;
    if token.is_none() {
        tracing::debug!(
            "a token came without its session: is the session's middleware around `csrf::protect`, \
             and does the browser send its cookie back?"
        );
    }
    match (token, unmasked(&given)) {
        (Some(token), Some(given)) if token.ct_eq(&given).into() => Ok(()),
        _ => Err(InvalidAuthenticityToken::Expired),
    }
}

/// The token of the cookie is bare, that of a form is masked.
fn unmasked(given: &str) -> Option<[u8; TOKEN_BYTES]> {
    let bytes = HEXLOWER.decode(given.as_bytes()).ok()?;
    match bytes.split_first_chunk::<TOKEN_BYTES>()? {
        (token, []) => Some(*token),
        (mask, masked) => Some(xor(masked.try_into().ok()?, *mask)),
    }
}

fn xor(mut bytes: [u8; TOKEN_BYTES], mask: [u8; TOKEN_BYTES]) -> [u8; TOKEN_BYTES] {
    for (byte, mask) in bytes.iter_mut().zip(mask) {
        *byte ^= mask;
    }
    bytes
}

fn refuse_foreign(headers: &HeaderMap) -> Result<(), InvalidAuthenticityToken> {
    let host = text(headers, "host").unwrap_or_default();
    let origin = text(headers, "origin");
    let is_ours = |origin: &str| {
        origin
            .split_once("://")
            .is_some_and(|(_, from)| from == host)
    };
    let site = text(headers, "sec-fetch-site").filter(|site| *site == "cross-site");
    if site.is_none() && origin.is_none_or(is_ours) {
        return Ok(());
    }
    Err(InvalidAuthenticityToken::Foreign {
        origin: origin.or(site).unwrap_or_default().to_owned(),
        host: host.to_owned(),
    })
}
