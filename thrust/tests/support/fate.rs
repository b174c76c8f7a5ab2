use std::net::SocketAddr;

use anyhow::Result;

use super::{Backend, Client, Proxy};

/// Comes behind each request. It is the next one where the proxy has read that to its end, and no other request is.
const NEXT: &str = "GET /next HTTP/1.1\r\nhost: app.test\r\nconnection: close\r\n\r\n";
/// What the proxy may do with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// Refused with this status, and the server hears nothing.
    Refused(u16),
    /// The same, but the server may have seen the beginning.
    Broken(u16),
    /// Passed on as one request with this body, and nothing more is read.
    Last(&'static str),
    /// Passed on as one request with this body.
    Passed(&'static str),
}

/// Sends the bytes and `NEXT`; the statuses of what came back until the proxy closed the connection.
async fn statuses(address: SocketAddr, request: &str) -> Result<Vec<u16>> {
    let mut client = Client::connect(address).await?;
    client.send([request, NEXT].concat()).await?;
    let mut all = Vec::new();
    while let Ok(answer) = client.response().await {
        all.push(answer.status);
    }
    Ok(all)
}

/// Sends each request, and looks at what the server got of it.
pub async fn check(cases: &[(&str, Fate)]) -> Result<()> {
    for (request, fate) in cases {
        // Of its own: what the server saw of a request that broke off may be noted after the answer.
        let backend = Backend::friendly().await?;
        // Only what does not come to its end is waited for in vain.
        let limit = if *fate == Fate::Broken(408) {
            "1"
        } else {
            "600"
        };
        let proxy = Proxy::start(&backend, &[("HTTP_READ_TIMEOUT", limit)]).await?;
        let statuses = statuses(proxy.address, request).await?;
        let seen = backend.seen();
        let told = format!("{request:?}: {statuses:?}, {seen:#?}");
        assert!(
            seen.iter().all(|seen| !seen.line().contains("/smuggled")),
            "{told}"
        );
        match fate {
            Fate::Refused(status) => {
                assert_eq!(statuses, [*status], "{told}");
                assert!(seen.is_empty(), "{told}");
            }
            Fate::Broken(status) => {
                assert_eq!(statuses, [*status], "{told}");
                assert!(
                    seen.len() <= 1 && seen.iter().all(|seen| seen.body.is_empty()),
                    "{told}"
                );
            }
            Fate::Passed(body) | Fate::Last(body) => {
                let count = if matches!(fate, Fate::Last(_)) { 1 } else { 2 };
                assert_eq!(statuses, vec![200; count], "{told}");
                assert_eq!(seen.len(), count, "{told}");
                assert!(
                    seen[1..].iter().all(|seen| seen.line().contains("/next")),
                    "{told}"
                );
                assert_eq!(String::from_utf8_lossy(&seen[0].body), *body, "{told}");
                let framings = seen[0].headers("content-length").len()
                    + seen[0].headers("transfer-encoding").len();
                assert!(framings <= 1, "{told}");
                assert_eq!(seen[0].headers("host").len(), 1, "{told}");
                assert!(
                    !seen[0]
                        .head
                        .replace("\r\n", "")
                        .contains(['\r', '\n', '\0']),
                    "{told}"
                );
            }
        }
    }
    Ok(())
}
