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
