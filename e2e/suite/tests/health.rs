//! Whether processes say that they are ready, alive, or neither.

use anyhow::{Context as _, Result};
use test_support::{Process, Signal, Suite, wait_until};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

async fn status(url: &str) -> Option<u16> {
    Some(reqwest::get(url).await.ok()?.status().as_u16())
}

async fn listening(front: &Process, kind: &str) -> Result<String> {
    let line = front.line_with(&format!("kind=\"{kind}\"")).await;
    let (_, address) = line.split_once("address=").context("no address")?;
    let address = address.split_whitespace().next();
    Ok(address.context("no address")?.to_owned())
}

#[tokio::test]
async fn health_is_asked_by_a_command() -> Result<()> {
    let mut suite = Suite::start(&[]).await?;
    let port = |url: String| {
        let address = url.split('/').nth(2).map(str::to_owned);
        address.and_then(|address| Some(address.split_once(':')?.1.to_owned()))
    };
    let web = port(suite.url()).context("no port")?;
    let cable = port(suite.cable_url()).context("no port")?;
    let ports = [("PORT", web.as_str()), ("CABLE_PORT", cable.as_str())];
    for name in ["web", "cable", "worker"] {
        let asked = suite.run(name, &["health"], &ports).await?;
        assert_eq!(asked.code, Some(0), "{name}: {}", asked.stderr);
        assert!(
            asked.stdout.starts_with(&format!("{name} is ready (")),
            "{}",
            asked.stdout
        );
    }
    suite.web.stop().await?;
    suite.worker.stop().await?;
    for (name, why) in [
        ("web", "could not ask web at"),
        ("worker", "there is none on"),
    ] {
        let asked = suite.run(name, &["health"], &ports).await?;
        assert_eq!((asked.code, asked.stdout.as_str()), (Some(1), ""), "{name}");
        assert!(asked.stderr.contains(why), "{}", asked.stderr);
    }
    Ok(())
}

#[tokio::test]
async fn a_process_that_stops_is_alive_and_not_ready() -> Result<()> {
    let suite = Suite::start(&[]).await?;
    let front = suite.front(&[("STATUS_PORT", "0")])?;
    let front_address = listening(&front, "http").await?;
    let url = format!("http://{}", listening(&front, "status").await?);
    wait_until("all to be ready", || async {
        status(&format!("{url}/up")).await == Some(200)
    })
    .await;
    // A request that does not end keeps the front from ending, too.
    let mut client = TcpStream::connect(&front_address).await?;
    let head = b"POST /todos HTTP/1.1\r\nhost: app.test\r\ncontent-length: 9\r\n\r\n";
    client.write_all(head).await?;
    wait_until("the request to have begun", || async {
        let page = reqwest::get(format!("{url}/metrics")).await;
        let text = async { page.ok()?.text().await.ok() };
        text.await
            .is_some_and(|page| page.contains("thrust_requests_in_flight 1"))
    })
    .await;
    front.signal(Signal::TERM)?;
    wait_until("the front not to be ready", || async {
        status(&format!("{url}/up")).await == Some(503)
    })
    .await;
    assert_eq!(status(&format!("{url}/up/live")).await, Some(200));
    drop(client);
    Ok(())
}
