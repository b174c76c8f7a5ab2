use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

use crate::visit::{is_inertia, version};
use crate::{Config, headers, origin};

/// The rules of the protocol that hold for every route. For [`actix_web::middleware::from_fn`].
///
/// - A client with stale assets is told to load the whole page (409).
/// - A redirect of a PUT, PATCH or DELETE becomes 303, or the browser would repeat it at the new address.
/// - A redirect to another site, which the client could not follow, becomes a location (409), and one with a fragment,
///   which it would lose, a visit (409).
/// - Answers vary by `X-Inertia`.
///
/// # Errors
/// Those of the routes.
pub async fn protocol<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<impl MessageBody + use<B>>, Error> {
    let is_inertia = is_inertia(request.headers());
    if is_inertia && is_stale(&request) {
        let conflict = reload(&request);
        return Ok(vary(request.into_response(conflict).map_into_right_body()));
    }
    let method = request.method().clone();
    let response = next.call(request).await?;
    if !is_inertia {
        return Ok(vary(response.map_into_left_body()));
    }
    let response = match redirect_of(&response) {
        Some((name, target)) => {
            let conflict = conflict(&response, name, target);
            response.into_response(conflict).map_into_right_body()
        }
        None => see_other(&method, response).map_into_left_body(),
    };
    Ok(vary(response))
}

/// Only reads are sent back: a write is done first, and the page after its redirect is the one that is stale.
fn is_stale(request: &ServiceRequest) -> bool {
    request.method() == Method::GET && version(request.headers()) != current_version(request)
}

fn current_version(request: &ServiceRequest) -> &str {
    Config::of(request).map_or("", Config::version)
}

fn reload(request: &ServiceRequest) -> HttpResponse {
    let target = request.uri().path_and_query();
    HttpResponse::Conflict()
        .insert_header((
            headers::LOCATION,
            target.map_or("/", |target| target.as_str()),
        ))
        // A client that sees the new version decides by itself when to load a page that nobody asked for.
        .insert_header((headers::VERSION, current_version(request)))
        .finish()
}

/// The header and the target of a redirect that the client cannot follow by itself.
fn redirect_of<B>(response: &ServiceResponse<B>) -> Option<(&'static str, HeaderValue)> {
    let redirects = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
    ];
    if !redirects.contains(&response.status()) {
        return None;
    }
    let target = response.headers().get(header::LOCATION)?;
    let text = target.to_str().ok()?;
    if origin::is_foreign(response.request(), text) {
        return Some((headers::LOCATION, target.clone()));
    }
    text.contains('#')
        .then(|| (headers::REDIRECT, target.clone()))
}

/// Cookies and the like stay.
fn conflict<B>(
    response: &ServiceResponse<B>,
    name: &'static str,
    target: HeaderValue,
) -> HttpResponse {
    let body = [
        header::LOCATION,
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
    ];
    let mut conflict = HttpResponse::Conflict();
    for (other, value) in response.headers() {
        if !body.contains(other) {
            conflict.append_header((other.clone(), value.clone()));
        }
    }
    conflict.insert_header((name, target)).finish()
}

fn see_other<B>(method: &Method, mut response: ServiceResponse<B>) -> ServiceResponse<B> {
    let write = [Method::PUT, Method::PATCH, Method::DELETE].contains(method);
    let redirect = [StatusCode::MOVED_PERMANENTLY, StatusCode::FOUND].contains(&response.status());
    if write && redirect {
        *response.response_mut().status_mut() = StatusCode::SEE_OTHER;
    }
    response
}

fn vary<B>(mut response: ServiceResponse<B>) -> ServiceResponse<B> {
    let name = HeaderName::from_static(headers::INERTIA);
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from(name));
    response
}
