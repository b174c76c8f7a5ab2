use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;

pub(crate) async fn index() -> HttpResponse {
    HttpResponse::Found()
        .insert_header((LOCATION, "/todos"))
        .finish()
}
