//! The todos controller over a real process: what it takes, and what it refuses.

use anyhow::Result;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_support::{Browser, Web};

async fn errors(web: &Web) -> Result<Value> {
    Ok(web.browser.props().await?["errors"].clone())
}

#[tokio::test]
async fn forms_and_json_do_the_same() -> Result<()> {
    let web = Web::start(&[]).await?;
    let form = web
        .browser
        .visit(Method::POST, "/todos")?
        .form(&[("todo[title]", "by form")]);
    assert_eq!(form.send().await?.status(), StatusCode::SEE_OTHER);
    let json = web.browser.create("by json").await?;
    assert_eq!(
        (json.status(), json.headers()["location"].to_str()?),
        (StatusCode::SEE_OTHER, "/todos")
    );
    let todos = web.browser.props().await?["todos"].clone();
    assert_eq!(
        (&todos[0]["title"], &todos[1]["title"]),
        (&json!("by json"), &json!("by form"))
    );

    let path = format!("/todos/{}", todos[0]["id"]);
    for (method, done) in [(Method::PATCH, "1"), (Method::PUT, "0")] {
        let form = [("todo[completed]", done)];
        let response = web.browser.visit(method, &path)?.form(&form).send().await?;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(
            web.browser.props().await?["todos"][0]["completed"],
            done == "1"
        );
    }
    Ok(())
}

