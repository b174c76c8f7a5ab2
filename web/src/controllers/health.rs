use actix_web::HttpResponse;
use actix_web::web::Data;
use app::AppContext;
use app::models::TodoList;
use boot::Files;

/// Healthy while the list can be read, from the files that everybody else has.
pub(crate) async fn show(app: Data<AppContext>, files: Data<Files>) -> HttpResponse {
    let revision = TodoList::revision(&app).await;
    if let Err(error) = &revision {
        tracing::error!(error = telemetry::chain(error), "not healthy");
    }
    boot::health_page(revision.is_ok() && files.are_in_place())
}
