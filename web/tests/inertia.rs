//! The Inertia protocol as its client speaks it, over a real process.

use anyhow::Result;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use test_support::{Browser, Process, production};

async fn with_web<F>(test: impl FnOnce(Browser, String) -> F) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let folder = tempfile::tempdir()?;
    let process = Process::start("web", &[], &production(folder.path(), &[]))?;
    let browser = Browser::open(&format!("http://{}", process.address().await)).await?;
    let html = browser
        .request(Method::GET, "/todos")?
        .send()
        .await?
        .text()
        .await?;
    let version = html
        .split(r#""version":""#)
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_default();
    let version = version.to_owned();
    test(browser, version).await
}

fn vary(response: &Response) -> String {
    let values = response
        .headers()
        .get_all("vary")
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(", ").to_lowercase()
}

#[tokio::test]
async fn a_first_visit_is_a_document() -> Result<()> {
    with_web(|browser, version| async move {
        let response = browser
            .request(Method::GET, "/todos?filter=active")?
            .send()
            .await?;
        assert_eq!(
            response.headers()["content-type"].to_str()?,
            "text/html; charset=utf-8"
        );
        assert_eq!(
            response.headers()["cache-control"].to_str()?,
            "max-age=0, private, must-revalidate"
        );
        assert!(vary(&response).contains("x-inertia"));
        let html = response.text().await?;
        assert!(html.contains(
            r#"<script data-page="app" type="application/json">{"component":"Todos/Index""#
        ));
        assert!(html.contains(r#"<div id="app"></div>"#));
        assert!(html.contains(r#""url":"/todos?filter=active""#));
        assert!(html.contains(r#"<script type="module" src="/assets/inertia-abc123.js" nonce=""#));
        assert!(
            html.contains(r#"<meta name="action-cable-url" content="ws://127.0.0.1:0/cable">"#),
            "{html}"
        );
        assert_eq!(version.len(), 16);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_visit_is_json_and_a_partial_one_less_of_it() -> Result<()> {
    with_web(|browser, version| async move {
        let visit = || Ok::<_, anyhow::Error>(browser.visit(Method::GET, "/todos")?.header("x-inertia-version", &version));
        let response = visit()?.send().await?;
        assert_eq!(response.headers()["x-inertia"].to_str()?, "true");
        assert!(vary(&response).contains("x-inertia"));
        let page: Value = response.json().await?;
        let epoch = page["props"]["epoch"].clone();
        let props = json!({ "todos": [], "rev": 0, "epoch": epoch, "filter": "all", "errors": {} });
        assert_eq!(page, json!({ "component": "Todos/Index", "props": props, "url": "/todos", "version": version }));

        let partial = visit()?.header("x-inertia-partial-component", "Todos/Index");
        let page: Value = partial.header("x-inertia-partial-data", "rev").send().await?.json().await?;
        assert_eq!(page["props"], json!({ "rev": 0, "errors": {} }));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn stale_assets_make_the_browser_load_the_page() -> Result<()> {
    with_web(|browser, _| async move {
        for stale in [Some("old"), None] {
            let mut visit = browser.visit(Method::GET, "/todos?a=b")?;
            if let Some(version) = stale {
                visit = visit.header("x-inertia-version", version);
            }
            let response = visit.send().await?;
            assert_eq!(response.status(), StatusCode::CONFLICT);
            assert_eq!(
                response.headers()["x-inertia-location"].to_str()?,
                "/todos?a=b"
            );
        }
        // A write is never sent back, and its errors wait for the page that is loaded in the end.
        let write = browser
            .visit(Method::POST, "/todos")?
            .header("x-inertia-version", "old");
        let response = write
            .json(&json!({ "todo": { "title": "" } }))
            .send()
            .await?;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        browser
            .visit(Method::GET, "/todos")?
            .header("x-inertia-version", "old")
            .send()
            .await?;
        assert_eq!(
            browser.props().await?["errors"],
            json!({ "title": "can't be blank" })
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_browser_that_has_the_page_is_told_so_until_the_list_changes() -> Result<()> {
    with_web(|browser, version| async move {
        let html = || browser.request(Method::GET, "/todos");
        let json = || {
            let visit = browser.visit(Method::GET, "/todos")?;
            Ok::<_, anyhow::Error>(visit.header("x-inertia-version", &version))
        };
        let etag = |response: &Response| response.headers()["etag"].clone();
        let (of_html, of_json) = (etag(&html()?.send().await?), etag(&json()?.send().await?));
        let asked = [
            (html()?.header("if-none-match", &of_html), 304),
            (json()?.header("if-none-match", &of_json), 304),
            (html()?.header("if-none-match", &of_json), 200),
            (json()?.header("if-none-match", &of_html), 200),
        ];
        for (request, status) in asked {
            let response = request.send().await?;
            assert_eq!(response.status().as_u16(), status);
            let policy = response.headers().get("content-security-policy");
            assert!(
                status == 200 || policy.is_none(),
                "a new nonce would break the page that is kept"
            );
            assert!(vary(&response).contains("x-inertia"));
        }
        browser.create("milk").await?;
        for request in [
            html()?.header("if-none-match", &of_html),
            json()?.header("if-none-match", &of_json),
        ] {
            assert_eq!(request.send().await?.status(), StatusCode::OK);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn forms_may_ask_whether_they_would_be_taken() -> Result<()> {
    with_web(|browser, _| async move {
        browser.create("milk").await?;
        let todos = browser.props().await?["todos"].clone();
        let path = format!("/todos/{}", todos[0]["id"]);
        let asked = [
            (Method::POST, "/todos", " ", Some("can't be blank")),
            (Method::POST, "/todos", "tea", None),
            (Method::PATCH, &path, "", Some("can't be blank")),
            (Method::PATCH, &path, "tea", None),
            (Method::DELETE, &path, "", None),
        ];
        for (method, path, title, message) in asked {
            let request = browser.visit(method, path)?.header("precognition", "true");
            let response = request
                .json(&json!({ "todo": { "title": title } }))
                .send()
                .await?;
            assert_eq!(response.headers()["precognition"].to_str()?, "true");
            let Some(message) = message else {
                assert_eq!(response.status(), StatusCode::NO_CONTENT);
                continue;
            };
            assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(
                response.json::<Value>().await?,
                json!({ "errors": { "title": message } })
            );
        }
        assert_eq!(browser.props().await?["todos"], todos);
        Ok(())
    })
    .await
}
