//! The cable process towards programs that are not ours: Rails, AnyCable's clients, Prometheus.

use anyhow::Result;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use test_support::{Process, Socket, production, wait_until};

const ORIGIN: &str = "http://127.0.0.1:3000";
const WELCOME: &str = r#"{"type":"welcome"}"#;
/// Signed by Active Support with the key that it derives from the secret of all our tests.
const ROOM: &str = include_str!("fixtures/room.token");
/// Signed with `ruby-to-go`.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHQiOiJ7XCJ1c2VyX2lkXCI6XCIxNVwifSIsImV4cCI6MzI1MDM2ODAwMDB9.UzNZUxb9q4wBmoTOpuSh6cfWPzE7bLJTZRWlK8GRgQQ";
const EXPIRED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHQiOiJ7XCJ1c2VyX2lkXCI6XCIxNVwifSIsImV4cCI6MTU3NzgzNjgwMH0.bDqO8no56GitpkECdXQI_7cSALC8G2mEaileY9XXDDE";

struct Cable {
    address: String,
    _process: Process,
    _folder: tempfile::TempDir,
}

impl Cable {
    async fn start(variables: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let usual = [("ALLOWED_ORIGINS", ORIGIN)];
        let variables: Vec<_> = usual.iter().chain(variables).copied().collect();
        let process = Process::start("cable", &[], &production(folder.path(), &variables))?;
        Ok(Self {
            address: process.address().await,
            _process: process,
            _folder: folder,
        })
    }

    async fn socket(&self, query: &str) -> Result<Socket> {
        let url = format!("ws://{}/cable{query}", self.address);
        Socket::open(&url, Some(ORIGIN)).await
    }

    async fn get(&self, path: &str) -> Result<(StatusCode, String)> {
        let response = reqwest::get(format!("http://{}{path}", self.address)).await?;
        Ok((response.status(), response.text().await?))
    }

    async fn broadcast(&self, key: &str, body: &Value) -> Result<u16> {
        let url = format!("http://{}/_broadcast", self.address);
        let request = Client::new().request(Method::POST, url).bearer_auth(key);
        Ok(request
            .body(body.to_string())
            .send()
            .await?
            .status()
            .as_u16())
    }

    async fn metric(&self, name: &str) -> Option<f64> {
        let (_, page) = self.get("/metrics").await.ok()?;
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line?.parse().ok()
    }
}

fn subscribe(identifier: &Value) -> String {
    json!({ "command": "subscribe", "identifier": identifier.to_string() }).to_string()
}

#[tokio::test]
async fn a_page_of_rails_gets_its_turbo_streams() -> Result<()> {
    let cable = Cable::start(&[("ANYCABLE_BROADCAST_KEY", "5ecret")]).await?;
    let mut page = cable.socket("").await?;
    let identifier = json!({
        "channel": "Turbo::StreamsChannel", "signed_stream_name": ROOM.trim(),
    });
    page.send(&subscribe(&identifier)).await?;
    page.text_with("confirm_subscription").await?;
    let html = r#"<turbo-stream action="append"></turbo-stream>"#;
    let message = json!({ "stream": "room:1", "data": json!(html).to_string() });
    assert_eq!(cable.broadcast("wrong", &message).await?, 401);
    assert_eq!(cable.broadcast("5ecret", &message).await?, 201);
    let frame: Value = serde_json::from_str(&page.text_with("turbo-stream").await?)?;
    assert_eq!(frame["message"], html);
    let forged = json!({
        "channel": "Turbo::StreamsChannel", "signed_stream_name": ROOM.trim().replace("--", "--0"),
    });
    page.send(&subscribe(&forged)).await?;
    page.text_with("reject_subscription").await?;
    Ok(())
}

#[tokio::test]
async fn tokens_are_asked_for_when_that_is_wanted() -> Result<()> {
    let cable = Cable::start(&[
        ("ANYCABLE_JWT_SECRET", "ruby-to-go"),
        ("ANYCABLE_ENFORCE_JWT", "true"),
    ])
    .await?;
    let mut bearer = cable.socket(&format!("?jid={TOKEN}")).await?;
    assert_eq!(bearer.text().await?, WELCOME);
    for (query, reason) in [
        (String::new(), "unauthorized"),
        (format!("?jid={EXPIRED}"), "token_expired"),
    ] {
        let mut refused = cable.socket(&query).await?;
        let told = format!(r#"{{"type":"disconnect","reason":"{reason}","reconnect":false}}"#);
        assert_eq!(refused.text().await?, told);
    }
    assert_eq!(
        cable.metric("anycable_go_failed_auths_total").await,
        Some(2.0)
    );
    Ok(())
}

#[tokio::test]
async fn a_program_disconnects_a_client() -> Result<()> {
    let cable = Cable::start(&[("ANYCABLE_SECRET", "ruby-to-go")]).await?;
    let mut bearer = cable.socket(&format!("?jid={TOKEN}")).await?;
    assert_eq!(bearer.text().await?, WELCOME);
    let payload = json!({ "identifier": r#"{"user_id":"15"}"#, "reconnect": false });
    let command = json!({ "command": "disconnect", "payload": payload });
    // What `openssl dgst -sha256 -hmac ruby-to-go` makes of `broadcast-cable`.
    let key = include_str!("fixtures/broadcast.key").trim();
    assert_eq!(cable.broadcast(key, &command).await?, 201);
    let told = r#"{"type":"disconnect","reason":"remote","reconnect":false}"#;
    assert_eq!(bearer.text().await?, told);
    Ok(())
}

#[tokio::test]
async fn nothing_of_it_is_open_by_default() -> Result<()> {
    let cable = Cable::start(&[]).await?;
    let message = json!({ "stream": "todos", "data": "1" });
    assert_eq!(cable.broadcast("", &message).await?, 404);
    let mut socket = cable.socket("?jid=nonsense").await?;
    assert_eq!(socket.text().await?, WELCOME);
    let identifier = json!({ "channel": "$pubsub", "stream_name": "todos" });
    socket.send(&subscribe(&identifier)).await?;
    socket.text_with("reject_subscription").await?;
    Ok(())
}

#[tokio::test]
async fn the_process_tells_how_it_is() -> Result<()> {
    let cable = Cable::start(&[]).await?;
    let is_up = || async {
        cable
            .get("/up")
            .await
            .is_ok_and(|(status, _)| status == 200)
    };
    wait_until("the listener to listen", is_up).await;
    let (_, page) = cable.get("/up").await?;
    assert!(page.contains("background-color: green"), "{page}");
    assert!(page.contains("listener: listening, last looked "), "{page}");
    let mut socket = cable.socket("").await?;
    assert_eq!(socket.text().await?, WELCOME);
    assert_eq!(cable.metric("anycable_go_clients_num").await, Some(1.0));
    assert_eq!(cable.metric("action_cable_listener_up").await, Some(1.0));
    let (status, metrics) = cable.get("/metrics").await?;
    assert_eq!(status, 200);
    assert!(
        metrics.contains("# TYPE anycable_go_client_msg_total counter"),
        "{metrics}"
    );
    Ok(())
}
