//! What each feature of the adapter sends and understands, over an application of one route.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod conditional;
mod csrf;
mod forms;
mod messages;
mod partial;
mod precognition;
mod props;
mod redirects;
mod rendering;

use actix_session::SessionMiddleware;
use actix_session::storage::CookieSessionStore;
use actix_web::cookie::Key;
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, FromRequest, Handler, Responder, web};
use inertia::Config;
use serde_json::Value;

fn config() -> Config {
    Config::new("v1", |_, document| {
        Ok(format!("<html>{}</html>", document.elements()))
    })
}

/// A browser, as far as cookies go.
struct Client {
    config: Config,
    cookies: Vec<actix_web::cookie::Cookie<'static>>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Client {
    fn new() -> Self {
        Self::with(config())
    }

    fn with(config: Config) -> Self {
        Self {
            config,
            cookies: Vec::new(),
        }
    }

    async fn ask<F, Args>(&mut self, handler: F, request: TestRequest) -> Answer
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let sessions =
            SessionMiddleware::builder(CookieSessionStore::default(), Key::from(&[1; 64]))
                .cookie_secure(false)
                .build();
        let app = App::new()
            .app_data(self.config.clone())
            .app_data(::inertia::csrf::Csrf::new(b"secret"))
            .wrap(from_fn(inertia::protocol))
            .wrap(sessions)
            .default_service(web::to(handler));
        let request = self
            .cookies
            .iter()
            .fold(request, |request, cookie| request.cookie(cookie.clone()));
        let response = call_service(&init_service(app).await, request.to_request()).await;
        for cookie in response.response().cookies() {
            self.cookies.retain(|other| other.name() != cookie.name());
            self.cookies.push(cookie.into_owned());
        }
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: String::from_utf8(read_body(response).await.to_vec()).unwrap(),
        }
    }
}

impl Answer {
    /// The page, whether it came as JSON or as a document.
    fn page(&self) -> Value {
        let start = r#"<script data-page="app" type="application/json">"#;
        let json = match self.body.split_once(start) {
            Some((_, rest)) => rest.split("</script>").next().unwrap(),
            None => &self.body,
        };
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

fn first_visit() -> TestRequest {
    TestRequest::with_uri("/todos?a=b")
}

fn visit() -> TestRequest {
    first_visit()
        .insert_header(("x-inertia", "true"))
        .insert_header(("x-inertia-version", "v1"))
}

fn write(method: Method) -> TestRequest {
    visit().method(method)
}

fn partial(only: &str) -> TestRequest {
    visit()
        .insert_header(("x-inertia-partial-component", "Todos/Index"))
        .insert_header(("x-inertia-partial-data", only))
}

fn partial_except(except: &str) -> TestRequest {
    visit()
        .insert_header(("x-inertia-partial-component", "Todos/Index"))
        .insert_header(("x-inertia-partial-except", except))
}
