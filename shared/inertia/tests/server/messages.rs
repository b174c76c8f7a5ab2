//! Errors, flash and the like: they wait for the next page, whatever lies between, and are on no other.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, Responder};
use inertia::{Inertia, Props, RenderError};
use serde_json::json;

use crate::{Client, first_visit, partial, visit, write};

async fn page(inertia: Inertia) -> Result<HttpResponse, RenderError> {
    inertia
        .render("Todos/Index", Props::new().value("list", [1]))
        .await
}

async fn refuse(inertia: Inertia) -> impl Responder {
    let redirect = inertia.redirect("/todos");
    redirect
        .errors([("title", "can't be blank")])
        .flash("alert", "Not saved")
}

async fn onwards(inertia: Inertia) -> impl Responder {
    inertia.redirect("/todos?b=c")
}

#[actix_web::test]
async fn they_are_on_the_next_page_and_on_no_other() {
    let mut client = Client::new();
    assert_eq!(
        client.ask(refuse, write(Method::POST)).await.status,
        StatusCode::SEE_OTHER
    );
    client.ask(onwards, visit()).await;
    let shown = client.ask(page, visit()).await.page();
    assert_eq!(
        shown["props"]["errors"],
        json!({ "title": "can't be blank" })
    );
    assert_eq!(shown["flash"], json!({ "alert": "Not saved" }));
    let next = client.ask(page, visit()).await;
    assert_eq!(
        (&next.page()["props"]["errors"], next.page().get("flash")),
        (&json!({}), None)
    );
    assert_eq!(
        next.header("set-cookie"),
        None,
        "a session that did not change"
    );
}

#[actix_web::test]
async fn they_survive_a_conflict_and_a_page_loaded_ahead() {
    let mut client = Client::new();
    client.ask(refuse, write(Method::POST)).await;
    let stale = client
        .ask(page, visit().insert_header(("x-inertia-version", "v0")))
        .await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    client
        .ask(page, visit().insert_header(("purpose", "prefetch")))
        .await;
    let shown = client.ask(page, first_visit()).await.page();
    assert_eq!(shown["props"]["errors"]["title"], "can't be blank");
}

#[actix_web::test]
async fn they_survive_a_page_that_cannot_be_rendered() {
    async fn broken(inertia: Inertia) -> Result<HttpResponse, RenderError> {
        let props = Props::new().lazy("list", async || Err::<u8, _>("out of order".into()));
        inertia.render("Todos/Index", props).await
    }
    let mut client = Client::new();
    client.ask(refuse, write(Method::POST)).await;
    let failed = client.ask(broken, visit()).await;
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
    let shown = client.ask(page, visit()).await.page();
    assert_eq!(shown["flash"], json!({ "alert": "Not saved" }));
}

#[actix_web::test]
async fn errors_come_whatever_a_partial_reload_wants() {
    let mut client = Client::new();
    client.ask(refuse, write(Method::POST)).await;
    let shown = client.ask(page, partial("nothing")).await.page();
    assert_eq!(
        shown["props"],
        json!({ "errors": { "title": "can't be blank" } })
    );
}

#[actix_web::test]
async fn errors_of_a_form_are_in_its_bag() {
    let mut client = Client::new();
    client
        .ask(
            refuse,
            write(Method::POST).insert_header(("x-inertia-error-bag", "create")),
        )
        .await;
    let other = async |inertia: Inertia| {
        inertia
            .redirect("/")
            .errors([("name", ["is short", "is blank"])])
            .error_bag("other")
    };
    client.ask(other, write(Method::POST)).await;
    let errors = client.ask(page, visit()).await.page()["props"]["errors"].take();
    assert_eq!(
        errors,
        json!({ "create": { "title": "can't be blank" }, "other": { "name": ["is short", "is blank"] } })
    );
}

#[actix_web::test]
async fn the_history_and_the_fragment_are_for_the_next_page() {
    let mut client = Client::new();
    let logout = async |inertia: Inertia| inertia.redirect("/").clear_history().preserve_fragment();
    client.ask(logout, write(Method::DELETE)).await;
    let shown = client.ask(page, visit()).await.page();
    assert_eq!(
        (&shown["clearHistory"], &shown["preserveFragment"]),
        (&json!(true), &json!(true))
    );
    let next = client.ask(page, visit()).await.page();
    assert_eq!(
        (next.get("clearHistory"), next.get("preserveFragment")),
        (None, None)
    );
}

#[actix_web::test]
async fn a_page_may_have_a_message_of_its_own() {
    let handler = async |inertia: Inertia| {
        inertia
            .render("Todos/Index", Props::new())
            .flash("notice", "Hello")
            .await
    };
    let mut client = Client::new();
    client.ask(refuse, write(Method::POST)).await;
    let shown = client.ask(handler, visit()).await.page();
    assert_eq!(
        shown["flash"],
        json!({ "alert": "Not saved", "notice": "Hello" })
    );
}
