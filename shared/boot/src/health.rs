use actix_web::HttpResponse;
use actix_web::http::header::ContentType;

/// Rails' health page: 200 and green when the process can do its work, 503 and red when not.
pub fn health_page(is_healthy: bool) -> HttpResponse {
    health_report(is_healthy, "")
}

/// Keeps browsers from asking for `/favicon.ico`, which is nowhere.
const NO_ICON: &str = r#"<link rel="icon" href="data:,">"#;

/// The health page with a line of text on it, which must hold nothing that HTML takes for its own.
pub fn health_report(is_healthy: bool, report: &str) -> HttpResponse {
    let (mut response, colour) = if is_healthy {
        (HttpResponse::Ok(), "green")
    } else {
        (HttpResponse::ServiceUnavailable(), "red")
    };
    let page = format!(
        r#"<!DOCTYPE html><html><head>{NO_ICON}</head><body style="background-color: {colour}">{report}</body></html>"#
    );
    response.content_type(ContentType::html()).body(page)
}
