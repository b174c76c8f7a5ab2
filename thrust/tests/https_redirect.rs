//! The port without TLS, where HTTPS is on.

mod support;

use anyhow::Result;
use support::{Backend, Client, Http2, Proxy, exchange};

#[tokio::test]
async fn the_other_port_leads_to_https() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, _trust, _folder) = Proxy::secure(&backend, &[("H2C_ENABLED", "1")]).await?;
    let port = proxy.https().await?.port();
    let cases = [
        (
            "GET /a?b=c&d=%2F HTTP/1.1\r\nhost: app.test\r\n",
            "app.test:{port}/a?b=c&d=%2F",
        ),
        (
            "GET / HTTP/1.1\r\nhost: app.test:8080\r\n",
            "app.test:{port}/",
        ),
        ("GET / HTTP/1.1\r\nhost: app.test:\r\n", "app.test:{port}/"),
        (
            "GET / HTTP/1.1\r\nhost: 127.0.0.1:80\r\n",
            "127.0.0.1:{port}/",
        ),
        ("GET / HTTP/1.1\r\nhost: [::1]:80\r\n", "[::1]:{port}/"),
        ("GET / HTTP/1.1\r\nhost: [::1]\r\n", "[::1]:{port}/"),
        (
            "HEAD /x HTTP/1.1\r\nhost: app.test\r\n",
            "app.test:{port}/x",
        ),
        (
            "POST /x HTTP/1.1\r\nhost: app.test\r\ncontent-length: 0\r\n",
            "app.test:{port}/x",
        ),
        (
            "OPTIONS * HTTP/1.1\r\nhost: app.test\r\n",
            "app.test:{port}/",
        ),
        ("GET / HTTP/1.0\r\nhost: app.test\r\n", "app.test:{port}/"),
        (
            "GET //evil.test/x HTTP/1.1\r\nhost: app.test\r\n",
            "app.test:{port}//evil.test/x",
        ),
        (
            "GET /%0d%0aevil:%20x HTTP/1.1\r\nhost: app.test\r\n",
            "app.test:{port}/%0d%0aevil:%20x",
        ),
        (
            "GET http://app.test/y HTTP/1.1\r\nhost: app.test\r\n",
            "app.test:{port}/y",
        ),
        (
            "GET http://app.test?y HTTP/1.1\r\nhost: app.test\r\n",
            "app.test:{port}?y",
        ),
        (
            "GET /cable HTTP/1.1\r\nhost: app.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n",
            "app.test:{port}/cable",
        ),
        (
            "GET / HTTP/1.1\r\nhost: app.test\r\nx-forwarded-host: evil.test\r\nx-forwarded-proto: https\r\n",
            "app.test:{port}/",
        ),
        (
            "GET /.well-known/acme-challenge/x HTTP/1.1\r\nhost: app.test\r\n",
            "app.test:{port}/.well-known/acme-challenge/x",
        ),
    ];
    for (request, location) in cases {
        let mut client = Client::connect(proxy.address).await?;
        client.send([request, "\r\n"].concat()).await?;
        let method = request.split(' ').next().unwrap_or_default();
        let answer = client.response_to(method).await?;
        let is_read = matches!(method, "GET" | "HEAD");
        let status = if is_read { 301 } else { 308 };
        assert_eq!(answer.status, status, "{request}: {answer:?}");
        let location = format!("https://{location}").replace("{port}", &port.to_string());
        assert_eq!(answer.header("location"), Some(&*location), "{request}");
        client.closed().await?;
    }
    let answer = Http2::connect(proxy.address).await?.get("/a?b").await?;
    assert_eq!(answer.status(), 301);
    let location = format!("https://app.test:{port}/a?b");
    assert_eq!(answer.headers()["location"], *location);
    assert_eq!(backend.seen().len(), 0);
    Ok(())
}

#[tokio::test]
async fn it_leads_nowhere_else() -> Result<()> {
    let backend = Backend::friendly().await?;
    let (proxy, _trust, _folder) = Proxy::secure(&backend, &[]).await?;
    let cases = [
        ("GET http://evil.test/y HTTP/1.1\r\nhost: app.test\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: app.test@evil.test\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: evil.test/app.test\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: evil.test\\app.test\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: evil.test?app.test\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: evil.test#app.test\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: evil.test app.test\r\n", 400),
        (
            "GET / HTTP/1.1\r\nhost: app.test\r\nhost: evil.test\r\n",
            400,
        ),
        ("GET / HTTP/1.1\r\nhost: app.test\rlocation: evil\r\n", 400),
        ("GET /\rx HTTP/1.1\r\nhost: app.test\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: \r\n", 421),
        ("GET / HTTP/1.1\r\nhost: :80\r\n", 421),
        ("GET / HTTP/1.0\r\n", 421),
    ];
    for (request, status) in cases {
        let answer = exchange(proxy.address, [request, "\r\n"].concat()).await?;
        assert_eq!(answer.status, status, "{request}: {answer:?}");
        assert_eq!(answer.header("location"), None, "{request}");
    }
    assert_eq!(backend.seen().len(), 0);
    Ok(())
}
