use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use data_encoding::BASE64;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use tempfile::TempDir;

use crate::acme::Challenges;
use crate::acme::storage::Storage;
use crate::acme::stored::Stored;
use crate::tls::tests::Root;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn nobody_else_may_look_into_the_storage() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("storage/thruster");
    let storage = Storage::open(&folder).unwrap();
    storage.write("app.test", "secret").unwrap();
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("app.test")), 0o600);
    assert_eq!(storage.read("app.test").unwrap().unwrap(), "secret");
    assert!(storage.read("other.test").unwrap().is_none());
}

#[test]
fn a_file_is_always_whole() {
    let folder = TempDir::new().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    let texts = ["a", "b"].map(|text| text.repeat(1 << 16));
    storage.write("app.test", &texts[0]).unwrap();
    std::thread::scope(|scope| {
        for text in &texts {
            scope.spawn(|| (0..20).for_each(|_| storage.write("app.test", text).unwrap()));
        }
        for _ in 0..200 {
            let text = storage.read("app.test").unwrap().unwrap();
            assert!(texts.contains(&text));
        }
    });
    assert_eq!(names(folder.path()), ["app.test"]);
}

#[test]
fn a_failed_write_leaves_what_was_there_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    // A folder cannot be replaced by a file, whoever runs the tests.
    fs::create_dir(folder.path().join("app.test")).unwrap();
    let error = storage.write("app.test", "secret").unwrap_err();
    let error = error
        .to_string()
        .replace(&folder.path().display().to_string(), "/storage");
    insta::assert_snapshot!(error, @"STORAGE_PATH: could not write `/storage/app.test`: may this user do so, and is there space?");
    assert_eq!(names(folder.path()), ["app.test"]);
}

/// An EC key as Go writes it.
fn sec1(pem: &str) -> String {
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    // The kind of the key, and then the key as an octet string.
    let (head, key) = key.secret_pkcs8_der().split_at(29);
    assert_eq!(head[27..], [0x04, u8::try_from(key.len()).unwrap()]);
    let text = BASE64.encode(key);
    format!("-----BEGIN EC PRIVATE KEY-----\n{text}\n-----END EC PRIVATE KEY-----\n")
}

#[test]
fn a_certificate_is_kept_as_thruster_does() {
    let (folder, root) = (TempDir::new().unwrap(), Root::new());
    let storage = Storage::open(folder.path()).unwrap();
    let pair = root.issue("app.test");
    // Theirs has no line of ours, and names the kind of the key.
    storage
        .write("app.test", &format!("{}{}", sec1(&pair.key), pair.chain))
        .unwrap();
    let theirs = Stored::load(&storage, "app.test").unwrap().unwrap();
    assert!(!theirs.is_foreign("https://acme.test/directory"));

    let (directory, pem) = (
        "https://acme.test/directory",
        format!("{}{}", pair.key, pair.chain),
    );
    let (_, text) = Stored::issued(&storage, "app.test", directory, &pem).unwrap();
    assert!(text.ends_with(&pem));
    storage.write("app.test", &text).unwrap();
    let ours = Stored::load(&storage, "app.test").unwrap().unwrap();
    assert!(!ours.is_foreign("https://acme.test/directory"));
    assert!(ours.is_foreign("https://other.test/directory"));
}

#[test]
fn another_domains_certificate_is_not_used() {
    let (folder, root) = (TempDir::new().unwrap(), Root::new());
    let storage = Storage::open(folder.path()).unwrap();
    let pair = root.issue("other.test");
    storage
        .write("app.test", &format!("{}{}", pair.key, pair.chain))
        .unwrap();
    let error = Stored::load(&storage, "app.test")
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains(r#"is for ["other.test"], not for the domain"#),
        "{error}"
    );
}

#[test]
fn http_01_is_answered_for_its_domain_and_token_while_it_is_held() {
    let challenges = Challenges::default();
    let held = challenges.hold("app.test", "token", "token.thumb");
    let ask = |host, path| challenges.http01(host, path);
    let path = "/.well-known/acme-challenge/token";
    for host in ["app.test", "APP.test", "app.test:80", "app.test.:8080"] {
        assert_eq!(ask(host, path).as_deref(), Some("token.thumb"), "{host}");
    }
    for (host, path) in [
        ("other.test", path),
        ("app.test", "/.well-known/acme-challenge/other"),
        ("app.test", "/.well-known/acme-challenge/"),
        ("app.test", "/.well-known/acme-challenge/token/"),
        ("app.test", "/token"),
        ("", path),
        ("[::1]:80", path),
    ] {
        assert_eq!(ask(host, path), None, "{host} {path}");
    }
    drop(held);
    assert_eq!(ask("app.test", path), None);
}
