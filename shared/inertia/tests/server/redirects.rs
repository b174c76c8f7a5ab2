use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, HttpResponseBuilder};
use inertia::Inertia;

use crate::{Answer, Client, first_visit, visit, write};

async fn redirected(method: Method, status: StatusCode, target: &'static str) -> Answer {
    let handler = move || async move {
        HttpResponseBuilder::new(status)
            .insert_header(("location", target))
            .insert_header(("set-cookie", "a=b"))
            .finish()
    };
    Client::new()
        .ask(
            handler,
            write(method).insert_header(("host", "example.com")),
        )
        .await
}

#[actix_web::test]
async fn redirects_of_writes_become_303() {
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        for status in [StatusCode::MOVED_PERMANENTLY, StatusCode::FOUND] {
            let answer = redirected(method.clone(), status, "/todos").await;
            assert_eq!(
                (answer.status, answer.header("location")),
                (StatusCode::SEE_OTHER, Some("/todos"))
            );
        }
    }
    for (method, status) in [
        (Method::POST, StatusCode::FOUND),
        (Method::PUT, StatusCode::TEMPORARY_REDIRECT),
    ] {
        assert_eq!(redirected(method, status, "/todos").await.status, status);
    }
}

#[actix_web::test]
async fn redirects_to_other_sites_become_locations() {
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let answer = redirected(method, StatusCode::FOUND, "https://other.example/a#b").await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert_eq!(
            answer.header("x-inertia-location"),
            Some("https://other.example/a#b")
        );
        assert_eq!(
            (answer.header("location"), answer.header("set-cookie")),
            (None, Some("a=b"))
        );
    }
    let kept = redirected(Method::GET, StatusCode::FOUND, "http://example.com/a").await;
    assert_eq!(kept.status, StatusCode::FOUND);
    // Nothing but a GET can be a location.
    let kept = redirected(
        Method::POST,
        StatusCode::PERMANENT_REDIRECT,
        "https://other.example/",
    )
    .await;
    assert_eq!(kept.status, StatusCode::PERMANENT_REDIRECT);
}

#[actix_web::test]
async fn redirects_with_a_fragment_become_visits() {
    let answer = redirected(Method::PATCH, StatusCode::FOUND, "/todos#7").await;
    assert_eq!(
        (answer.status, answer.header("x-inertia-redirect")),
        (StatusCode::CONFLICT, Some("/todos#7"))
    );
    let handler = async |inertia: Inertia| inertia.redirect("/todos#7");
    let plain = Client::new()
        .ask(handler, first_visit().method(Method::POST))
        .await;
    assert_eq!(
        (plain.status, plain.header("location")),
        (StatusCode::SEE_OTHER, Some("/todos#7"))
    );
}

#[actix_web::test]
async fn locations_are_for_the_browser() {
    let handler = async |inertia: Inertia| inertia.location("/files/report.pdf");
    let inertia = Client::new().ask(handler, visit()).await;
    assert_eq!(
        (inertia.status, inertia.header("x-inertia-location")),
        (StatusCode::CONFLICT, Some("/files/report.pdf"))
    );
    let plain = Client::new().ask(handler, first_visit()).await;
    assert_eq!(
        (plain.status, plain.header("location")),
        (StatusCode::SEE_OTHER, Some("/files/report.pdf"))
    );
}

#[actix_web::test]
async fn the_way_back_is_within_the_site() {
    let handler = async |inertia: Inertia| inertia.redirect_back("/todos");
    let cases = [
        (
            Some("http://example.com/todos?filter=active"),
            "/todos?filter=active",
        ),
        (Some("http://evil.example/todos"), "/todos"),
        (Some("http://example.com//evil.example"), "/todos"),
        (None, "/todos"),
    ];
    for (referrer, target) in cases {
        let mut request = write(Method::POST).insert_header(("host", "example.com"));
        if let Some(referrer) = referrer {
            request = request.insert_header(("referer", referrer));
        }
        assert_eq!(
            Client::new().ask(handler, request).await.header("location"),
            Some(target)
        );
    }
}

#[actix_web::test]
async fn stale_assets_make_the_browser_load_the_page() {
    let page = async || HttpResponse::Ok().body("a page");
    for version in ["v0", ""] {
        let answer = Client::new()
            .ask(page, visit().insert_header(("x-inertia-version", version)))
            .await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert_eq!(answer.header("x-inertia-location"), Some("/todos?a=b"));
        assert_eq!(
            (answer.header("x-inertia-version"), answer.header("vary")),
            (Some("v1"), Some("x-inertia"))
        );
    }
    // A write is done, and a document always has the new assets.
    let stale_write = write(Method::POST).insert_header(("x-inertia-version", "v0"));
    assert_eq!(
        Client::new().ask(page, stale_write).await.status,
        StatusCode::OK
    );
    let document = first_visit().insert_header(("x-inertia-version", "v0"));
    assert_eq!(
        Client::new().ask(page, document).await.status,
        StatusCode::OK
    );
}
