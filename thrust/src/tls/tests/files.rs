use std::path::Path;

use tempfile::TempDir;

use super::{Pair, Root};
use crate::options::CertificateFiles;
use crate::tls::load;

/// Writes a pair, and says where.
pub(super) fn write(folder: &Path, pair: &Pair) -> CertificateFiles {
    let files = CertificateFiles {
        certificate: folder.join("tls.crt"),
        private_key: folder.join("tls.key"),
    };
    std::fs::write(&files.certificate, &pair.chain).unwrap();
    std::fs::write(&files.private_key, &pair.key).unwrap();
    files
}

fn failure(change: impl FnOnce(&CertificateFiles, &Pair)) -> String {
    let (folder, root) = (TempDir::new().unwrap(), Root::new());
    let files = write(folder.path(), &root.issue("app.test"));
    change(&files, &root.issue("app.test"));
    let error = load(&files).err().expect("an error");
    telemetry::chain(&error).replace(&folder.path().display().to_string(), "/etc/tls")
}

#[test]
fn a_certificate_comes_with_its_chain() {
    let (folder, root) = (TempDir::new().unwrap(), Root::new());
    let mut pair = root.issue("App.test");
    pair.chain += &root.pem();
    let certificate = load(&write(folder.path(), &pair)).unwrap();
    assert_eq!(certificate.domains, ["app.test"]);
    assert_eq!(certificate.key.cert.len(), 2);
    let not_after = httpdate::fmt_http_date(certificate.not_after);
    assert_eq!(not_after, "Thu, 01 Jan 2099 00:00:00 GMT");
}

#[test]
fn a_missing_file_is_named() {
    let error = failure(|files, _| std::fs::remove_file(&files.private_key).unwrap());
    insta::assert_snapshot!(error, @"TLS_PRIVATE_KEY: expected a PEM file at `/etc/tls/tls.key`, which cannot be read: does it exist, and may this user read it?: No such file or directory (os error 2)");
}

#[test]
fn a_file_without_a_certificate_is_named() {
    let error = failure(|files, other| std::fs::write(&files.certificate, &other.key).unwrap());
    insta::assert_snapshot!(error, @"TLS_CERTIFICATE: `/etc/tls/tls.crt` cannot be used: expected a PEM section `CERTIFICATE`, found none: is it the file with the certificate?");
}

#[test]
fn a_broken_certificate_is_named() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let error = failure(|files, _| std::fs::write(&files.certificate, broken).unwrap());
    insta::assert_snapshot!(error, @"TLS_CERTIFICATE: `/etc/tls/tls.crt` cannot be used: expected a certificate in PEM, with its chain after it, got something else: Parsing Error: Der(UnexpectedTag { expected: Some(Tag(16)), actual: Tag(0) })");
}

#[test]
fn a_file_without_a_key_is_named() {
    let error = failure(|files, other| std::fs::write(&files.private_key, &other.chain).unwrap());
    insta::assert_snapshot!(error, @"TLS_PRIVATE_KEY: `/etc/tls/tls.key` cannot be used: expected a PEM section `PRIVATE KEY`, `EC PRIVATE KEY` or `RSA PRIVATE KEY`, found none: is it the file with the key, without a passphrase?");
}

#[test]
fn a_broken_key_is_named_and_not_told() {
    let broken = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    let error = failure(|files, _| std::fs::write(&files.private_key, broken).unwrap());
    insta::assert_snapshot!(error, @"TLS_PRIVATE_KEY: `/etc/tls/tls.key` cannot be used: expected a private key (ECDSA, Ed25519, or RSA of 2048 bits or more), got another: failed to parse private key as RSA, ECDSA, or EdDSA");
    let broken = "-----BEGIN PRIVATE KEY-----\nsecret?secret\n-----END PRIVATE KEY-----\n";
    let error = failure(|files, _| std::fs::write(&files.private_key, broken).unwrap());
    insta::assert_snapshot!(error, @"TLS_PRIVATE_KEY: `/etc/tls/tls.key` cannot be used: expected a private key (ECDSA, Ed25519, or RSA of 2048 bits or more), got another: it is no PEM");
}

#[test]
fn another_certificates_key_is_named() {
    let error = failure(|files, other| std::fs::write(&files.private_key, &other.key).unwrap());
    insta::assert_snapshot!(error, @"TLS_PRIVATE_KEY: `/etc/tls/tls.key` cannot be used: expected the key of the certificate, got another key: do the two belong together?");
}
