//! What goes to which server.

mod support;

use anyhow::Result;
use support::{Backend, Proxy, get, ok, unused_port};

#[tokio::test]
async fn paths_go_to_their_server() -> Result<()> {
    let web = Backend::answering(|_| ok("web")).await?;
    let cable = Backend::answering(|_| ok("cable")).await?;
    let (_kept, nobody) = unused_port()?;
    let usual: &[(&str, &str)] = &[
        ("/", "web"),
        ("/cable", "cable"),
        ("/cable?x", "cable"),
        ("/cable/x", "cable"),
        ("/cables", "web"),
        ("/x/cable", "web"),
        ("/%63able", "web"),
        ("/Cable", "web"),
    ];
    let own: &[(&str, &str)] = &[
        ("/cable", "web"),
        ("/ws", "cable"),
        ("/ws/x", "cable"),
        ("/wsx", "web"),
    ];
    let all: &[(&str, &str)] = &[("/", "cable"), ("/x", "cable")];
    for (path, cases) in [("", usual), ("/ws/", own), ("/", all)] {
        let port = cable.port();
        let proxy = Proxy::start(&web, &[("CABLE_PORT", &port), ("CABLE_PATH", path)]).await?;
        for (path, expected) in cases {
            assert_eq!(get(proxy.address, path).await?.text(), *expected, "{path}");
        }
    }
    let proxy = Proxy::start(&web, &[("CABLE_PORT", &nobody), ("UPSTREAM_WAIT", "0")]).await?;
    assert_eq!(get(proxy.address, "/cable").await?.status, 502);
    assert_eq!(get(proxy.address, "/").await?.text(), "web");
    Ok(())
}
