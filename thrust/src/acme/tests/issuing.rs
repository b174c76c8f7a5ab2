use data_encoding::BASE64URL;
use tempfile::TempDir;

use super::pebble::{EXTERNAL, Pebble, free_port};
use super::site::{Site, options};
use crate::acme::AcmeError;
use crate::options::Acme;
use crate::tls::tests::trust;

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_two_domains_by_tls() {
    let site = Site::start().await;
    let mut setup = site.setup();
    setup.http = free_port();
    let Some(pebble) = Pebble::start(setup).await else {
        return;
    };
    let storage = TempDir::new().unwrap();
    let options = options(&pebble, storage.path(), &["app.test", "www.app.test"]);
    let task = site.keep(&options).unwrap();
    let roots = trust(&pebble.issuing_root().await);
    let app = site.certificate("app.test", &roots).await;
    let www = site.certificate("www.app.test", &roots).await;
    assert_ne!(app, www);
    assert!(site.certificate_now("other.test", &roots).await.is_none());
    drop(site);
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_by_http_where_tls_leads_elsewhere() {
    let site = Site::start().await;
    let mut setup = site.setup();
    setup.tls = free_port();
    let Some(pebble) = Pebble::start(setup).await else {
        return;
    };
    let storage = TempDir::new().unwrap();
    site.keep(&options(&pebble, storage.path(), &["app.test"]))
        .unwrap();
    let roots = trust(&pebble.issuing_root().await);
    site.certificate("app.test", &roots).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_an_external_account_with_many_nonces_rejected() {
    let site = Site::start().await;
    let mut setup = site.setup();
    setup.external_account = true;
    setup.rejected_nonces = 40;
    let Some(pebble) = Pebble::start(setup).await else {
        return;
    };
    let storage = TempDir::new().unwrap();
    // With its padding, as some authorities give it.
    let external_account = Some((EXTERNAL.0.to_owned(), BASE64URL.encode(EXTERNAL.1)));
    let options = Acme {
        external_account,
        ..options(&pebble, storage.path(), &["app.test"])
    };
    site.keep(&options).unwrap();
    let roots = trust(&pebble.issuing_root().await);
    site.certificate("app.test", &roots).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_account_without_the_key_that_the_authority_wants() {
    let site = Site::start().await;
    let mut setup = site.setup();
    setup.external_account = true;
    let Some(pebble) = Pebble::start(setup).await else {
        return;
    };
    let storage = TempDir::new().unwrap();
    let issuer = site.issuer(&options(&pebble, storage.path(), &["app.test"]));
    let error = issuer.issue("app.test").await.unwrap_err();
    assert!(matches!(error, AcmeError::NoAccount { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_what_the_authority_saw() {
    let site = Site::start().await;
    let mut setup = site.setup();
    (setup.http, setup.tls) = (free_port(), free_port());
    let Some(pebble) = Pebble::start(setup).await else {
        return;
    };
    let storage = TempDir::new().unwrap();
    let issuer = site.issuer(&options(&pebble, storage.path(), &["app.test"]));
    let error = issuer.issue("app.test").await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, AcmeError::Refused { .. }), "{text}");
    for part in ["tls-alpn-01: ", "http-01: ", "connection refused"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_the_authority_forgot_is_made_anew() {
    let site = Site::start().await;
    let Some(mut pebble) = Pebble::start(site.setup()).await else {
        return;
    };
    let storage = TempDir::new().unwrap();
    let options = options(&pebble, storage.path(), &["app.test"]);
    let issuer = site.issuer(&options);
    issuer.issue("app.test").await.unwrap();
    // The one in memory, and the stored one.
    for issuer in [issuer, site.issuer(&options)] {
        pebble.stop();
        pebble.run().await;
        issuer.issue("app.test").await.unwrap();
    }
}

#[tokio::test]
async fn options_that_cannot_be_followed_are_said_at_the_start() {
    let (site, storage) = (Site::start().await, TempDir::new().unwrap());
    let usual = Acme {
        domains: vec!["app.test".to_owned()],
        directory: "https://localhost:1/dir".to_owned(),
        root: None,
        external_account: None,
        storage: storage.path().join("storage"),
    };
    let external_account = Some(("id".to_owned(), "no base64url!".to_owned()));
    let root = Some(storage.path().join("missing.pem"));
    std::fs::write(storage.path().join("file"), "").unwrap();
    let cases = [
        (
            Acme {
                external_account,
                ..usual.clone()
            },
            "EAB_HMAC_KEY: ",
        ),
        (
            Acme {
                root,
                ..usual.clone()
            },
            "ACME_CA: ",
        ),
        (
            Acme {
                storage: storage.path().join("file/storage"),
                ..usual
            },
            "STORAGE_PATH: ",
        ),
    ];
    for (options, expected) in cases {
        let error = site.keep(&options).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
