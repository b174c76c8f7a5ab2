mod files;
mod reload;
mod root;
mod server;

use rustls::pki_types::CertificateDer;
use rustls::{HandshakeKind, ProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{Certificate, Certificates};
pub(crate) use root::{Pair, Root, trust};
pub(crate) use server::{Server, client, connect, say, shown};

fn leaf(certificate: &Certificate) -> CertificateDer<'static> {
    certificate.key.cert[0].clone()
}

fn protocol(stream: &TlsStream<TcpStream>) -> Option<&[u8]> {
    stream.get_ref().1.alpn_protocol()
}

#[test]
fn a_domain_has_its_certificate_and_all_others_have_the_operators() {
    let (certificates, root) = (Certificates::default(), Root::new());
    let [issued, own] = ["app.test", "own.test"].map(|domain| root.issue(domain).certificate());
    certificates.insert("app.test", &issued);
    assert!(certificates.choose(Some("other.test"), false).is_none());
    assert!(certificates.choose(None, false).is_none());

    certificates.set_own(&own);
    for name in ["app.test", "APP.test", "app.test."] {
        let chosen = certificates.choose(Some(name), false).unwrap();
        assert!(issued.is_same(&chosen), "{name}");
    }
    for name in [Some("other.test"), None] {
        let chosen = certificates.choose(name, false).unwrap();
        assert!(own.is_same(&chosen), "{name:?}");
    }
}

#[test]
fn a_challenge_is_answered_while_it_is_held() {
    let (certificates, root) = (Certificates::default(), Root::new());
    let [issued, answer] = [(); 2].map(|()| root.issue("app.test").certificate());
    certificates.insert("app.test", &issued);
    assert!(certificates.choose(Some("app.test"), true).is_none());

    let held = certificates.challenge("app.test", (*answer.key).clone());
    let chosen = certificates.choose(Some("App.test"), true).unwrap();
    assert!(answer.is_same(&chosen));
    let chosen = certificates.choose(Some("app.test"), false).unwrap();
    assert!(issued.is_same(&chosen));
    assert!(certificates.choose(Some("other.test"), true).is_none());

    drop(held);
    assert!(certificates.choose(Some("app.test"), true).is_none());
}

#[tokio::test]
async fn an_authority_sees_the_challenge_and_is_left_alone() {
    let (certificates, root) = (Certificates::default(), Root::new());
    let [issued, answer] = [(); 2].map(|()| root.issue("app.test").certificate());
    certificates.insert("app.test", &issued);
    let _held = certificates.challenge("app.test", (*answer.key).clone());
    let server = Server::start(&certificates, true).await;

    let authority = client(&root.trust(), &["acme-tls/1"]);
    let name = "app.test".try_into().unwrap();
    let stream = TcpStream::connect(server.address).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(authority);
    let mut stream = connector.connect(name, stream).await.unwrap();
    assert_eq!(shown(&stream), leaf(&answer));
    assert_eq!(protocol(&stream), Some(&b"acme-tls/1"[..]));
    assert!(say(&mut stream).await.is_err());

    // A browser that offers more than that is none.
    let browser = client(&root.trust(), &["acme-tls/1", "h2"]);
    let stream = connect(server.address, "app.test", &browser).await.unwrap();
    assert_eq!(shown(&stream), leaf(&issued));
    assert_eq!(protocol(&stream), Some(&b"h2"[..]));
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_on() {
    let (certificates, root) = (Certificates::default(), Root::new());
    certificates.insert("app.test", &root.issue("app.test").certificate());
    let browser = client(&root.trust(), &["h2", "http/1.1"]);
    for (h2, expected) in [(true, &b"h2"[..]), (false, b"http/1.1")] {
        let server = Server::start(&certificates, h2).await;
        let stream = connect(server.address, "app.test", &browser).await.unwrap();
        assert_eq!(protocol(&stream), Some(expected));
    }
    let server = Server::start(&certificates, true).await;
    let plain = client(&root.trust(), &[]);
    let stream = connect(server.address, "app.test", &plain).await.unwrap();
    assert_eq!(protocol(&stream), None);
}

#[tokio::test]
async fn sessions_are_resumed_in_both_versions_of_tls() {
    let (certificates, root) = (Certificates::default(), Root::new());
    certificates.insert("app.test", &root.issue("app.test").certificate());
    let server = Server::start(&certificates, true).await;
    let newest = client(&root.trust(), &["h2"]);
    let older = server::client_of_tls12(&root.trust());
    let both = [
        (newest, ProtocolVersion::TLSv1_3),
        (older, ProtocolVersion::TLSv1_2),
    ];
    for (client, version) in both {
        let first = connect(server.address, "app.test", &client).await.unwrap();
        let second = connect(server.address, "app.test", &client).await.unwrap();
        let kinds = [&first, &second].map(|stream| stream.get_ref().1.handshake_kind());
        assert_eq!(
            kinds,
            [Some(HandshakeKind::Full), Some(HandshakeKind::Resumed)]
        );
        assert_eq!(second.get_ref().1.protocol_version(), Some(version));
    }
}

#[tokio::test]
async fn a_handshake_for_an_unknown_domain_is_refused() {
    let (certificates, root) = (Certificates::default(), Root::new());
    certificates.insert("app.test", &root.issue("app.test").certificate());
    let server = Server::start(&certificates, true).await;
    let browser = client(&root.trust(), &["h2"]);
    let refused = connect(server.address, "other.test", &browser).await;
    insta::assert_snapshot!(refused.unwrap_err(), @"received fatal alert: AccessDenied");
    let known = connect(server.address, "app.test", &browser).await;
    assert!(known.is_ok());
}
