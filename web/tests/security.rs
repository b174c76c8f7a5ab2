//! The headers that protect pages, over a real process.

use anyhow::Result;
use reqwest::{Method, Response};
use test_support::{Browser, Process, production};

async fn with_web<F>(
    variables: &[(&str, &str)],
    test: impl FnOnce(Browser, String) -> F,
) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let folder = tempfile::tempdir()?;
    let process = Process::start("web", &[], &production(folder.path(), variables))?;
    let url = format!("http://{}", process.address().await);
    test(Browser::open(&url).await?, url).await
}

fn policy(response: &Response) -> Option<String> {
    let value = response.headers().get("content-security-policy")?;
    Some(value.to_str().ok()?.to_owned())
}

fn nonce(policy: &str) -> &str {
    let after = policy.split("'nonce-").nth(1).unwrap_or_default();
    after.split('\'').next().unwrap_or_default()
}

/// The tags that the browser would run or apply.
fn tags(html: &str) -> Vec<&str> {
    let starts = [
        "<script type=\"module\"",
        "<link rel=\"stylesheet\"",
        "<style",
    ];
    let tags = html.split_inclusive('>').map(str::trim);
    tags.filter(|tag| starts.iter().any(|start| tag.starts_with(start)))
        .collect()
}

#[tokio::test]
async fn every_page_runs_only_what_bears_its_nonce() -> Result<()> {
    with_web(&[], |browser, _| async move {
        let mut nonces = Vec::new();
        for path in ["/todos", "/todos", "/nowhere"] {
            let response = browser.request(Method::GET, path)?.send().await?;
            let policy = policy(&response).unwrap_or_default();
            let nonce = nonce(&policy).to_owned();
            assert_eq!(nonce.len(), 22, "{policy}");
            let html = response.text().await?;
            let attribute = format!(r#"nonce="{nonce}""#);
            let tags = tags(&html);
            assert!(!tags.is_empty(), "{html}");
            assert!(tags.iter().all(|tag| tag.contains(&attribute)), "{tags:?}");
            assert!(!html.contains(" style="), "{html}");
            nonces.push(nonce);
        }
        nonces.sort();
        nonces.dedup();
        assert_eq!(nonces.len(), 3);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_no_page_has_no_policy() -> Result<()> {
    with_web(&[], |browser, _| async move {
        let visit = browser.visit(Method::GET, "/todos")?;
        assert_eq!(policy(&visit.send().await?), None);
        for path in ["/", "/up", "/assets/inertia-abc123.js", "/icon.svg"] {
            let response = browser.request(Method::GET, path)?.send().await?;
            assert_eq!(policy(&response), None, "{path}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_cable_may_be_reached_and_nothing_else() -> Result<()> {
    let cable = [("CABLE_URL", "wss://cable.example:8443/cable")];
    with_web(&cable, |browser, _| async move {
        let response = browser.request(Method::GET, "/todos")?.send().await?;
        let policy = policy(&response).unwrap_or_default();
        assert!(
            policy.contains("connect-src 'self' wss://cable.example:8443;"),
            "{policy}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn other_headers_are_on_every_answer() -> Result<()> {
    let https = [("WEB__ASSUME_SSL", "true")];
    for (variables, hsts) in [(&[] as &[_], false), (&https, true)] {
        with_web(variables, |_, url| async move {
            for path in ["/todos", "/nowhere", "/icon.svg"] {
                let response = reqwest::get(format!("{url}{path}")).await?;
                let headers = response.headers();
                for name in [
                    "x-content-type-options",
                    "cross-origin-opener-policy",
                    "permissions-policy",
                    "referrer-policy",
                ] {
                    assert!(headers.contains_key(name), "{path}: {name}");
                }
                assert_eq!(headers.contains_key("strict-transport-security"), hsts);
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}
