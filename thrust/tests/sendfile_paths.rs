//! Which file is sent for the path that the server names in `X-Sendfile`, if any.

mod support;

use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use support::{Backend, Proxy, ask, ok};
use tempfile::TempDir;
use test_support::root;

const SECRET: &str = "secret";
const OPEN: &str = "open";

/// A server that names the path of this index for `/0`, `/1` and so on.
async fn naming(paths: Vec<Vec<u8>>) -> Result<Backend> {
    Backend::answering(move |request| {
        let index = request
            .line()
            .split(['/', ' '])
            .nth(2)
            .map(str::parse::<usize>);
        match index {
            Some(Ok(index)) => {
                let path: &Vec<u8> = &paths[index];
                let start = b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nx-sendfile: ".as_slice();
                [start, path, b"\r\n\r\nignored"].concat()
            }
            _ => ok("alive"),
        }
    })
    .await
}

/// `public` is what may be sent.
fn tree(folder: &Path) -> Result<()> {
    for name in ["public/sub", "public-not", "more"] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    for (name, content) in [
        ("public/a.txt", OPEN),
        ("public/sub/b.txt", OPEN),
        ("public/\u{e4}.txt", OPEN),
        ("more/c.txt", OPEN),
        ("secret.txt", SECRET),
        ("secret.txt.br", SECRET),
        ("public-not/a.txt", SECRET),
        ("public/d.txt", OPEN),
    ] {
        std::fs::write(folder.join(name), content)?;
    }
    let latin1 = std::ffi::OsStr::from_bytes(b"public/\xe4.txt");
    std::fs::write(folder.join(latin1), OPEN)?;
    symlink(folder.join("secret.txt"), folder.join("public/out"))?;
    symlink("../secret.txt", folder.join("public/out-relative"))?;
    symlink("a.txt", folder.join("public/in"))?;
    symlink("..", folder.join("public/up"))?;
    symlink("/dev/zero", folder.join("public/zero"))?;
    symlink("round", folder.join("public/round"))?;
    // A form that leads out of the folder is none.
    symlink("../secret.txt.br", folder.join("public/d.txt.br"))?;
    symlink(folder.join("public"), folder.join("link"))?;
    let made = Command::new("mkfifo")
        .arg(folder.join("public/pipe"))
        .status()?;
    ensure!(made.success(), "no pipe");
    Ok(())
}

