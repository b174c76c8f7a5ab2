//! The port for those who operate the proxy.

mod support;

use anyhow::Result;
use support::{Backend, Client, Proxy, Seen, get, ok, unused_port};
use test_support::wait_until;

fn unwell(_: &Seen) -> Vec<u8> {
    "HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n".into()
}

#[tokio::test]
async fn up_is_up_when_all_servers_are() -> Result<()> {
    let (well, ill) = (
        Backend::friendly().await?,
        Backend::answering(unwell).await?,
    );
    let (_kept, nobody) = unused_port()?;
    let (well_port, ill_port) = (well.port(), ill.port());
    let cases = [
        (
            &well_port,
            &well_port,
            200,
            "{\"cable\":\"up\",\"web\":\"up\"}\n",
        ),
        (
            &well_port,
            &ill_port,
            503,
            "{\"cable\":\"down: it answers 500 Internal Server Error\",\"web\":\"up\"}\n",
        ),
        (
            &nobody,
            &well_port,
            503,
            "{\"cable\":\"up\",\"web\":\"down: Connection refused (os error 111)\"}\n",
        ),
    ];
    for (web, cable, status, text) in cases {
        let more = [
            ("TARGET_PORT", &**web),
            ("CABLE_PORT", &**cable),
            ("STATUS_PORT", "0"),
        ];
        let proxy = Proxy::run(&[], &more).await?;
        let answer = get(proxy.status().await?, "/up").await?;
        assert_eq!((answer.status, answer.text()), (status, text.to_owned()));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    assert_eq!(well.last().line(), "GET /up HTTP/1.1");
    Ok(())
}

#[tokio::test]
async fn metrics() -> Result<()> {
    let backend = Backend::answering(|seen| {
        if seen.header("upgrade").is_some() {
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
                .into()
        } else {
            ok("hello")
        }
    })
    .await?;
    let proxy = Proxy::start(&backend, &[("STATUS_PORT", "0")]).await?;
    let status = proxy.status().await?;
    get(proxy.address, "/").await?;
    get(proxy.address, "/").await?;
    let mut client = Client::connect(proxy.address).await?;
    client.send("GET /cable HTTP/1.1\r\nhost: app.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n").await?;
    assert_eq!(client.head().await?.status, 101);
    let has = |line: &'static str| async move {
        let page = get(status, "/metrics").await.map(|page| page.text());
        page.is_ok_and(|page| page.lines().any(|other| other == line))
    };
    for line in [
        "thrust_connections 1",
        "thrust_tunnels 1",
        "thrust_requests_total{status=\"2xx\"} 2",
        "thrust_requests_total{status=\"1xx\"} 1",
        "thrust_response_bytes_total 10",
    ] {
        wait_until(line, || has(line)).await;
    }
    drop(client);
    for line in ["thrust_connections 0", "thrust_tunnels 0"] {
        wait_until(line, || has(line)).await;
    }
    assert_eq!(get(status, "/up/live").await?.status, 200);
    assert_eq!(get(status, "/").await?.status, 404);
    // It is no part of what is served to the world.
    assert_eq!(get(proxy.address, "/metrics").await?.status, 404);
    Ok(())
}
