use actix_web::HttpResponse;
use actix_web::web::Data;
use app::AppContext;
use app::models::TodoList;
use boot::{Health, Metrics};

/// Ready while the list can be read, from the files that everybody else has.
pub(crate) async fn show(app: Data<AppContext>, health: Data<Health>) -> HttpResponse {
    match ready(&app, &health).await {
        Ok(()) => health.page(Ok("")),
        Err(why) => health.page(Err(&why)),
    }
}

async fn ready(app: &AppContext, health: &Health) -> Result<(), String> {
    health.ready().await?;
    TodoList::revision(app).await.map(drop).map_err(|error| {
        tracing::error!(error = telemetry::chain(&error), "not healthy");
        "the list cannot be read".to_owned()
    })
}

/// What this process measures.
pub(crate) async fn metrics(metrics: Data<Metrics>) -> HttpResponse {
    metrics.page().await
}
