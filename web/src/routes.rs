//! Every URL of the application.

use std::path::Path;

use actix_files::Files;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, VARY};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{Error, HttpResponse, guard};

use crate::controllers::{health, home, icon, todos};

pub(crate) fn routes(config: &mut ServiceConfig, assets_dir: &Path) {
    config
        .service(
            web::resource("/")
                .route(read(home::index))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/todos")
                .route(read(todos::index))
                .route(web::post().to(todos::create))
                .route(web::patch().to(todos::update_all))
                .route(web::put().to(todos::update_all))
                .default_service(only("GET, HEAD, POST, PATCH, PUT")),
        )
        // For forms: POST to the list itself makes a todo.
        .service(
            web::resource("/todos/all")
                .route(web::post().to(todos::update_all))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/todos/completed")
                .route(web::delete().to(todos::destroy_completed))
                .default_service(only("DELETE")),
        )
        .service(
            web::resource("/todos/{id}")
                .route(web::patch().to(todos::update))
                .route(web::put().to(todos::update))
                .route(web::post().to(todos::update))
                .route(web::delete().to(todos::destroy))
                .default_service(only("PATCH, PUT, POST, DELETE")),
        )
        .service(
            web::resource("/up")
                .route(read(health::show))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/up/live")
                .route(read(boot::liveness))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/metrics")
                .route(read(health::metrics))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/icon.svg")
                .route(read(icon::show))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::scope("/assets")
                .wrap(from_fn(immutable))
                .service(assets(&assets_dir.join("assets"))),
        );
}

/// The built files. Beside `app.js` may lie `app.js.br`, `app.js.zst` and `app.js.gz`, for clients that take them.
fn assets(folder: &Path) -> Files {
    Files::new("/", folder).prefer_utf8(true).try_compressed()
}

/// The name of an asset holds the hash of its content: what has that name never changes.
async fn immutable(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        let headers = response.headers_mut();
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(CACHE_CONTROL, forever);
        // The answer without a compressed file depends on what the client takes, too.
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    Ok(response)
}

/// A route for GET, and for HEAD, which gets the same head.
fn read<F, Args>(handler: F) -> actix_web::Route
where
    F: actix_web::Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    let reads = guard::Any(guard::Get()).or(guard::Head());
    web::route().guard(reads).to(handler)
}

/// The answer to every other method of a resource.
fn only(allowed: &'static str) -> actix_web::Route {
    web::to(move |method: Method| async move {
        tracing::debug!(http.method = %method, allowed, "method not allowed");
        HttpResponse::MethodNotAllowed()
            .insert_header(("allow", allowed))
            .finish()
    })
}
