//! The built files over a real process: compressed ones, parts of them, and what is not there.

use std::fs;

use anyhow::Result;
use reqwest::{Client, RequestBuilder, Response};
use test_support::{Process, production};

const MANIFEST: &str = r#"{
    "src/entrypoints/inertia.tsx": {
        "file": "assets/app-1.js", "isEntry": true, "css": ["assets/app-1.css"], "imports": ["_react"]
    },
    "_react": { "file": "assets/react-1.js", "css": ["assets/react-1.css"] }
}"#;
const SCRIPT: &str = "console.log('as it is, and long enough to take a part of it')";

struct Web {
    client: Client,
    url: String,
    _process: Process,
    _folder: tempfile::TempDir,
}

impl Web {
    async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let dist = folder.path().join("dist");
        fs::create_dir_all(dist.join(".vite"))?;
        fs::create_dir_all(dist.join("assets/folder"))?;
        fs::write(dist.join(".vite/manifest.json"), MANIFEST)?;
        let files = [
            ("app-1.js", SCRIPT),
            ("app-1.js.br", "by brotli"),
            ("app-1.js.gz", "by gzip"),
            ("app-1.js.zst", "by zstd"),
            ("app-1.css", "p { color: red }"),
        ];
        for (name, content) in files {
            fs::write(dist.join("assets").join(name), content)?;
        }
        let assets = dist.display().to_string();
        let variables = production(folder.path(), &[("WEB__ASSETS_DIR", &assets)]);
        let process = Process::start("web", &[], &variables)?;
        Ok(Self {
            client: Client::new(),
            url: format!("http://{}", process.address().await),
            _process: process,
            _folder: folder,
        })
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn vary(response: &Response) -> String {
    let values = response.headers().get_all("vary").iter();
    let values = values.filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(", ").to_lowercase()
}

#[tokio::test]
async fn clients_get_the_smallest_form_that_they_take() -> Result<()> {
    let web = Web::start().await?;
    let cases = [
        (Some("gzip, deflate, br, zstd"), "br", "by brotli"),
        (Some("gzip, zstd"), "zstd", "by zstd"),
        (Some("gzip"), "gzip", "by gzip"),
        (Some("gzip, br;q=0"), "gzip", "by gzip"),
        (Some("deflate"), "", SCRIPT),
        (Some("identity"), "", SCRIPT),
        (None, "", SCRIPT),
    ];
    for (accepted, encoding, body) in cases {
        let mut request = web.get("/assets/app-1.js");
        if let Some(accepted) = accepted {
            request = request.header("accept-encoding", accepted);
        }
        let response = request.send().await?;
        assert_eq!(
            header(&response, "content-encoding"),
            encoding,
            "{accepted:?}"
        );
        assert_eq!(
            header(&response, "content-type"),
            "text/javascript",
            "{accepted:?}"
        );
        assert_eq!(
            header(&response, "cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(vary(&response).matches("accept-encoding").count(), 1);
        assert_eq!(response.text().await?, body, "{accepted:?}");
    }
    // A file that has no compressed form.
    let styles = web.get("/assets/app-1.css").header("accept-encoding", "br");
    assert_eq!(styles.send().await?.text().await?, "p { color: red }");
    Ok(())
}

#[tokio::test]
async fn each_form_has_a_tag_and_parts_of_its_own() -> Result<()> {
    let web = Web::start().await?;
    let get = |accepted: &str| {
        web.get("/assets/app-1.js")
            .header("accept-encoding", accepted)
    };
    let tag = async |accepted| {
        let response = get(accepted).send().await?;
        Ok::<_, anyhow::Error>(header(&response, "etag").to_owned())
    };
    let (brotli, plain) = (tag("br").await?, tag("identity").await?);
    assert_ne!(brotli, plain);

    let known = get("br").header("if-none-match", &brotli).send().await?;
    assert_eq!(known.status(), 304);
    assert_eq!(header(&known, "etag"), brotli);
    assert_eq!(
        header(&known, "cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert!(vary(&known).contains("accept-encoding"));
    let other = get("br").header("if-none-match", &plain).send().await?;
    assert_eq!(other.status(), 200);

    let part = get("br").header("range", "bytes=3-8").send().await?;
    assert_eq!(part.status(), 206);
    assert_eq!(header(&part, "content-range"), "bytes 3-8/9");
    assert_eq!(header(&part, "content-encoding"), "br");
    assert_eq!(part.text().await?, "brotli");
    let beyond = get("br").header("range", "bytes=900-").send().await?;
    assert_eq!(beyond.status(), 416);
    Ok(())
}

#[tokio::test]
async fn folders_and_strangers_are_not_found() -> Result<()> {
    let web = Web::start().await?;
    for path in [
        "/assets",
        "/assets/",
        "/assets/folder",
        "/assets/folder/",
        "/assets/none.js",
        "/assets/%2e%2e/.vite/manifest.json",
        "/favicon.ico",
    ] {
        let response = web.get(path).header("accept-encoding", "br").send().await?;
        assert_eq!(response.status(), 404, "{path}");
        assert_ne!(
            header(&response, "cache-control"),
            "public, max-age=31536000, immutable",
            "{path}"
        );
        let told = response.text().await?;
        assert!(
            told.contains("The page you were looking for does not exist."),
            "{path}: {told}"
        );
    }
    let icon = web.get("/icon.svg").send().await?;
    assert_eq!(header(&icon, "content-type"), "image/svg+xml");
    assert!(icon.text().await?.starts_with("<svg"));
    Ok(())
}

#[tokio::test]
async fn pages_name_all_that_the_entry_needs() -> Result<()> {
    let web = Web::start().await?;
    let html = web.get("/todos").send().await?.text().await?;
    let at = |part: &str| html.find(part).unwrap_or(usize::MAX);
    let order = [
        at(r#"<link rel="stylesheet" href="/assets/react-1.css""#),
        at(r#"<link rel="stylesheet" href="/assets/app-1.css""#),
        at(r#"<link rel="modulepreload" href="/assets/react-1.js""#),
        at(r#"<script type="module" src="/assets/app-1.js""#),
    ];
    assert!(order.is_sorted() && order[3] < usize::MAX, "{html}");
    Ok(())
}
