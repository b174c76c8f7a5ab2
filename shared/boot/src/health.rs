use actix_web::http::header::{CACHE_CONTROL, ContentType, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
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

    /// The page of a process that is ready, or why it is not. One whose writes fail is ready, as it serves what only reads
    /// and the others would do no better: the page says so.
    pub fn page(&self, ready: Result<&str, &str>) -> HttpResponse {
        let trouble = self.files.trouble();
        match (ready, trouble) {
            (Ok(""), Some(trouble)) => degraded(&trouble),
            (Ok(text), Some(trouble)) => degraded(&format!("{trouble}; {text}")),
            (ready, _) => health_page(ready),
        }
    }
}

/// Keeps browsers from asking for `/favicon.ico`, which is nowhere.
const NO_ICON: &str = r#"<link rel="icon" href="data:,">"#;

/// Rails' health page: 200 and green when the process is ready for work, 503 and red when not. The text on it must hold
/// nothing that HTML takes for its own.
pub fn health_page(ready: Result<&str, &str>) -> HttpResponse {
    match ready {
        Ok(text) => page(HttpResponse::Ok(), "green", text),
        Err(text) => page(HttpResponse::ServiceUnavailable(), "red", text),
    }
}

/// For who looks, while machines are told that all is well: to start again or to send requests elsewhere would not help.
fn degraded(trouble: &str) -> HttpResponse {
    page(
        HttpResponse::Ok(),
        "orange",
        &format!("degraded: {trouble}"),
    )
}

fn page(mut response: HttpResponseBuilder, colour: &str, text: &str) -> HttpResponse {
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

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody as _;
    use actix_web::http::StatusCode;
    use db::{DatabaseConfig, NO_MIGRATIONS, SqliteConnection};
    use diesel::connection::SimpleConnection as _;

    use super::*;

    fn sql(sql: &'static str) -> impl FnOnce(&mut SqliteConnection) -> diesel::QueryResult<()> {
        move |connection| connection.batch_execute(sql)
    }

    fn seen(page: HttpResponse) -> (StatusCode, String) {
        let (status, bytes) = (page.status(), page.into_body().try_into_bytes().unwrap());
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    #[actix_web::test]
    async fn who_cannot_write_is_ready_and_says_so() {
        let (folder, mut files) = (tempfile::tempdir().unwrap(), Files::default());
        let config = DatabaseConfig::new(folder.path().join("notes.sqlite3"));
        let notes = files.open(&config, NO_MIGRATIONS).unwrap();
        let health = Health::new(&files, &CancellationToken::new());
        notes.write(sql("CREATE TABLE notes (body)")).await.unwrap();
        let (status, page) = seen(health.page(Ok("listening")));
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("green\">listening<"), "{page}");

        notes.write(sql("PRAGMA max_page_count = 3")).await.unwrap();
        let fill = "INSERT INTO notes VALUES (zeroblob(100000))";
        notes.write(sql(fill)).await.unwrap_err();
        health.ready().await.unwrap();
        let (status, page) = seen(health.page(Ok("listening")));
        assert_eq!(status, StatusCode::OK);
        let told = "orange\">degraded: the last write to notes failed ";
        assert!(page.contains(told), "{page}");
        let why = " s ago: the disk is full; listening<";
        assert!(page.contains(why), "{page}");
        let (_, page) = seen(health.page(Ok("")));
        assert!(page.contains("the disk is full<"), "{page}");
        // What is worse is told alone.
        let (status, page) = seen(health.page(Err("the process is stopping")));
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(page.contains("red\">the process is stopping<"), "{page}");

        notes
            .write(sql("PRAGMA max_page_count = 100"))
            .await
            .unwrap();
        notes.write(sql(fill)).await.unwrap();
        let (_, page) = seen(health.page(Ok("")));
        assert!(page.contains("green\"><"), "{page}");
    }
}
