//! A change travels from the web process through the queue file, the worker and the cable file to every socket.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};
use test_support::Suite;

fn message(frame: &str) -> Value {
    serde_json::from_str::<Value>(frame)
        .map(|frame| frame["message"].clone())
        .unwrap_or_default()
}

#[tokio::test]
async fn a_change_reaches_every_socket() -> Result<()> {
    let suite = Suite::start(&[]).await?;
    let browser = suite.browser().await?;
    let (mut first, mut second) = (suite.socket().await?, suite.socket().await?);

    assert_eq!(browser.create("milk").await?.status(), 303);
    for socket in [&mut first, &mut second] {
        let list = message(&socket.text_with("milk").await?);
        assert_eq!(list["todos"][0]["title"], "milk");
        assert_eq!(list["rev"], 1);
    }

    let id = browser.props().await?["todos"][0]["id"].clone();
    let path = format!("/todos/{id}");
    let done = json!({ "todo": { "completed": true } });
    assert_eq!(
        browser
            .visit(Method::PATCH, &path)?
            .json(&done)
            .send()
            .await?
            .status(),
        303
    );
    let list = message(&first.text_with(r#""rev":2"#).await?);
    assert_eq!(list["todos"][0]["completed"], true);

    assert_eq!(
        browser.visit(Method::DELETE, &path)?.send().await?.status(),
        303
    );
    let list = message(&second.text_with(r#""rev":3"#).await?);
    assert_eq!(list["todos"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_new_socket_gets_the_list_before_its_confirmation() -> Result<()> {
    let suite = Suite::start(&[]).await?;
    let browser = suite.browser().await?;
    browser.create("already there").await?;
    let mut socket = test_support::Socket::open(&suite.cable_url(), Some(&suite.url())).await?;
    assert_eq!(socket.text().await?, r#"{"type":"welcome"}"#);
    socket
        .send(r#"{"command":"subscribe","identifier":"{\"channel\":\"TodosChannel\"}"}"#)
        .await?;
    let list = message(&socket.text().await?);
    assert_eq!(list["todos"][0]["title"], "already there");
    let props = browser.props().await?;
    assert_eq!(
        (&list["rev"], &list["epoch"]),
        (&props["rev"], &props["epoch"])
    );
    let confirmation =
        r#"{"identifier":"{\"channel\":\"TodosChannel\"}","type":"confirm_subscription"}"#;
    assert_eq!(socket.text().await?, confirmation);
    Ok(())
}

#[tokio::test]
async fn polling_alone_does_too() -> Result<()> {
    let suite = Suite::start(&[
        ("DATABASE__QUEUE__WATCH", "false"),
        ("DATABASE__CABLE__WATCH", "false"),
    ])
    .await?;
    let mut socket = suite.socket().await?;
    suite.browser().await?.create("found by polling").await?;
    socket.text_with("found by polling").await?;
    Ok(())
}

#[tokio::test]
async fn all_processes_stop_cleanly() -> Result<()> {
    let mut suite = Suite::start(&[]).await?;
    let mut socket = suite.socket().await?;
    assert_eq!(suite.cable.stop().await?.code(), Some(0));
    let goodbye = socket.text().await?;
    assert_eq!(
        goodbye,
        r#"{"type":"disconnect","reason":"server_restart","reconnect":true}"#
    );
    socket.closed().await?;
    assert_eq!(suite.worker.stop().await?.code(), Some(0));
    assert_eq!(suite.web.stop().await?.code(), Some(0));
    Ok(())
}
