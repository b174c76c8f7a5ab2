use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use tempfile::TempDir;
use test_support::wait_until;

use super::pebble::{Pebble, free_port};
use super::site::{Site, options, pace};
use crate::acme::AcmeError;
use crate::acme::pace::Pace;
use crate::acme::storage::Storage;
use crate::options::Acme;
use crate::tls::tests::{Pair, Root, trust};

fn store(storage: &TempDir, pair: &Pair, directory: &str) {
    let text = format!("{directory}{}{}", pair.key, pair.chain);
    let storage = Storage::open(storage.path()).unwrap();
    storage.write("app.test", &text).unwrap();
}

/// An authority that is down.
fn nowhere(storage: &TempDir) -> Acme {
    Acme {
        domains: vec!["app.test".to_owned()],
        directory: format!("https://localhost:{}/dir", free_port()),
        root: None,
        external_account: None,
        storage: storage.path().to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_takes_the_stored_certificate_and_asks_nobody() {
    let (first, second) = (Site::start().await, Site::start().await);
    let Some(mut pebble) = Pebble::start(first.setup()).await else {
        return;
    };
    let storage = TempDir::new().unwrap();
    let options = options(&pebble, storage.path(), &["app.test"]);
    first.keep(&options).unwrap();
    let roots = trust(&pebble.issuing_root().await);
    let issued = first.certificate("app.test", &roots).await;
    wait_until("the stored file", async || {
        storage.path().join("app.test").exists()
    })
    .await;

    pebble.stop();
    second.keep(&options).unwrap();
    let now = second.certificate_now("app.test", &roots).await;
    assert_eq!(now, Some(issued));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_before_its_end() {
    let site = Site::start().await;
    let mut setup = site.setup();
    // A third of it is left when the next one is asked for.
    setup.seconds = 24;
    let Some(pebble) = Pebble::start(setup).await else {
        return;
    };
    let storage = TempDir::new().unwrap();
    site.keep(&options(&pebble, storage.path(), &["app.test"]))
        .unwrap();
    let roots = trust(&pebble.issuing_root().await);
    let first = site.certificate("app.test", &roots).await;
    wait_until("the next certificate", async || {
        // Valid all the time: the client says so.
        let now = site.certificate_now("app.test", &roots).await;
        now.expect("a valid certificate") != first
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_directorys_certificate_serves_until_the_new_one_is_there() {
    let site = Site::start().await;
    let Some(pebble) = Pebble::start(site.setup()).await else {
        return;
    };
    let (storage, root) = (TempDir::new().unwrap(), Root::new());
    let pair = root.issue("app.test");
    store(&storage, &pair, "Directory: https://staging.test/dir\n");
    site.keep(&options(&pebble, storage.path(), &["app.test"]))
        .unwrap();
    let chosen = site.certificates.choose(Some("app.test"), false).unwrap();
    assert!(pair.certificate().is_same(&chosen));
    let roots = trust(&pebble.issuing_root().await);
    site.certificate("app.test", &roots).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_down_does_not_stop_the_serving_and_is_asked_again() {
    let site = Site::start().await;
    let Some(mut pebble) = Pebble::stopped(site.setup()) else {
        return;
    };
    let (storage, root) = (TempDir::new().unwrap(), Root::new());
    store(&storage, &root.issue_for_years("app.test", 2000, 2030), "");
    site.keep(&options(&pebble, storage.path(), &["app.test"]))
        .unwrap();
    for _ in 0..20 {
        let served = site.certificate_now("app.test", &root.trust()).await;
        assert!(served.is_some());
    }
    pebble.run().await;
    let roots = trust(&pebble.issuing_root().await);
    site.certificate("app.test", &roots).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_cannot_be_stored_serves_all_the_same() {
    let site = Site::start().await;
    let Some(pebble) = Pebble::start(site.setup()).await else {
        return;
    };
    let storage = TempDir::new().unwrap();
    std::fs::create_dir(storage.path().join("app.test")).unwrap();
    site.keep(&options(&pebble, storage.path(), &["app.test"]))
        .unwrap();
    let roots = trust(&pebble.issuing_root().await);
    site.certificate("app.test", &roots).await;
}

#[tokio::test]
async fn another_processs_renewal_is_taken_over() {
    let site = Site::start().await;
    let (storage, root) = (TempDir::new().unwrap(), Root::new());
    store(&storage, &root.issue_for_years("app.test", 2000, 2098), "");
    let often = Pace {
        check: Duration::from_millis(5),
        ..pace()
    };
    site.keep_at(often, &nowhere(&storage)).unwrap();
    let first = site.certificate("app.test", &root.trust()).await;
    store(&storage, &root.issue_for_years("app.test", 2000, 2099), "");
    wait_until("the other certificate", async || {
        site.certificate("app.test", &root.trust()).await != first
    })
    .await;
}

#[tokio::test]
async fn what_is_broken_or_over_is_not_used() {
    let root = Root::new();
    let over = root.issue_for_years("app.test", 2000, 2001);
    let broken = Pair {
        key: "nonsense".to_owned(),
        chain: String::new(),
    };
    for pair in [over, broken] {
        let (site, storage) = (Site::start().await, TempDir::new().unwrap());
        store(&storage, &pair, "");
        site.keep(&nowhere(&storage)).unwrap();
        assert!(site.certificates.choose(Some("app.test"), false).is_none());
    }
}

#[test]
fn failures_wait_longer_and_longer() {
    let error = AcmeError::NotValid;
    let pace = Pace::default();
    let minutes = [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (1000, 60)];
    for (failures, minutes) in minutes {
        let wait = pace.after_failure(failures, &error).as_secs_f64() / 60.0;
        let share = wait / f64::from(minutes);
        assert!((0.75..=1.25).contains(&share), "{failures}: {wait} minutes");
    }
}

#[test]
fn what_was_done_is_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let (metrics, root) = (recorder.handle(), Root::new());
    let (due, storage) = (
        root.issue_for_years("app.test", 2000, 2030),
        TempDir::new().unwrap(),
    );
    store(&storage, &due, "");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let site = Site::start().await;
            site.keep(&nowhere(&storage)).unwrap();
            let not_after = r#"thrust_certificate_not_after_seconds{domain="app.test"} 1893456000"#;
            assert!(metrics.render().contains(not_after), "{}", metrics.render());
            let failed = r#"thrust_certificate_renewals_total{result="error"}"#;
            wait_until("a failure", async || metrics.render().contains(failed)).await;
        });
    });
}
