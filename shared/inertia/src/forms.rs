//! Plain forms, of pages without JavaScript: what HTML cannot say by itself stands in their fields.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::rt::time::timeout;
use actix_web::web::{Bytes, Query};
use actix_web::{Error, HttpMessage as _, ResponseError};

use crate::visit::text;

/// How long the body of a form may take to arrive.
const TIME: Duration = Duration::from_secs(5);

/// The field `authenticity_token` of the form.
#[derive(Clone)]
pub(crate) struct FormToken(pub(crate) String);

/// The form did not arrive in time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the form did not arrive within {} s", TIME.as_secs())]
struct TooSlow;

impl ResponseError for TooSlow {
    fn status_code(&self) -> StatusCode {
        StatusCode::REQUEST_TIMEOUT
    }
}

/// Reads what a form sends (`application/x-www-form-urlencoded`, by POST) before it is routed: the field `_method`
/// stands for the method that HTML cannot use (PUT, PATCH, DELETE; as Rack's `MethodOverride`), and
/// `authenticity_token` for the header of [`crate::csrf`]. For [`actix_web::middleware::from_fn`], around
/// [`crate::csrf::protect`]. [`actix_web::web::PayloadConfig`] in the application's data limits the size.
///
/// # Errors
/// Those of the routes.
pub async fn forms<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<impl MessageBody + use<B>>, Error> {
    if is_form(&request) {
        let body = match timeout(TIME, request.extract::<Bytes>()).await {
            Ok(Ok(body)) => body,
            Ok(Err(error)) => return Ok(request.error_response(error).map_into_right_body()),
            Err(_) => return Ok(request.error_response(TooSlow).map_into_right_body()),
        };
        read(&mut request, &body);
        request.set_payload(Payload::from(body));
    }
    Ok(next.call(request).await?.map_into_left_body())
}

fn is_form(request: &ServiceRequest) -> bool {
    let form = "application/x-www-form-urlencoded";
    let content_type = text(request.headers(), CONTENT_TYPE.as_str()).unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    request.method() == Method::POST && kind.eq_ignore_ascii_case(form)
}

/// A body that is no form is for the route to refuse.
fn read(request: &mut ServiceRequest, body: &[u8]) {
    let Some(Query(fields)) = std::str::from_utf8(body)
        .ok()
        .and_then(|body| Query::<Vec<(String, String)>>::from_query(body).ok())
    else {
        return;
    };
    for (name, value) in fields {
        match name.as_str() {
            "_method" => {
                if let Some(method) = overriding(&value) {
                    request.head_mut().method = method;
                }
            }
            "authenticity_token" => {
                request.extensions_mut().insert(FormToken(value));
            }
            _ => {}
        }
    }
}

fn overriding(name: &str) -> Option<Method> {
    let method = Method::from_bytes(name.to_ascii_uppercase().as_bytes()).ok()?;
    [Method::PUT, Method::PATCH, Method::DELETE]
        .contains(&method)
        .then_some(method)
}