#[tokio::test]
async fn only_files_below_the_roots_are_sent() -> Result<()> {
    let folder = TempDir::new()?;
    tree(folder.path())?;
    let cases: &[(&[u8], u16)] = &[
        (b"public/a.txt", 200),
        (b"public/sub/b.txt", 200),
        (b"public/sub/../a.txt", 200),
        (b"public//./a.txt", 200),
        (b"link/a.txt", 200),
        (b"public/in", 200),
        (b"public/d.txt", 200),
        ("public/\u{e4}.txt".as_bytes(), 200),
        (b"public/\xe4.txt", 200),
        (b"public/../secret.txt", 404),
        (b"public/sub/../../secret.txt", 404),
        (b"secret.txt", 404),
        (b"public-not/a.txt", 404),
        (b"public/up/secret.txt", 404),
        (b"public/out", 404),
        (b"public/out-relative", 404),
        (b"public/zero", 404),
        (b"public/round", 404),
        (b"public/pipe", 404),
        (b"public", 404),
        (b"public/a.txt/", 404),
        (b"public/%61.txt", 404),
        (b"public/\xff", 404),
        (b"more/c.txt", 404),
        (b"/etc/passwd", 404),
        (b"/dev/zero", 404),
        (b"/proc/self/root/etc/passwd", 404),
        (b"", 404),
    ];
    let place = |path: &[u8]| match path.first() {
        Some(b'/') | None => path.to_vec(),
        Some(_) => [folder.path().as_os_str().as_bytes(), b"/", path].concat(),
    };
    let mut paths: Vec<Vec<u8>> = cases.iter().map(|(path, _)| place(path)).collect();
    let long = [b"/".as_slice(), &vec![b'a'; 5000]].concat();
    paths.push(long);
    let backend = naming(paths).await?;
    let public = folder.path().join("public").display().to_string();
    let link = folder.path().join("link").display().to_string();
    for root in [public, link] {
        let proxy = Proxy::start(&backend, &[("X_SENDFILE_ROOT", &root)]).await?;
        for (index, (path, status)) in cases.iter().chain(&[(b"long".as_slice(), 404)]).enumerate()
        {
            let path = String::from_utf8_lossy(path);
            let encodings = ["accept-encoding: br"];
            let answer = ask(proxy.address, "GET", &format!("/{index}"), &encodings).await?;
            assert_eq!(answer.status, *status, "{path} below {root}: {answer:?}");
            assert_eq!(
                answer.text() == OPEN,
                *status == 200,
                "{path}: {}",
                answer.text()
            );
            assert_eq!(answer.header("x-sendfile"), None, "{path}");
            assert!(!answer.text().contains("ignored"), "{path}");
        }
        assert_eq!(ask(proxy.address, "GET", "/up", &[]).await?.text(), "alive");
        for path in ["/etc/passwd", "public/out"] {
            let logged = proxy.process.line_with(&format!("{path} ")).await;
            assert!(logged.contains("could not send the file"), "{logged}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_name_with_a_zero_is_no_answer() -> Result<()> {
    let paths = vec![b"/etc/passwd\0.txt".to_vec()];
    let backend = naming(paths).await?;
    let proxy = Proxy::start(&backend, &[("X_SENDFILE_ROOT", "/etc")]).await?;
    assert_eq!(ask(proxy.address, "GET", "/0", &[]).await?.status, 502);
    assert_eq!(ask(proxy.address, "GET", "/up", &[]).await?.text(), "alive");
    Ok(())
}

/// Relative roots and paths count from where the proxy was started.
#[tokio::test]
async fn several_roots_and_relative_ones() -> Result<()> {
    let folder = TempDir::new()?;
    tree(folder.path())?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let relative = root().join("thrust/src/lib.rs");
    let later = at("later/e.txt");
    let paths = [
        at("public/a.txt"),
        at("more/c.txt"),
        "thrust/src/lib.rs".to_owned(),
        relative.display().to_string(),
        later.clone(),
        at("secret.txt"),
        "thrust/Cargo.toml".to_owned(),
    ];
    let backend = naming(paths.iter().map(|path| path.as_bytes().to_vec()).collect()).await?;
    let roots = format!(
        "{}, {},thrust/src,{}",
        at("public"),
        at("more"),
        at("later")
    );
    let proxy = Proxy::start(&backend, &[("X_SENDFILE_ROOT", &roots)]).await?;
    let status = async |index: usize| -> Result<u16> {
        Ok(ask(proxy.address, "GET", &format!("/{index}"), &[])
            .await?
            .status)
    };
    for (index, expected) in [200, 200, 200, 200, 404, 404, 404].into_iter().enumerate() {
        assert_eq!(status(index).await?, expected, "{}", paths[index]);
    }
    std::fs::create_dir(folder.path().join("later"))?;
    std::fs::write(later, OPEN)?;
    assert_eq!(status(4).await?, 200, "a folder that came later");
    Ok(())
}

#[tokio::test]
async fn nothing_is_sent_where_it_is_off() -> Result<()> {
    let folder = TempDir::new()?;
    tree(folder.path())?;
    let path = folder.path().join("public/a.txt");
    let backend = naming(vec![path.as_os_str().as_bytes().to_vec()]).await?;
    let root = folder.path().display().to_string();
    let variables = [("X_SENDFILE_ROOT", &*root), ("X_SENDFILE_ENABLED", "false")];
    let proxy = Proxy::start(&backend, &variables).await?;
    let claims = ["x-sendfile-type: X-Sendfile", "x-accel-mapping: /=/"];
    let answer = ask(proxy.address, "GET", "/0", &claims).await?;
    assert_eq!((answer.status, &*answer.text()), (200, "ignored"));
    assert_eq!(answer.header("x-sendfile"), None);
    for name in ["x-sendfile-type", "x-accel-mapping"] {
        assert_eq!(backend.last().header(name), None, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn precompressed_files_go_to_those_who_take_them() -> Result<()> {
    const DAY: Duration = Duration::from_hours(24);
    let folder = TempDir::new()?;
    for (name, day) in [
        ("app.js", 1),
        ("app.js.br", 2),
        ("app.js.zst", 1),
        ("app.js.gz", 3),
        ("old.js", 2),
        ("old.js.gz", 1),
        ("alone.js.gz", 1),
    ] {
        std::fs::write(folder.path().join(name), name)?;
        let file = File::options().write(true).open(folder.path().join(name))?;
        file.set_modified(SystemTime::UNIX_EPOCH + DAY * day)?;
    }
    let names = ["app.js", "old.js", "alone.js.gz", "alone.js"];
    let paths = names.map(|name| folder.path().join(name).as_os_str().as_bytes().to_vec());
    let backend = naming(paths.to_vec()).await?;
    let root = folder.path().display().to_string();
    let proxy = Proxy::start(&backend, &[("X_SENDFILE_ROOT", &root)]).await?;
    let cases: &[(&str, &[&str], &str, Option<&str>)] = &[
        (
            "/0",
            &["accept-encoding: gzip, br, zstd"],
            "app.js.br",
            Some("br"),
        ),
        (
            "/0",
            &["accept-encoding: gzip, zstd"],
            "app.js.zst",
            Some("zstd"),
        ),
        (
            "/0",
            &["accept-encoding: gzip, br;q=0"],
            "app.js.gz",
            Some("gzip"),
        ),
        ("/0", &["accept-encoding: deflate"], "app.js", None),
        ("/0", &[], "app.js", None),
        (
            "/0",
            &["accept-encoding: br", "range: bytes=0-2"],
            "app",
            None,
        ),
        ("/1", &["accept-encoding: gzip"], "old.js", None),
        // What it asks for is that very file.
        ("/2", &["accept-encoding: gzip"], "alone.js.gz", None),
        // A form of nothing.
        (
            "/3",
            &["accept-encoding: gzip"],
            "The file is not there.\n",
            None,
        ),
    ];
    for (path, headers, body, encoding) in cases {
        let answer = ask(proxy.address, "GET", path, headers).await?;
        let header = |name| answer.header(name).unwrap_or_default();
        assert_eq!(answer.text(), *body, "{path} {headers:?}");
        assert_eq!(
            answer.header("content-encoding"),
            *encoding,
            "{path} {headers:?}"
        );
        let varies = header("vary").to_lowercase().contains("accept-encoding");
        assert_eq!(varies, *path == "/0", "{path} {headers:?}");
        let has_parts = encoding.is_none() && *path != "/3";
        assert_eq!(
            header("accept-ranges") == "bytes",
            has_parts,
            "{path} {headers:?}"
        );
        if encoding.is_some() {
            assert_eq!(header("content-type"), "text/javascript", "{headers:?}");
            let tag = format!("if-none-match: {}", header("etag"));
            let again = [headers, &[&*tag][..]].concat();
            assert_eq!(ask(proxy.address, "GET", path, &again).await?.status, 304);
        }
    }
    Ok(())
}
