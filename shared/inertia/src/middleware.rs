use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

use crate::{Layout, headers, request};

/// The rules of the protocol that hold for every route: a client with stale assets is told to load the whole page,
/// redirects after a write become 303, and answers vary by `X-Inertia`. For [`actix_web::middleware::from_fn`].
///
/// # Errors
/// Those of the routes.
pub async fn protocol<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<impl MessageBody + use<B>>, Error> {
    let is_inertia = request::is_inertia(request.headers());
    if is_inertia && is_stale(&request) {
        let location = request
            .uri()
            .path_and_query()
            .map_or("/", |target| target.as_str());
        // A client that sees the new version decides by itself when to load a page that nobody asked for.
        let conflict = HttpResponse::Conflict()
            .insert_header((headers::LOCATION, location))
            .insert_header((headers::VERSION, current_version(&request)))
            .finish();
        return Ok(vary(request.into_response(conflict).map_into_right_body()));
    }
    let method = request.method().clone();
    let mut response = next.call(request).await?;
    if is_inertia {
        see_other(&method, &mut response);
    }
    Ok(vary(response.map_into_left_body()))
}

/// Only reads are sent back: a write is done first, and the page after its redirect is the one that is stale.
fn is_stale(request: &ServiceRequest) -> bool {
    request.method() == Method::GET
        && request::version(request.headers()) != current_version(request)
}

fn current_version(request: &ServiceRequest) -> &str {
    request.app_data::<Layout>().map_or("", Layout::version)
}

/// A browser repeats PUT, PATCH and DELETE at the new address unless the status is 303.
fn see_other<B>(method: &Method, response: &mut ServiceResponse<B>) {
    let write = [Method::PUT, Method::PATCH, Method::DELETE].contains(method);
    let redirect = [StatusCode::MOVED_PERMANENTLY, StatusCode::FOUND].contains(&response.status());
    if write && redirect {
        *response.response_mut().status_mut() = StatusCode::SEE_OTHER;
    }
}

fn vary<B>(mut response: ServiceResponse<B>) -> ServiceResponse<B> {
    let name = HeaderName::from_static(headers::INERTIA);
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from(name));
    response
}
