use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use inertia::{Inertia, Props, RenderError};

use crate::{Client, first_visit, partial, visit, write};

async fn index(inertia: Inertia) -> Result<HttpResponse, RenderError> {
    let state = inertia.is_prefetch();
    let props = Props::new().value("list", [1]).value("count", 1);
    inertia
        .render("Todos/Index", props)
        .etag(format!("rev-7-{state}"))
        .await
}

async fn etag(client: &mut Client, request: TestRequest) -> String {
    client
        .ask(index, request)
        .await
        .header("etag")
        .unwrap()
        .to_owned()
}

#[actix_web::test]
async fn a_client_that_has_the_page_gets_304() {
    for request in [first_visit, visit] {
        let mut client = Client::new();
        let tag = etag(&mut client, request()).await;
        for condition in [
            tag.clone(),
            format!("\"other\", {tag}"),
            tag.replace("W/", ""),
            "*".to_owned(),
        ] {
            let again = client
                .ask(index, request().insert_header(("if-none-match", condition)))
                .await;
            assert_eq!(
                (again.status, again.body.as_str()),
                (StatusCode::NOT_MODIFIED, "")
            );
            assert_eq!(
                (again.header("etag"), again.header("vary")),
                (Some(tag.as_str()), Some("x-inertia"))
            );
            assert_eq!(
                again.header("cache-control"),
                Some("max-age=0, private, must-revalidate")
            );
        }
        let other = client
            .ask(
                index,
                request().insert_header(("if-none-match", "\"other\"")),
            )
            .await;
        assert_eq!(other.status, StatusCode::OK);
    }
}

#[actix_web::test]
async fn representations_of_one_url_never_share_a_name() {
    let mut client = Client::new();
    let requests = [
        first_visit(),
        visit(),
        partial("list"),
        partial("count"),
        partial("list").insert_header(("x-inertia-reset", "list")),
        visit().insert_header(("x-inertia-except-once-props", "list")),
    ];
    let mut tags = Vec::new();
    for request in requests {
        tags.push(etag(&mut client, request).await);
    }
    let count = tags.len();
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), count, "{tags:?}");
}

#[actix_web::test]
async fn another_session_makes_another_document() {
    let with_form = async |request: actix_web::HttpRequest, inertia: Inertia| {
        let token = inertia::csrf::token(&request);
        let props = Props::new().value("token", token);
        inertia.render("Todos/Index", props).etag("same").await
    };
    let (mut a, mut b) = (Client::new(), Client::new());
    a.ask(with_form, first_visit()).await;
    b.ask(with_form, first_visit()).await;
    let tag = |answer: crate::Answer| answer.header("etag").unwrap().to_owned();
    let (of_a, of_b) = (
        tag(a.ask(with_form, first_visit()).await),
        tag(b.ask(with_form, first_visit()).await),
    );
    assert_ne!(of_a, of_b);
    assert_eq!(of_a, tag(a.ask(with_form, first_visit()).await));
}

#[actix_web::test]
async fn a_page_with_messages_is_never_taken_for_one_without() {
    let mut client = Client::new();
    let tag = etag(&mut client, visit()).await;
    client
        .ask(
            async |inertia: Inertia| inertia.redirect("/").flash("notice", "Saved"),
            write(Method::POST),
        )
        .await;
    let conditional = || visit().insert_header(("if-none-match", tag.as_str()));
    let shown = client.ask(index, conditional()).await;
    assert_eq!((shown.status, shown.header("etag")), (StatusCode::OK, None));
    assert_eq!(shown.page()["flash"]["notice"], "Saved");
    assert_eq!(
        client.ask(index, conditional()).await.status,
        StatusCode::NOT_MODIFIED
    );
}

#[actix_web::test]
async fn writes_have_none() {
    assert_eq!(
        Client::new()
            .ask(index, write(Method::POST))
            .await
            .header("etag"),
        None
    );
}
