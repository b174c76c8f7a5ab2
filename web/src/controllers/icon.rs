use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;

/// The page's icon. It may change, so it is asked for again after a day.
pub(crate) async fn show() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .body(include_str!("../../templates/icon.svg"))
}
