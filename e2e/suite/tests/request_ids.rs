//! A change leaves the id of its request in the logs of every process that it goes through.

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;
use test_support::{Browser, Process, Socket, Suite, wait_for};

const ID: &str = "change-7@test";

/// The first line of a JSON log that says so and is about the request.
async fn line(process: &Process, message: &str) -> Value {
    let what = format!("`{message}` with the request's id");
    wait_for(&what, || async {
        let output = process.output();
        let lines = output
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines
            .into_iter()
            .find(|line: &Value| line["message"] == message && is_of_request(line))
    })
    .await
}

/// Whether the line, or a span around it, names the request.
fn is_of_request(line: &Value) -> bool {
    let own = std::iter::once(line);
    let spans = line["spans"].as_array().into_iter().flatten();
    own.chain(spans).any(|fields| fields["request.id"] == ID)
}

#[tokio::test]
async fn one_id_goes_from_the_front_to_the_broadcast() -> Result<()> {
    let logs = [
        ("LOG_FORMAT", "json"),
        ("RUST_LOG", "info,action_cable=debug"),
    ];
    let suite = Suite::start(&logs).await?;
    let front = suite.front(&[("LOG_FORMAT", "json")])?;
    let url = format!("http://{}", front.address().await);
    let mut socket = suite.socket().await?;
    let browser = Browser::open(&url).await?;
    let sent = format!("{ID}\t\"}}"); // what is not allowed in an id is left out
    let create = browser.visit(Method::POST, "/todos")?;
    let answer = create
        .header("X-Request-Id", sent)
        .json(&serde_json::json!({ "todo": { "title": "traced" } }))
        .send()
        .await?;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["x-request-id"], ID);
    socket.text_with("traced").await?;

    line(&front, "answered a request").await;
    let served = line(&suite.web, "served a request").await;
    assert_eq!(served["span"]["name"], "request");
    let performed = line(&suite.worker, "performed the job").await;
    let span = &performed["span"];
    assert_eq!(
        (&span["name"], &span["job.class"]),
        (&"job.perform".into(), &"BroadcastTodosJob".into())
    );
    assert_eq!(span["request.id"], ID);
    line(&suite.worker, "broadcast the todos").await;
    line(&suite.worker, "broadcast").await;
    Ok(())
}

#[tokio::test]
async fn every_request_has_an_id_and_every_connection_that_of_its_handshake() -> Result<()> {
    let logs = [
        ("LOG_FORMAT", "json"),
        ("RUST_LOG", "info,action_cable=debug"),
    ];
    let suite = Suite::start(&logs).await?;
    let answer = reqwest::get(format!("{}/todos", suite.url())).await?;
    let id = answer.headers()["x-request-id"].to_str()?.to_owned();
    assert_eq!(id.len(), 36, "{id}");
    let front = suite.front(&[("LOG_FORMAT", "json")])?;
    let address = front.address().await;
    let own = format!("http://{address}");
    let _socket = Socket::subscribe(&format!("ws://{address}/cable"), &own).await?;
    let told = wait_for("the handshake in both logs", || async {
        let asked = find(&front, "answered a request", |line| {
            Some(line["request.id"].as_str()?.to_owned())
        });
        let connected = find(&suite.cable, "a client connected", |line| {
            assert!(line["span"]["connection.id"].is_u64(), "{line}");
            Some(line["span"]["request.id"].as_str()?.to_owned())
        });
        asked.zip(connected)
    });
    let (asked, connected) = told.await;
    assert_eq!(asked, connected);
    Ok(())
}

fn find<T>(process: &Process, message: &str, part: impl Fn(&Value) -> Option<T>) -> Option<T> {
    let output = process.output();
    let lines = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["message"] == message)
        .find_map(|line| part(&line))
}
