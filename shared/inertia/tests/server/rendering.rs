use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use inertia::{Config, Inertia, Props, RenderError};
use serde_json::json;

use crate::{Client, config, first_visit, visit};

async fn index(inertia: Inertia) -> Result<HttpResponse, RenderError> {
    let props = Props::new().value("title", "</script><b>&");
    inertia.render("Todos/Index", props).await
}

#[actix_web::test]
async fn a_first_visit_is_a_document() {
    let answer = Client::new().ask(index, first_visit()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(answer.header("vary"), Some("x-inertia"));
    assert_eq!(
        answer.header("cache-control"),
        Some("max-age=0, private, must-revalidate")
    );
    assert_eq!(answer.header("x-inertia"), None);
    insta::assert_snapshot!(answer.body, @r#"<html><script data-page="app" type="application/json">{"component":"Todos/Index","props":{"errors":{},"title":"\u003c/script\u003e\u003cb\u003e\u0026"},"url":"/todos?a=b","version":"v1"}</script><div id="app"></div></html>"#);
}

#[actix_web::test]
async fn a_visit_is_json() {
    let answer = Client::new().ask(index, visit()).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        (answer.header("vary"), answer.header("x-inertia")),
        (Some("x-inertia"), Some("true"))
    );
    let props = json!({ "errors": {}, "title": "</script><b>&" });
    assert_eq!(
        answer.page(),
        json!({ "component": "Todos/Index", "props": props, "url": "/todos?a=b", "version": "v1" })
    );
}

#[actix_web::test]
async fn error_pages_are_pages() {
    let broken = async |inertia: Inertia| {
        inertia
            .render("Errors/Show", Props::new())
            .status(StatusCode::NOT_FOUND)
            .await
    };
    let answer = Client::new().ask(broken, visit()).await;
    assert_eq!(
        (answer.status, answer.header("x-inertia")),
        (StatusCode::NOT_FOUND, Some("true"))
    );
}

#[actix_web::test]
async fn history_is_encrypted_and_cleared_as_told() {
    let secret = || Client::with(config().encrypt_history());
    assert_eq!(
        secret().ask(index, visit()).await.page()["encryptHistory"],
        true
    );
    let open = async |inertia: Inertia| {
        let page = inertia.render("Todos/Index", Props::new());
        page.encrypt_history(false).clear_history().await
    };
    let page = secret().ask(open, visit()).await.page();
    assert_eq!(
        (page.get("encryptHistory"), &page["clearHistory"]),
        (None, &json!(true))
    );
}

#[actix_web::test]
async fn shared_props_are_on_every_page_and_give_way_to_its_own() {
    let config = config().share(|_| Props::new().value("app", "Todos").value("title", "shared"));
    let with_user = async |request: actix_web::HttpRequest, inertia: Inertia| {
        inertia::share(&request, Props::new().value("user", "ada"));
        inertia
            .render("Todos/Index", Props::new().value("title", "own"))
            .await
    };
    let page = Client::with(config).ask(with_user, visit()).await.page();
    assert_eq!(
        page["props"],
        json!({ "errors": {}, "app": "Todos", "title": "own", "user": "ada" })
    );
    assert_eq!(page["sharedProps"], json!(["app", "title", "user"]));
}

#[actix_web::test]
async fn a_document_sees_its_page() {
    let config = Config::new("v1", |request, document| {
        let title: String = document.page().prop("title").unwrap_or_default();
        assert_eq!(document.page().prop::<u32>("title"), None);
        Ok(format!(
            "{} {} {title}",
            request.path(),
            document.page().component
        ))
    });
    assert_eq!(
        Client::with(config).ask(index, first_visit()).await.body,
        "/todos Todos/Index </script><b>&"
    );
}

#[actix_web::test]
async fn what_fails_is_named() {
    let failing = async |inertia: Inertia| {
        let props = Props::new().lazy("count", async || Err::<u32, _>("told to".into()));
        let error = inertia.render("Todos/Index", props).await.unwrap_err();
        format!("{error}: {}", std::error::Error::source(&error).unwrap())
    };
    let answer = Client::new().ask(failing, visit()).await;
    assert_eq!(
        answer.body,
        "could not compute the props of `Todos/Index`: told to"
    );
    let broken = Config::new("v1", |_, _| Err("no template".into()));
    let answer = Client::with(broken).ask(index, first_visit()).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
}
