use std::time::Duration;

use tempfile::TempDir;
use test_support::wait_until;

use super::files::write;
use super::{Root, Server, client, connect, leaf, say, shown};
use crate::options::CertificateFiles;
use crate::tls::reload::watch;
use crate::tls::{Certificates, load};

fn watch_often(files: &CertificateFiles, certificates: &Certificates) {
    let (files, certificates) = (files.clone(), certificates.clone());
    tokio::spawn(async move { watch(&files, &certificates, Duration::from_millis(5)).await });
}

#[tokio::test]
async fn a_new_certificate_is_taken_up_and_connections_live_on() {
    let (folder, root) = (TempDir::new().unwrap(), Root::new());
    let [old, new] = [(); 2].map(|()| root.issue("app.test"));
    let files = write(folder.path(), &old);
    let certificates = Certificates::default();
    certificates.set_own(&load(&files).unwrap());
    let server = Server::start(&certificates, true).await;
    // Without tickets, as a resumed session shows the certificate of its first handshake.
    let fresh = || client(&root.trust(), &["h2"]);
    let mut first = connect(server.address, "app.test", &fresh()).await.unwrap();
    watch_often(&files, &certificates);

    write(folder.path(), &new);
    let expected = leaf(&new.certificate());
    wait_until("the new certificate", async || {
        let stream = connect(server.address, "app.test", &fresh()).await;
        shown(&stream.unwrap()) == expected
    })
    .await;
    assert_eq!(shown(&first), leaf(&old.certificate()));
    say(&mut first).await.unwrap();
}

#[tokio::test]
async fn half_a_change_keeps_the_old_certificate() {
    let (folder, root) = (TempDir::new().unwrap(), Root::new());
    let [old, new] = [(); 2].map(|()| root.issue("app.test"));
    let files = write(folder.path(), &old);
    let certificates = Certificates::default();
    watch_often(&files, &certificates);
    let old = old.certificate();
    let uses = |expected| {
        let own = certificates.own();
        own.is_some_and(|own| crate::tls::Certificate::is_same(expected, &own))
    };
    wait_until("the old certificate", async || uses(&old)).await;

    std::fs::write(&files.certificate, &new.chain).unwrap();
    let (mismatch, expected) = (load(&files).err(), new.certificate());
    assert!(mismatch.is_some() && uses(&old));
    std::fs::write(&files.private_key, "nonsense").unwrap();
    assert!(uses(&old));
    std::fs::write(&files.private_key, &new.key).unwrap();
    wait_until("the new certificate", async || uses(&expected)).await;
}
