use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

/// Logs every request: health checks and assets for who asks for details, the others for everybody. For
/// [`actix_web::middleware::from_fn`].
pub(crate) async fn log_requests(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let start = Instant::now();
    let response = next.call(request).await?;
    let (method, path) = (
        response.request().method().as_str(),
        response.request().path(),
    );
    let status = response.status().as_u16();
    let duration_ms = start.elapsed().as_secs_f64() * 1_000.0;
    if is_routine(path) {
        tracing::debug!(
            http.method = method,
            http.path = path,
            http.status = status,
            duration_ms,
            "served a request"
        );
    } else {
        tracing::info!(
            http.method = method,
            http.path = path,
            http.status = status,
            duration_ms,
            "served a request"
        );
    }
    Ok(response)
}

fn is_routine(path: &str) -> bool {
    path == "/up" || path == "/up/live" || path == "/metrics" || path.starts_with("/assets/")
}
