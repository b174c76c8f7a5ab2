//! Changes of the whole list, and changes that are sent twice, over a real process.

use std::io::Write as _;
use std::net::TcpStream;

use anyhow::Result;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use test_support::{Browser, Web, wait_until};

async fn send(web: &Web, method: Method, path: &str, body: Value, key: &str) -> Result<Response> {
    let request = web.browser.visit(method, path)?.json(&body);
    Ok(request.header("idempotency-key", key).send().await?)
}

/// Whether each todo is done, the newest first, and the revision of the list.
async fn list(web: &Web) -> Result<(Vec<bool>, i64)> {
    let props = web.browser.props().await?;
    let todos = props["todos"].as_array().cloned().unwrap_or_default();
    let completed = todos.iter().map(|todo| todo["completed"] == true).collect();
    Ok((completed, props["rev"].as_i64().unwrap_or_default()))
}

fn completed(completed: bool) -> Value {
    json!({ "todo": { "completed": completed } })
}

async fn message(response: Response) -> Result<String> {
    let page: Value = response.json().await?;
    let message = page["props"]["message"].as_str().unwrap_or_default();
    Ok(message.to_owned())
}

#[tokio::test]
async fn all_are_done_and_cleared_at_once() -> Result<()> {
    let web = Web::with_todos(&["a", "b", "c"]).await?;
    let send = async |method, path: &str, body: Value| {
        let request = web.browser.visit(method, path)?.json(&body);
        let response = request.send().await?;
        assert_eq!(response.headers()["location"].to_str()?, "/todos");
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        list(&web).await
    };
    let (done, first) = send(Method::PATCH, "/todos", completed(true)).await?;
    assert_eq!(done, [true; 3]);
    // Nothing differs any more, so nothing is written.
    let (_, again) = send(Method::PUT, "/todos", completed(true)).await?;
    assert_eq!(again, first);
    let (done, _) = send(Method::PUT, "/todos", completed(false)).await?;
    assert_eq!(done, [false; 3]);

    web.browser.create("d").await?;
    let newest = web.browser.props().await?["todos"][0]["id"].clone();
    send(Method::PATCH, &format!("/todos/{newest}"), completed(true)).await?;
    let (left, _) = send(Method::DELETE, "/todos/completed", json!({})).await?;
    assert_eq!(left, [false; 3]);
    Ok(())
}

#[tokio::test]
async fn all_need_to_know_what_to_become() -> Result<()> {
    let web = Web::with_todos(&["a"]).await?;
    let body = json!({ "todo": { "title": "all alike" } });
    let response = web.browser.visit(Method::PATCH, "/todos")?.json(&body);
    let response = response.send().await?;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        message(response).await?,
        "Expected `todo[completed]`, got none."
    );
    Ok(())
}

#[tokio::test]
async fn what_is_sent_twice_is_done_once() -> Result<()> {
    let web = Web::with_todos(&[]).await?;
    let milk = json!({ "todo": { "title": "milk" } });
    for _ in 0..2 {
        let key = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";
        let response = send(&web, Method::POST, "/todos", milk.clone(), key).await?;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(list(&web).await?, (vec![false], 1));
    }
    // The key is the same without its quotes.
    let key = "8e03978e-40d5-43dd-bc93-6894a57f9324";
    send(&web, Method::POST, "/todos", milk.clone(), key).await?;
    assert_eq!(list(&web).await?.1, 1);

    let tea = json!({ "todo": { "title": "tea" } });
    let other = send(&web, Method::POST, "/todos", tea, key).await?;
    assert_eq!(other.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let told = message(other).await?;
    assert!(told.starts_with("Expected each change to have"), "{told}");
    assert_eq!(list(&web).await?.1, 1);

    let stranger = Browser::open(&web.url).await?;
    let request = stranger.visit(Method::POST, "/todos")?.json(&milk);
    request.header("idempotency-key", key).send().await?;
    assert_eq!(list(&web).await?.1, 2);
    Ok(())
}

#[tokio::test]
async fn a_change_that_failed_may_be_sent_again() -> Result<()> {
    let web = Web::with_todos(&[]).await?;
    let done = completed(true);
    let missing = send(&web, Method::PATCH, "/todos/1", done.clone(), "k");
    assert_eq!(missing.await?.status(), StatusCode::NOT_FOUND);
    let blank = json!({ "todo": { "title": " " } });
    send(&web, Method::POST, "/todos", blank, "k").await?;
    assert_eq!(
        web.browser.props().await?["errors"]["title"],
        "can't be blank"
    );
    let milk = json!({ "todo": { "title": "milk" } });
    send(&web, Method::POST, "/todos", milk, "k").await?;
    assert_eq!(list(&web).await?, (vec![false], 1));

    let delete = async || {
        let path = "/todos/1";
        let response = send(&web, Method::DELETE, path, json!({}), "d").await?;
        Ok::<_, anyhow::Error>(response.status())
    };
    // The second one finds no todo, but knows that it is the first one's twin.
    assert_eq!(delete().await?, StatusCode::SEE_OTHER);
    assert_eq!(delete().await?, StatusCode::SEE_OTHER);
    Ok(())
}

#[tokio::test]
async fn keys_that_are_none_are_refused() -> Result<()> {
    let web = Web::with_todos(&[]).await?;
    let milk = json!({ "todo": { "title": "milk" } });
    let response = send(&web, Method::POST, "/todos", milk, "a b").await?;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let told = message(response).await?;
    assert!(told.starts_with("Expected one Idempotency-Key"), "{told}");
    assert_eq!(list(&web).await?.1, 0);
    Ok(())
}

#[tokio::test]
async fn it_is_back_to_the_filter_that_was_on() -> Result<()> {
    let web = Web::with_todos(&["a"]).await?;
    let props = async |path: &str| {
        let visit = web.browser.request(Method::GET, path)?.send().await?;
        let html = visit.text().await?;
        Ok::<_, anyhow::Error>(html.contains(r#""filter":"active""#))
    };
    assert!(props("/todos?filter=active").await?);
    assert!(!props("/todos?filter=urgent").await?);

    let referer = format!("{}/todos?filter=active", web.url);
    let request = web.browser.visit(Method::PATCH, "/todos")?;
    let request = request.json(&completed(true)).header("referer", referer);
    let response = request.send().await?;
    assert_eq!(
        response.headers()["location"].to_str()?,
        "/todos?filter=active"
    );
    Ok(())
}

#[tokio::test]
async fn a_change_is_made_although_its_author_goes_away() -> Result<()> {
    let web = Web::with_todos(&[]).await?;
    let host = web.url.trim_start_matches("http://");
    let cookies = web.browser.cookies().unwrap_or_default();
    let token = web.browser.csrf_token().unwrap_or_default();
    let body = json!({ "todo": { "title": "last words" } }).to_string();
    let request = format!(
        "POST /todos HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\nX-XSRF-TOKEN: {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    // As a tab that is closed: the connection ends before there is an answer.
    TcpStream::connect(host)?.write_all(request.as_bytes())?;
    wait_until("the todo", || async {
        list(&web).await.is_ok_and(|(todos, _)| todos.len() == 1)
    })
    .await;
    Ok(())
}
