use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use test_support::wait_until;
use tokio_util::sync::CancellationToken;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::files::write;
use super::{Root, Server, client, connect, leaf, say, shown};
use crate::tls::reload::Watch;
use crate::tls::{Certificates, load, reload};

#[tokio::test]
async fn a_new_certificate_is_taken_up_and_connections_live_on() {
    let (folder, root) = (TempDir::new().unwrap(), Root::new());
    let [old, new] = [(); 2].map(|()| root.issue("app.test"));
    let files = write(folder.path(), &old);
    let certificates = Certificates::default();
    certificates.set_own(&load(&files).unwrap());
    let server = Server::start(&certificates, true).await;
    // Each with no tickets: a resumed session shows the certificate of its first handshake.
    let fresh = || client(&root.trust(), &["h2"]);
    let mut first = connect(server.address, "app.test", &fresh()).await.unwrap();
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(reload(files, certificates, shutdown.clone()));

    write(folder.path(), &new);
    let expected = leaf(&new.certificate());
    wait_until("the new certificate", async || {
        let stream = connect(server.address, "app.test", &fresh()).await;
        shown(&stream.unwrap()) == expected
    })
    .await;
    assert_eq!(shown(&first), leaf(&old.certificate()));
    say(&mut first).await.unwrap();
    shutdown.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn half_a_change_keeps_the_old_certificate_and_is_logged_once() {
    let errors = Errors::default();
    let _logging = tracing::subscriber::set_default(errors.clone());
    let (folder, root) = (TempDir::new().unwrap(), Root::new());
    let [old, new] = [(); 2].map(|()| root.issue("app.test"));
    let files = write(folder.path(), &old);
    let certificates = Certificates::default();
    let mut watch = Watch::new(files.clone(), certificates.clone());
    watch.look().await;
    let used = || certificates.own().unwrap().cert[0].clone();

    let half = [
        (&files.certificate, &*new.chain),
        (&files.private_key, "nonsense"),
    ];
    for (changes, (path, text)) in half.into_iter().enumerate() {
        std::fs::write(path, text).unwrap();
        for _ in 0..3 {
            watch.look().await;
            assert_eq!(errors.count(), changes + 1);
        }
        assert_eq!(used(), leaf(&old.certificate()));
    }
    std::fs::write(&files.private_key, &new.key).unwrap();
    watch.look().await;
    assert_eq!(used(), leaf(&new.certificate()));

    std::fs::remove_file(&files.private_key).unwrap();
    watch.look().await;
    watch.look().await;
    assert_eq!(errors.count(), 3);
    assert_eq!(used(), leaf(&new.certificate()));
}

/// Two changes within a step of the file system's clock have one time, and may have one length.
#[tokio::test]
async fn a_change_at_the_time_of_the_last_one_is_seen() {
    let (folder, root) = (TempDir::new().unwrap(), Root::new());
    let old = root.issue("app.test");
    let is_as_long =
        |new: &super::Pair| (new.chain.len(), new.key.len()) == (old.chain.len(), old.key.len());
    let mut issued = std::iter::repeat_with(|| root.issue("app.test"));
    let new = issued.find(is_as_long).unwrap();
    let now = std::time::SystemTime::now();
    let write_now = |pair: &super::Pair| {
        let files = write(folder.path(), pair);
        for path in [&files.certificate, &files.private_key] {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_modified(now).unwrap();
        }
        files
    };
    let certificates = Certificates::default();
    let mut watch = Watch::new(write_now(&old), certificates.clone());
    for pair in [&old, &new] {
        write_now(pair);
        watch.look().await;
        let used = certificates.own().unwrap().cert[0].clone();
        assert_eq!(used, leaf(&pair.certificate()));
    }
}

/// Counts what is logged as an error.
#[derive(Clone, Default)]
struct Errors(Arc<AtomicUsize>);

impl Errors {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
