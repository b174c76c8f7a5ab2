use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ContentType, HeaderValue};
use tokio_util::sync::CancellationToken;

use crate::Files;

/// What keeps every process from its work: that it stops, or that its files cannot be read.
#[derive(Clone)]
pub struct Health {
    files: Files,
    stopping: CancellationToken,
}

impl Health {
    /// Of a process with these files, which ends when `stopping` is cancelled.
    pub fn new(files: &Files, stopping: &CancellationToken) -> Self {
        Self {
            files: files.clone(),
            stopping: stopping.clone(),
        }
    }

    /// Whether the process is ready for work, as far as all are alike.
    ///
    /// # Errors
    /// Why it is not, in words that may be shown to anybody.
    pub async fn ready(&self) -> Result<(), String> {
        if self.stopping.is_cancelled() {
            return Err("the process is stopping".to_owned());
        }
        self.files.check().await
    }
}

/// Keeps browsers from asking for `/favicon.ico`, which is nowhere.
const NO_ICON: &str = r#"<link rel="icon" href="data:,">"#;

/// Rails' health page: 200 and green when the process is ready for work, 503 and red when not. The text on it must hold
/// nothing that HTML takes for its own.
pub fn health_page(ready: Result<&str, &str>) -> HttpResponse {
    let (mut response, colour, text) = match ready {
        Ok(text) => (HttpResponse::Ok(), "green", text),
        Err(text) => (HttpResponse::ServiceUnavailable(), "red", text),
    };
    let page = format!(
        r#"<!DOCTYPE html><html><head>{NO_ICON}</head><body style="background-color: {colour}">{text}</body></html>"#
    );
    response
        .content_type(ContentType::html())
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .body(page)
}

/// `GET /up/live`: that the process answers is all there is to say. One that does not is to be started again, while one
/// that is not ready may become so.
pub async fn liveness() -> HttpResponse {
    health_page(Ok(""))
}
