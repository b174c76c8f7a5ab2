use actix_session::SessionMiddleware;
use actix_session::storage::CookieSessionStore;
use actix_web::cookie::{Cookie, Key};
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpRequest, HttpResponse, web};
use inertia::csrf::{Csrf, InvalidAuthenticityToken};
use inertia::{Inertia, Props, RenderError};

use crate::config;

const FORM: &str = "application/x-www-form-urlencoded";

async fn page(request: HttpRequest) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html")
        .body(inertia::csrf::token(&request))
}

async fn inertia_page(inertia: Inertia) -> Result<HttpResponse, RenderError> {
    inertia.render("Index", Props::new()).etag(1).await
}

async fn ask(request: TestRequest) -> ServiceResponse {
    let sessions = SessionMiddleware::builder(CookieSessionStore::default(), Key::from(&[1; 64]))
        .cookie_secure(false)
        .build();
    let app = App::new()
        .app_data(Csrf::new(b"secret").secure(true))
        .wrap(from_fn(inertia::csrf::protect))
        .wrap(from_fn(inertia::forms))
        .wrap(sessions)
        .app_data(config())
        .route("/", web::get().to(page))
        .route("/inertia", web::get().to(inertia_page))
        .route(
            "/asset",
            web::get().to(async || HttpResponse::Ok().content_type("text/css").finish()),
        )
        .route(
            "/",
            web::patch().to(async |body: String| HttpResponse::Ok().body(body)),
        );
    call_service(&init_service(app).await, request.to_request())
        .await
        .map_into_boxed_body()
}

/// The cookies of a browser that has loaded the page, and the token of its form.
async fn loaded() -> (Vec<Cookie<'static>>, String) {
    let response = ask(TestRequest::get()).await;
    let cookies = response
        .response()
        .cookies()
        .map(Cookie::into_owned)
        .collect();
    (
        cookies,
        String::from_utf8(read_body(response).await.to_vec()).unwrap(),
    )
}

fn patch(cookies: &[Cookie<'static>]) -> TestRequest {
    let request = TestRequest::patch().insert_header(("host", "example.com"));
    cookies
        .iter()
        .fold(request, |request, cookie| request.cookie(cookie.clone()))
}

fn token(cookies: &[Cookie<'static>]) -> String {
    cookies
        .iter()
        .find(|cookie| cookie.name() == "XSRF-TOKEN")
        .unwrap()
        .value()
        .to_owned()
}

async fn refused(request: TestRequest) -> Option<InvalidAuthenticityToken> {
    let response = ask(request).await;
    let error = response
        .response()
        .error()?
        .as_error::<InvalidAuthenticityToken>()
        .cloned();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    error
}

#[actix_web::test]
async fn a_page_brings_the_cookie_once_and_assets_never() {
    let (cookies, _) = loaded().await;
    let cookie = cookies
        .iter()
        .find(|cookie| cookie.name() == "XSRF-TOKEN")
        .unwrap();
    assert_eq!(
        (cookie.http_only(), cookie.secure(), cookie.path()),
        (None, Some(true), Some("/"))
    );
    let again = cookies.iter().fold(TestRequest::get(), |request, cookie| {
        request.cookie(cookie.clone())
    });
    assert_eq!(ask(again).await.response().cookies().count(), 0);
    assert_eq!(
        ask(TestRequest::with_uri("/asset"))
            .await
            .response()
            .cookies()
            .count(),
        0
    );
}

#[actix_web::test]
async fn a_browser_that_kept_the_page_and_lost_the_cookie_gets_it_again() {
    let first = ask(TestRequest::with_uri("/inertia")).await;
    let cookies: Vec<_> = first.response().cookies().map(Cookie::into_owned).collect();
    let visit = |cookies: &[Cookie<'static>]| {
        let request = TestRequest::with_uri("/inertia");
        cookies
            .iter()
            .fold(request, |request, cookie| request.cookie(cookie.clone()))
    };
    let page = ask(visit(&cookies)).await;
    let etag = page.headers().get("etag").unwrap().clone();
    let (session, _): (Vec<_>, Vec<_>) = cookies
        .iter()
        .cloned()
        .partition(|cookie| cookie.name() != "XSRF-TOKEN");
    for (cookies, brought) in [(session, 1), (cookies, 0)] {
        let kept = ask(visit(&cookies).insert_header(("if-none-match", etag.clone()))).await;
        assert_eq!(kept.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(kept.response().cookies().count(), brought);
    }
}

#[actix_web::test]
async fn writes_need_the_token_of_their_session() {
    let ((ours, _), (theirs, _)) = (loaded().await, loaded().await);
    let with = |token: &str| patch(&ours).insert_header(("x-xsrf-token", token));
    assert_eq!(refused(with(&token(&ours))).await, None);
    assert_eq!(
        refused(patch(&ours)).await,
        Some(InvalidAuthenticityToken::Missing)
    );
    for wrong in [
        token(&theirs),
        "0".repeat(64),
        "not hex".into(),
        String::new(),
        token(&ours)[..32].into(),
    ] {
        assert_eq!(
            refused(with(&wrong)).await,
            Some(InvalidAuthenticityToken::Expired),
            "{wrong}"
        );
    }
}

#[actix_web::test]
async fn other_sites_are_refused_whatever_their_token() {
    let (ours, _) = loaded().await;
    let with = |name, value| {
        patch(&ours)
            .insert_header(("x-xsrf-token", token(&ours)))
            .insert_header((name, value))
    };
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let foreign = InvalidAuthenticityToken::Foreign {
            origin: value.to_owned(),
            host: "example.com".to_owned(),
        };
        assert_eq!(refused(with(name, value)).await, Some(foreign), "{name}");
    }
    assert_eq!(refused(with("origin", "http://example.com")).await, None);
    assert_eq!(refused(with("sec-fetch-site", "same-origin")).await, None);
}

#[actix_web::test]
async fn forms_bring_the_token_and_the_method_in_fields() {
    let (ours, masked) = loaded().await;
    let (_, other_mask) = loaded().await;
    assert_eq!(masked.len(), 128);
    assert_ne!(masked, other_mask);
    let form = |token: &str| {
        let body = format!("a=b+c&_method=patch&authenticity_token={token}");
        patch(&ours)
            .method(Method::POST)
            .insert_header(("content-type", FORM))
            .set_payload(body)
    };
    let response = ask(form(&masked)).await;
    assert_eq!(response.status(), StatusCode::OK);
    // The route reads the form once more.
    assert!(
        read_body(response)
            .await
            .starts_with(b"a=b+c&_method=patch")
    );
    assert_eq!(
        refused(form(&other_mask)).await,
        Some(InvalidAuthenticityToken::Expired)
    );
    assert_eq!(
        refused(form("")).await,
        Some(InvalidAuthenticityToken::Expired)
    );
}
