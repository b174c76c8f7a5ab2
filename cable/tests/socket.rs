//! The cable process against clients that do what they should not.

use anyhow::Result;
use test_support::{Message, Process, Socket, production};

const ORIGIN: &str = "http://127.0.0.1:3000";

struct Cable {
    address: String,
    process: Process,
    _folder: tempfile::TempDir,
}

impl Cable {
    async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let process = Process::start(
            "cable",
            &[],
            &production(folder.path(), &[("ALLOWED_ORIGINS", ORIGIN)]),
        )?;
        Ok(Self {
            address: process.address().await,
            process,
            _folder: folder,
        })
    }

    fn url(&self) -> String {
        format!("ws://{}/cable", self.address)
    }
}

#[tokio::test]
async fn foreign_origins_are_refused() -> Result<()> {
    let cable = Cable::start().await?;
    for origin in [
        Some("https://evil.example"),
        Some("http://127.0.0.1:3001"),
        Some("null"),
        None,
    ] {
        let refused = Socket::open(&cable.url(), origin)
            .await
            .err()
            .map(|error| error.to_string());
        assert_eq!(
            refused.as_deref(),
            Some("the server answered 404"),
            "{origin:?}"
        );
    }
    let own = format!("http://{}", cable.address);
    Socket::open(&cable.url(), Some(&own)).await?;
    Socket::open(&cable.url(), Some(ORIGIN)).await?;
    Ok(())
}

#[tokio::test]
async fn garbage_is_ignored_and_the_socket_goes_on() -> Result<()> {
    let cable = Cable::start().await?;
    let mut socket = Socket::open(&cable.url(), Some(ORIGIN)).await?;
    assert_eq!(socket.text().await?, r#"{"type":"welcome"}"#);
    let garbage = [
        "",
        "{",
        "null",
        "[]",
        r#"{"command":"explode"}"#,
        r#"{"command":"subscribe"}"#,
        r#"{"command":7}"#,
    ];
    for frame in garbage {
        socket.send(frame).await?;
    }
    socket
        .send_message(Message::binary(vec![0, 159, 146, 150]))
        .await?;
    socket
        .send(r#"{"command":"unsubscribe","identifier":"nobody"}"#)
        .await?;
    socket
        .send(r#"{"command":"subscribe","identifier":"{\"channel\":\"TodosChannel\"}"}"#)
        .await?;
    assert!(socket.text().await?.contains(r#""todos":[]"#));
    assert!(socket.text().await?.contains("confirm_subscription"));
    Ok(())
}

#[tokio::test]
async fn unknown_channels_are_rejected() -> Result<()> {
    let cable = Cable::start().await?;
    let mut socket = Socket::open(&cable.url(), Some(ORIGIN)).await?;
    socket.text_with("welcome").await?;
    socket
        .send(r#"{"command":"subscribe","identifier":"{\"channel\":\"NoChannel\"}"}"#)
        .await?;
    let rejection = r#"{"identifier":"{\"channel\":\"NoChannel\"}","type":"reject_subscription"}"#;
    assert_eq!(socket.text().await?, rejection);
    Ok(())
}

#[tokio::test]
async fn other_requests_find_nothing_and_up_is_up() -> Result<()> {
    let cable = Cable::start().await?;
    let get = async |path: &str| reqwest::get(format!("http://{}{path}", cable.address)).await;
    let not_a_socket = get("/cable").await?;
    assert_eq!(
        (
            not_a_socket.status().as_u16(),
            not_a_socket.text().await?.as_str()
        ),
        (404, "Page not found")
    );
    assert_eq!(get("/nowhere").await?.status().as_u16(), 404);
    let is_up = || async {
        get("/up")
            .await
            .is_ok_and(|response| response.status() == 200)
    };
    test_support::wait_until("the listener to listen", is_up).await;
    Ok(())
}

#[tokio::test]
async fn a_stop_says_goodbye() -> Result<()> {
    let mut cable = Cable::start().await?;
    let mut socket = Socket::subscribe(&cable.url(), ORIGIN).await?;
    assert_eq!(cable.process.stop().await?.code(), Some(0));
    let goodbye = r#"{"type":"disconnect","reason":"server_restart","reconnect":true}"#;
    assert_eq!(socket.text().await?, goodbye);
    Ok(())
}
