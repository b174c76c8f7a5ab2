use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest as _, HttpRequest, HttpResponse};
use askama::Template;
use inertia::{Inertia, Props};

use super::AppError;
use crate::csp::Nonce;

/// Gives every error a page: an Inertia client a component, a program JSON, a browser HTML. Failures of ours are logged
/// here, once; what they say stays out of the page.
pub(crate) async fn pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error())
        || is_protocol(&response)
        || is_healthcheck(&response)
    {
        return Ok(response);
    }
    let (request, failed) = response.into_parts();
    let detail = log(&request, &failed);
    let mut page = render(&request, status, detail).await?;
    keep_headers(failed.headers(), page.headers_mut());
    Ok(ServiceResponse::new(request, page))
}

/// What the client acts on needs no page.
fn is_protocol(response: &ServiceResponse) -> bool {
    use inertia::headers::{LOCATION, PRECOGNITION, REDIRECT};
    let headers = response.headers();
    [LOCATION, REDIRECT, PRECOGNITION]
        .iter()
        .any(|name| headers.contains_key(*name))
}

fn is_healthcheck(response: &ServiceResponse) -> bool {
    response.request().path() == "/up"
}

/// Logs why the request was refused or failed, and returns what may be told about it.
fn log(request: &HttpRequest, failed: &HttpResponse) -> Option<String> {
    let error = failed.error()?;
    let (method, path) = (request.method().as_str(), request.path());
    if failed.status().is_server_error() {
        tracing::error!(
            http.method = method,
            http.path = path,
            error = chain(error),
            "a request failed"
        );
        return None;
    }
    let reason = error.to_string();
    tracing::info!(
        http.method = method,
        http.path = path,
        reason,
        "refused a request"
    );
    // What the file server says of a folder is about the server, not about the request, and that of a large body is
    // short of words.
    let theirs = [StatusCode::NOT_FOUND, StatusCode::PAYLOAD_TOO_LARGE];
    let is_ours = !theirs.contains(&failed.status()) || error.as_error::<AppError>().is_some();
    is_ours.then_some(reason)
}

fn chain(error: &Error) -> String {
    error
        .as_error::<AppError>()
        .map_or_else(|| error.to_string(), |error| telemetry::chain(error))
}

async fn render(
    request: &HttpRequest,
    status: StatusCode,
    detail: Option<String>,
) -> Result<HttpResponse, Error> {
    let page = ErrorPage {
        nonce: Nonce::of(request),
        status: status.as_u16(),
        title: title(status),
        message: sentence(&detail.unwrap_or(usual(status))),
    };
    if accepts(request, inertia::headers::INERTIA, "true") {
        let inertia = Inertia::extract(request).await?;
        let props = Props::new()
            .value("status", page.status)
            .value("title", page.title)
            .value("message", page.message);
        return Ok(inertia.render("Errors/Show", props).status(status).await?);
    }
    if accepts(request, header::ACCEPT.as_str(), "application/json") {
        let body = serde_json::json!({ "status": page.status, "error": page.title, "message": page.message });
        return Ok(HttpResponse::build(status).json(body));
    }
    let html = page
        .render()
        .map_err(actix_web::error::ErrorInternalServerError)?;
    Ok(HttpResponse::build(status)
        .content_type(ContentType::html())
        .body(html))
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    nonce: String,
    status: u16,
    title: &'static str,
    message: String,
}

fn accepts(request: &HttpRequest, name: &str, value: &str) -> bool {
    request
        .headers()
        .get(name)
        .is_some_and(|header| header.as_bytes().starts_with(value.as_bytes()))
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        404 => "There is nothing here",
        422 => "The change was refused",
        503 => "Busy",
        500.. => "Something went wrong",
        _ => status.canonical_reason().unwrap_or("Bad request"),
    }
}

fn usual(status: StatusCode) -> String {
    let text = match status.as_u16() {
        404 => "The page you were looking for does not exist. It may have moved.",
        405 => "This address does not take that kind of request.",
        413 => "The request is larger than the server takes.",
        503 => "The server is busy. Try again in a moment.",
        500.. => "It is our fault, and we have been told. Try again in a moment.",
        _ => "The server could not understand the request.",
    };
    text.to_owned()
}

/// Errors are worded as parts of a log line. People read sentences.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    first.chain(rest.clone()).chain(end.chars()).collect()
}

/// Cookies, `Allow` and the like belong to the answer whatever its body.
fn keep_headers(from: &HeaderMap, to: &mut HeaderMap) {
    let body = [header::CONTENT_TYPE, header::CONTENT_LENGTH];
    for (name, value) in from.iter().filter(|(name, _)| !body.contains(name)) {
        to.append(name.clone(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn messages_are_sentences() {
        let cases = [
            (
                "there is no todo with the id 7",
                "There is no todo with the id 7.",
            ),
            (
                "This page has expired. Reload it.",
                "This page has expired. Reload it.",
            ),
            ("`x` is unknown", "`x` is unknown."),
            ("öl", "Öl."),
        ];
        for (text, expected) in cases {
            assert_eq!(sentence(text), expected);
        }
    }
}