#[tokio::test]
async fn invalid_titles_come_back_as_errors_once() -> Result<()> {
    let web = Web::start(&[]).await?;
    let cases = [
        ("   ", "can't be blank"),
        (
            &"x".repeat(10_000),
            "is too long (maximum is 255 characters)",
        ),
    ];
    for (title, message) in cases {
        assert_eq!(
            web.browser.create(title).await?.status(),
            StatusCode::SEE_OTHER
        );
        assert_eq!(errors(&web).await?, json!({ "title": message }));
        assert_eq!(errors(&web).await?, json!({}));
    }
    assert_eq!(web.browser.props().await?["rev"], 0);
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_not_found() -> Result<()> {
    let web = Web::start(&[]).await?;
    let done = json!({ "todo": { "completed": true } });
    for path in [
        "/todos/4711",
        "/todos/abc",
        "/todos/99999999999999999999",
        "/nowhere",
    ] {
        let response = web
            .browser
            .visit(Method::PATCH, path)?
            .json(&done)
            .send()
            .await?;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        let page: Value = response.json().await?;
        assert_eq!(
            (&page["component"], &page["props"]["status"]),
            (&json!("Errors/Show"), &json!(404)),
            "{path}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn malformed_bodies_are_named() -> Result<()> {
    let web = Web::start(&[]).await?;
    let cases = [
        ("application/json", "{", 400, "The body is not JSON"),
        (
            "application/json",
            "{}",
            400,
            "Param is missing or the value is empty: todo.",
        ),
        (
            "application/x-www-form-urlencoded",
            "a=b",
            400,
            "Param is missing or the value is empty: todo.",
        ),
        ("application/x-www-form-urlencoded", "%ff=%ff", 400, ""),
        ("text/plain", "milk", 415, "Expected a form"),
    ];
    for (content_type, body, status, message) in cases {
        let request = web
            .browser
            .visit(Method::POST, "/todos")?
            .header("content-type", content_type);
        let response = request.body(body).send().await?;
        assert_eq!(response.status().as_u16(), status, "{body}");
        let page: Value = response.json().await?;
        let told = page["props"]["message"].as_str().unwrap_or_default();
        assert!(told.contains(message), "{body}: {told}");
    }
    let large = web.browser.create(&"x".repeat(200_000)).await?;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let page: Value = large.json().await?;
    let told = page["props"]["message"].as_str().unwrap_or_default();
    assert_eq!(told, "The request is larger than the server takes.");
    assert_eq!(web.browser.props().await?["todos"], json!([]));
    Ok(())
}

#[tokio::test]
async fn wrong_methods_are_told_the_right_ones() -> Result<()> {
    let web = Web::start(&[]).await?;
    let cases = [
        ("/todos", Method::DELETE, "GET, HEAD, POST, PATCH, PUT"),
        ("/todos/completed", Method::POST, "DELETE"),
        ("/todos/1", Method::GET, "PATCH, PUT, POST, DELETE"),
    ];
    for (path, method, allowed) in cases {
        let token = web.browser.csrf_token().unwrap_or_default();
        let response = web
            .browser
            .request(method, path)?
            .header("x-xsrf-token", token)
            .send()
            .await?;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(response.headers()["allow"].to_str()?, allowed);
    }
    let head = web.browser.request(Method::HEAD, "/todos")?.send().await?;
    assert_eq!(head.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn writes_need_the_token_of_the_session() -> Result<()> {
    let web = Web::start(&[]).await?;
    let stranger = Browser::open(&web.url).await?;
    let body = json!({ "todo": { "title": "forged" } });
    let post = || web.browser.request(Method::POST, "/todos");
    let foreign_token = stranger.csrf_token().unwrap_or_default();
    let own_token = web.browser.csrf_token().unwrap_or_default();
    let attempts = [
        ("no token", post()?),
        (
            "a wrong token",
            post()?.header("x-xsrf-token", "0".repeat(64)),
        ),
        (
            "the token of another session",
            post()?.header("x-xsrf-token", foreign_token),
        ),
        (
            "a foreign origin",
            post()?
                .header("x-xsrf-token", &own_token)
                .header("origin", "https://evil.example"),
        ),
        (
            "a cross-site fetch",
            post()?
                .header("x-xsrf-token", &own_token)
                .header("sec-fetch-site", "cross-site"),
        ),
    ];
    for (what, request) in attempts {
        let response = request.json(&body).send().await?;
        assert_eq!(
            response.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{what}"
        );
        assert_eq!(
            response.headers()["x-content-type-options"].to_str()?,
            "nosniff"
        );
        assert!(
            response
                .text()
                .await?
                .contains("<h1>The change was refused</h1>"),
            "{what}"
        );
    }
    let inertia = post()?
        .header("x-inertia", "true")
        .json(&body)
        .send()
        .await?;
    assert_eq!(inertia.headers()["x-inertia"].to_str()?, "true");
    assert_eq!(inertia.json::<Value>().await?["component"], "Errors/Show");
    let own_origin = post()?
        .header("x-xsrf-token", &own_token)
        .header("origin", &web.url);
    assert_eq!(
        own_origin.json(&body).send().await?.status(),
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        web.browser.props().await?["todos"].as_array().map(Vec::len),
        Some(1)
    );
    Ok(())
}

#[tokio::test]
async fn a_session_that_was_tampered_with_is_none() -> Result<()> {
    let web = Web::start(&[]).await?;
    let cookies = web.browser.cookies().unwrap_or_default();
    let token = web.browser.csrf_token().unwrap_or_default();
    let post = async |cookies: &str| {
        let request = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let request = request
            .post(format!("{}/todos", web.url))
            .header("cookie", cookies);
        let request = request
            .header("x-xsrf-token", &token)
            .form(&[("todo[title]", "mine")]);
        Ok::<_, anyhow::Error>(request.send().await?.status())
    };
    assert_eq!(post(&cookies).await?, StatusCode::SEE_OTHER);
    web.process
        .line_with("http.path=\"/todos\" http.status=303")
        .await;
    let (before, after) = cookies.split_once("_trifecta_session=").unwrap_or_default();
    let flipped = if after.starts_with('A') { "B" } else { "A" };
    let tampered = format!("{before}_trifecta_session={flipped}{}", &after[1..]);
    assert_eq!(post(&tampered).await?, StatusCode::UNPROCESSABLE_ENTITY);
    web.process.line_with("refused a request").await;
    assert!(
        !web.process.output().contains(&token),
        "a token is in the log"
    );
    Ok(())
}

#[tokio::test]
async fn hostile_titles_stay_text() -> Result<()> {
    let web = Web::start(&[]).await?;
    let title = "</script><script>alert(1)</script>";
    web.browser.create(title).await?;
    let html = web
        .browser
        .request(Method::GET, "/todos")?
        .send()
        .await?
        .text()
        .await?;
    assert!(!html.contains("<script>alert"), "{html}");
    assert_eq!(web.browser.props().await?["todos"][0]["title"], title);
    Ok(())
}

#[tokio::test]
async fn the_rest_of_the_urls() -> Result<()> {
    let web = Web::start(&[]).await?;
    let get = |path| web.browser.request(Method::GET, path);
    let home = get("/")?.send().await?;
    assert_eq!(
        (home.status().as_u16(), home.headers()["location"].to_str()?),
        (302, "/todos")
    );
    assert_eq!(get("/up")?.send().await?.status(), StatusCode::OK);

    let asset = get("/assets/inertia-abc123.js")?.send().await?;
    assert_eq!(
        asset.headers()["cache-control"].to_str()?,
        "public, max-age=31536000, immutable"
    );
    assert!(asset.headers().get("set-cookie").is_none());
    for path in [
        "/assets/nothing.js",
        "/assets/../.vite/manifest.json",
        "/assets/%2e%2e/.vite/manifest.json",
    ] {
        assert_eq!(
            get(path)?.send().await?.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let missing = get("/nowhere")?
        .header("accept", "application/json")
        .send()
        .await?;
    assert_eq!(
        missing.json::<Value>().await?["error"],
        "There is nothing here"
    );
    Ok(())
}
