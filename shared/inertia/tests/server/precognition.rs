use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use inertia::Inertia;
use serde_json::json;

use crate::{Client, write};

async fn create(inertia: Inertia) -> HttpResponse {
    let errors = [("title", "can't be blank"), ("owner", "is nobody")];
    inertia
        .precognition(errors)
        .unwrap_or_else(|| HttpResponse::Created().body("created"))
}

fn ask() -> TestRequest {
    write(Method::POST).insert_header(("precognition", "true"))
}

#[actix_web::test]
async fn invalid_fields_are_told_and_nothing_is_done() {
    let answer = Client::new().ask(create, ask()).await;
    assert_eq!(
        (answer.status, answer.header("precognition")),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("true"))
    );
    assert_eq!(
        answer.page(),
        json!({ "errors": { "title": "can't be blank", "owner": "is nobody" } })
    );
    let vary: Vec<_> = answer
        .headers
        .get_all("vary")
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(vary, ["precognition", "x-inertia"]);
}

#[actix_web::test]
async fn only_the_fields_that_are_named_count() {
    let only = |fields| ask().insert_header(("precognition-validate-only", fields));
    let answer = Client::new().ask(create, only("owner")).await;
    assert_eq!(answer.page(), json!({ "errors": { "owner": "is nobody" } }));
    let valid = Client::new().ask(create, only("notes, completed")).await;
    assert_eq!(
        (valid.status, valid.body.as_str()),
        (StatusCode::NO_CONTENT, "")
    );
    assert_eq!(valid.header("precognition-success"), Some("true"));
}

#[actix_web::test]
async fn other_requests_go_on() {
    let answer = Client::new().ask(create, write(Method::POST)).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::CREATED, "created")
    );
}
