use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::Data;
use app::AppContext;
use app::models::TodoList;

/// Rails' health page: green when the application can do its work, red when not.
pub(crate) async fn show(app: Data<AppContext>) -> HttpResponse {
    let (mut response, colour) = match TodoList::revision(&app).await {
        Ok(_) => (HttpResponse::Ok(), "green"),
        Err(error) => {
            tracing::error!(error = %error, "not healthy");
            (HttpResponse::ServiceUnavailable(), "red")
        }
    };
    let page =
        format!("<!DOCTYPE html><html><body style=\"background-color: {colour}\"></body></html>");
    response.content_type(ContentType::html()).body(page)
}
