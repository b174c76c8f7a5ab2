use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpRequest, web};

const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";

async fn method_seen(
    method: Method,
    content_type: &str,
    body: &'static str,
) -> (StatusCode, String) {
    let echo = async |request: HttpRequest| request.method().to_string();
    let app = App::new()
        .app_data(web::PayloadConfig::new(1_000))
        .wrap(from_fn(inertia::forms))
        .default_service(web::to(echo));
    let request = TestRequest::default()
        .method(method)
        .insert_header(("content-type", content_type));
    let response = call_service(
        &init_service(app).await,
        request.set_payload(body).to_request(),
    )
    .await;
    (
        response.status(),
        String::from_utf8(read_body(response).await.to_vec()).unwrap(),
    )
}

#[actix_web::test]
async fn the_field_stands_for_the_method() {
    for (body, method) in [
        ("_method=delete", "DELETE"),
        ("a=b&_method=PATCH", "PATCH"),
        ("_method=put&_method=patch", "PATCH"),
        ("_method=get", "POST"),
        ("_method=trace", "POST"),
        ("_method=", "POST"),
        ("a=_method=put", "POST"),
        ("%ff=%ff&_method=put", "PUT"),
        ("", "POST"),
    ] {
        let seen = method_seen(Method::POST, FORM, body).await;
        assert_eq!(seen, (StatusCode::OK, method.to_owned()), "{body}");
    }
}

#[actix_web::test]
async fn only_posted_forms_are_read() {
    assert_eq!(
        method_seen(Method::GET, FORM, "_method=delete").await.1,
        "GET"
    );
    assert_eq!(
        method_seen(Method::PUT, FORM, "_method=delete").await.1,
        "PUT"
    );
    assert_eq!(
        method_seen(Method::POST, "application/json", "_method=delete")
            .await
            .1,
        "POST"
    );
    assert_eq!(
        method_seen(Method::POST, "text/plain", "_method=delete")
            .await
            .1,
        "POST"
    );
}

#[actix_web::test]
async fn forms_that_are_too_large_are_refused() {
    let long: &'static str = Box::leak(format!("a={}", "x".repeat(2_000)).into_boxed_str());
    assert_eq!(
        method_seen(Method::POST, FORM, long).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}
