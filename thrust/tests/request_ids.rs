//! The name that each request gets, for the logs of all processes on its way.

mod support;

use anyhow::{Context as _, Result};
use support::{Backend, Client, Proxy, Seen, get};

/// An answer that is kept, with an id of the server's own.
fn cached(_: &Seen) -> Vec<u8> {
    "HTTP/1.1 200 OK\r\ncache-control: public, max-age=60\r\nx-request-id: of-the-server\r\ncontent-length: 5\r\n\r\nhello".into()
}

#[tokio::test]
async fn requests_without_a_name_get_one() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let answer = get(proxy.address, "/").await?;
    let id = answer.header("x-request-id").context("no id")?.to_owned();
    assert_eq!(id.len(), 36, "{id}");
    assert_eq!(backend.last().header("x-request-id"), Some(&*id));
    let other = get(proxy.address, "/").await?;
    assert_ne!(other.header("x-request-id"), Some(&*id));
    Ok(())
}

#[tokio::test]
async fn of_a_name_that_a_client_sends_is_kept_what_is_safe() -> Result<()> {
    let backend = Backend::friendly().await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let mut client = Client::connect(proxy.address).await?;
    for (sent, kept) in [
        ("mine-1_2@host", "mine-1_2@host".to_owned()),
        ("a b\"c{d}", "abcd".to_owned()),
        (&*"x".repeat(300), "x".repeat(255)),
    ] {
        let header = format!("x-request-id: {sent}");
        let answer = client.ask("GET", "/", &[&*header]).await?;
        assert_eq!(answer.header("x-request-id"), Some(&*kept));
        assert_eq!(backend.last().header("x-request-id"), Some(&*kept));
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_from_the_cache_has_the_name_of_its_own_request() -> Result<()> {
    let backend = Backend::answering(cached).await?;
    let proxy = Proxy::start(&backend, &[]).await?;
    let mut client = Client::connect(proxy.address).await?;
    for id in ["first", "second"] {
        let header = format!("x-request-id: {id}");
        let answer = client.ask("GET", "/a", &[&*header]).await?;
        assert_eq!(answer.header("x-request-id"), Some(id));
        assert_eq!(answer.text(), "hello");
    }
    let answer = client.ask("GET", "/a", &[]).await?;
    assert_eq!(answer.header("x-cache"), Some("hit"));
    Ok(())
}
