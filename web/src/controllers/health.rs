use actix_web::HttpResponse;
use actix_web::web::Data;
use app::AppContext;
use app::models::TodoList;

/// Healthy while the list can be read.
pub(crate) async fn show(app: Data<AppContext>) -> HttpResponse {
    let revision = TodoList::revision(&app).await;
    if let Err(error) = &revision {
        tracing::error!(error = telemetry::chain(error), "not healthy");
    }
    boot::health_page(revision.is_ok())
}
