//! Broadcasts over HTTP.

use action_cable::http::{BroadcastKey, Broadcasts};
use action_cable::{
    Adapter, AdapterError, BoxFuture, Cable, History, Hub, InProcess, ListenerStatus, Since,
    Stream, testing,
};
use actix_web::body::MessageBody as _;
use actix_web::http::Method;
use actix_web::{App, test};
use serde_json::{Value, json};

const KEY: &str = "Bearer 5ecret";

/// The status of the answer, whose body is empty.
async fn ask(cable: &Cable, method: Method, key: Option<&str>, body: impl Into<Vec<u8>>) -> u16 {
    let broadcasts = Broadcasts::new(cable.clone(), BroadcastKey::new("5ecret")).max_size(200);
    let app = test::init_service(App::new().configure(broadcasts.routes())).await;
    let mut request = test::TestRequest::with_uri("/_broadcast")
        .method(method)
        .set_payload(body.into());
    if let Some(key) = key {
        request = request.insert_header(("Authorization", key));
    }
    let response = test::call_service(&app, request.to_request()).await;
    let (status, body) = (response.status(), response.into_body().try_into_bytes());
    assert!(body.unwrap().is_empty());
    status.as_u16()
}

async fn post(cable: &Cable, body: &Value) -> u16 {
    ask(cable, Method::POST, Some(KEY), body.to_string()).await
}

#[actix_web::test]
async fn messages_reach_their_streams_in_order() {
    let cable = Cable::in_process();
    let mut broadcasts = testing::broadcasts(&cable, Stream::<Value>::new("s")).await;
    let one = json!({ "stream": "s", "data": r#"{"n":1}"#, "meta": { "exclude_socket": "x" } });
    assert_eq!(post(&cable, &one).await, 201);
    let more = json!([
        { "stream": "s", "data": "2" },
        { "stream": "other", "data": "0" },
        { "stream": "s", "data": "three" },
    ]);
    assert_eq!(post(&cable, &more).await, 201);
    let expected = [json!({ "n": 1 }), json!(2), json!("three")];
    assert_eq!(broadcasts.received(), expected);
}

#[actix_web::test]
async fn a_command_disconnects() {
    let cable = Cable::in_process();
    let mut orders = testing::broadcasts(&cable, Stream::<Value>::new("action_cable/7")).await;
    for reconnect in [true, false] {
        let payload = json!({ "identifier": "7", "reconnect": reconnect });
        let command = json!({ "command": "disconnect", "payload": payload });
        assert_eq!(post(&cable, &command).await, 201);
        let order = json!({ "type": "disconnect", "reconnect": reconnect });
        assert_eq!(orders.received(), [order]);
    }
}

#[actix_web::test]
async fn others_are_refused() {
    let cable = Cable::in_process();
    let mut broadcasts = testing::broadcasts(&cable, Stream::<Value>::new("s")).await;
    let body = r#"{"stream":"s","data":"1"}"#;
    let long = format!(r#"{{"stream":"s","data":"{}"}}"#, "1".repeat(200));
    for (method, key, body, expected) in [
        (Method::POST, None, body, 401),
        (Method::POST, Some("Bearer 5ecrets"), body, 401),
        (Method::POST, Some("5ecret"), body, 401),
        (Method::POST, Some("Basic 5ecret"), body, 401),
        (Method::POST, None, &long, 401),
        (Method::GET, Some(KEY), body, 422),
        (Method::PUT, Some(KEY), body, 422),
        (Method::POST, Some(KEY), "{", 422),
        (
            Method::POST,
            Some(KEY),
            r#"[{"stream":"s","data":"1"},{}]"#,
            422,
        ),
        (Method::POST, Some(KEY), &long, 413),
    ] {
        let status = ask(&cable, method, key, body).await;
        assert_eq!(status, expected, "{key:?} {body}");
    }
    assert_eq!(broadcasts.received(), Vec::<Value>::new());
}

/// Cannot pass anything on.
#[derive(Default)]
struct Broken(InProcess);

impl Adapter for Broken {
    fn broadcast<'a>(&'a self, _: &'a str, _: String) -> BoxFuture<'a, Result<(), AdapterError>> {
        Box::pin(async { Err("the disk is full".into()) })
    }

    fn history<'a>(
        &'a self,
        stream: &'a str,
        since: Since,
    ) -> BoxFuture<'a, Result<History, AdapterError>> {
        self.0.history(stream, since)
    }

    fn hub(&self) -> &Hub {
        self.0.hub()
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        self.0.ready()
    }

    fn listener(&self) -> ListenerStatus {
        self.0.listener()
    }
}

#[actix_web::test]
async fn what_could_not_be_done_is_told() {
    let cable = Cable::new(Broken::default());
    let message = json!({ "stream": "s", "data": "1" });
    assert_eq!(post(&cable, &message).await, 501);
    let command = json!({ "command": "disconnect", "payload": { "identifier": "7" } });
    assert_eq!(post(&cable, &command).await, 501);
}
