//! The pages of metrics of running processes, the document that lists them, and what asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use test_support::{Process, Socket, Suite, root, wait_until};

/// Numbers of a page, by the whole name of their series.
type Page = BTreeMap<String, f64>;

/// The suite behind its front, after a change that went all the way.
struct Running {
    suite: Suite,
    _front: Process,
    socket: Socket,
    front_url: String,
    status_url: String,
    worker_url: String,
}

impl Running {
    async fn start() -> Result<Self> {
        let suite = Suite::start(&[("WORKER_PORT", "0"), ("CABLE_URL", "/cable")]).await?;
        let front = suite.front(&[("STATUS_PORT", "0")])?;
        let status = front.line_with("kind=\"status\"").await;
        let front_line = front.line_with("kind=\"http\"").await;
        let worker = suite.worker.line_with("listening").await;
        let mut running = Self {
            front_url: url(&front_line)?,
            status_url: url(&status)?,
            worker_url: url(&worker)?,
            socket: suite.socket().await?,
            suite,
            _front: front,
        };
        let browser = test_support::Browser::open(&running.front_url).await?;
        browser.create("measured").await?;
        running.socket.text_with("measured").await?;
        Ok(running)
    }

    fn urls(&self) -> [(&'static str, String); 4] {
        let cable = self.suite.cable_url().replace("ws://", "http://");
        [
            ("web", self.suite.url()),
            ("cable", cable.trim_end_matches("/cable").to_owned()),
            ("worker", self.worker_url.clone()),
            ("thrust", self.status_url.clone()),
        ]
    }
}

fn url(line: &str) -> Result<String> {
    let (_, rest) = line.split_once("address=").context("no address")?;
    let address = rest.split_whitespace().next().unwrap_or_default();
    Ok(format!("http://{}", address.trim_matches('"')))
}

async fn page(url: &str) -> Result<String> {
    let answer = reqwest::get(format!("{url}/metrics")).await?;
    ensure!(answer.status() == 200, "{url}: {}", answer.status());
    Ok(answer.text().await?)
}

fn numbers(page: &str) -> Page {
    let series = page.lines().filter(|line| !line.starts_with('#'));
    series
        .filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        })
        .collect()
}

/// The metrics of a page, whatever their labels.
fn names(page: &str) -> BTreeSet<String> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .filter_map(|line| Some(line.split(' ').next()?.to_owned()))
        .collect()
}

/// The names in the first column of the tables.
fn documented() -> Result<BTreeSet<String>> {
    let document = fs::read_to_string(root().join("docs/metrics.md"))?;
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let is_metric = |name: &&str| name.contains('_') && !name.contains(' ');
    Ok(names.filter(is_metric).map(str::to_owned).collect())
}

#[tokio::test]
async fn pages_and_document_agree() -> Result<()> {
    let running = Running::start().await?;
    let (documented, sources) = (documented()?, sources()?);
    for (process, url) in running.urls() {
        let names = names(&page(&url).await?);
        let unknown: Vec<_> = names.difference(&documented).collect();
        assert!(
            unknown.is_empty(),
            "docs/metrics.md lacks {unknown:?} of {process}"
        );
        for common in ["trifecta_build_info", "process_open_fds"] {
            assert!(names.contains(common), "{process} lacks {common}");
        }
    }
    for name in &documented {
        let own = name.trim_start_matches("anycable_go_");
        let is_in_code =
            sources.contains(&format!("\"{name}\"")) || sources.contains(&format!("\"{own}\""));
        assert!(
            is_in_code,
            "docs/metrics.md has {name}, which no code names"
        );
    }
    Ok(())
}

/// The text of all of our code but tests.
fn sources() -> Result<String> {
    let mut all = String::new();
    for folder in ["shared", "web/src", "worker/src", "cable/src", "thrust/src"] {
        collect(&root().join(folder), &mut all)?;
    }
    Ok(all)
}

fn collect(folder: &Path, all: &mut String) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("tests") {
            collect(&path, all)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_change_is_measured_everywhere() -> Result<()> {
    let running = Running::start().await?;
    let urls = BTreeMap::from(running.urls());
    let create = r#"http_requests_total{method="POST",route="/todos",status="303"}"#;
    let taken = r#"http_request_duration_seconds_count{method="POST",route="/todos"}"#;
    let performed =
        r#"solid_queue_jobs_performed_total{class="BroadcastTodosJob",outcome="finished"}"#;
    let commits =
        |file: &str| format!("sqlite_commit_duration_seconds_count{{database=\"{file}\"}}");
    // What is counted at the end of a request or a job may be counted after its effect is seen.
    for (process, series) in [
        ("web", create),
        ("web", taken),
        // The one that asks.
        ("web", "http_requests_in_flight"),
        ("web", &commits("production")),
        ("web", r#"sqlite_file_bytes{database="production_cache"}"#),
        ("worker", &commits("production_cable")),
        ("worker", performed),
        (
            "cable",
            r#"http_requests_total{method="GET",route="/cable",status="101"}"#,
        ),
        ("cable", "anycable_go_clients_num"),
        ("thrust", r#"thrust_requests_total{status="3xx"}"#),
    ] {
        wait_until(&format!("{series} of {process}"), || async {
            let page = page(&urls[process]).await.unwrap_or_default();
            numbers(&page)
                .get(series)
                .is_some_and(|value| *value >= 1.0)
        })
        .await;
    }
    Ok(())
}

#[tokio::test]
async fn the_depth_of_the_queue_is_told_while_no_worker_lives() -> Result<()> {
    let mut running = Running::start().await?;
    running.suite.worker.stop().await?;
    running
        .suite
        .browser()
        .await?
        .create("who does it?")
        .await?;
    let (url, ready) = (
        running.suite.url(),
        r#"solid_queue_jobs{queue="default",state="ready"}"#,
    );
    wait_until("a job that is ready", || async {
        let page = page(&url)
            .await
            .map(|page| numbers(&page))
            .unwrap_or_default();
        let age = r#"solid_queue_oldest_ready_age_seconds{queue="default"}"#;
        page.get(ready) == Some(&1.0) && page.get(age).is_some_and(|age| *age > 0.0)
    })
    .await;
    running.suite.restart_worker().await?;
    wait_until("no job that is ready", || async {
        let page = page(&url)
            .await
            .map(|page| numbers(&page))
            .unwrap_or_default();
        page.get(ready) == Some(&0.0)
    })
    .await;
    Ok(())
}

#[tokio::test]
async fn the_world_does_not_see_the_pages() -> Result<()> {
    let running = Running::start().await?;
    for path in ["/metrics", "/%6detrics", "//metrics", "/cable/metrics"] {
        let answer = reqwest::get(format!("{}{path}", running.front_url)).await?;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(!answer.text().await?.contains("process_"), "{path}");
    }
    let open = running.suite.front(&[("FORWARD_METRICS", "true")])?;
    let open = format!("http://{}", open.address().await);
    assert!(names(&page(&open).await?).contains("http_requests_total"));
    Ok(())
}

/// The names that a query asks for.
fn asked(query: &str) -> BTreeSet<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = query.split(|character| !is_part(character));
    let families = [
        "solid_",
        "sqlite_",
        "http_",
        "process_",
        "trifecta_",
        "anycable_",
        "action_",
        "thrust_",
    ];
    words
        .filter(|word| families.iter().any(|family| word.starts_with(family)))
        .map(|word| {
            let series = ["_bucket", "_sum", "_count"];
            let of_histogram = series.iter().find_map(|end| word.strip_suffix(end));
            of_histogram.unwrap_or(word).to_owned()
        })
        .collect()
}

#[test]
fn dashboard_and_alerts_ask_for_what_there_is() -> Result<()> {
    let documented = documented()?;
    let dashboard = fs::read_to_string(root().join("deploy/grafana/trifecta.json"))?;
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard)?;
    let mut queries = Vec::new();
    expressions(&dashboard, &mut queries);
    assert!(queries.len() > 20, "{}", queries.len());
    let rules = fs::read_to_string(root().join("deploy/prometheus/alerts.yml"))?;
    let rules = rules
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    queries.extend(rules.map(str::to_owned));
    let labels = ["process_id"];
    for query in &queries {
        for name in asked(query) {
            let is_known = documented.contains(&name) || labels.contains(&name.as_str());
            assert!(
                is_known,
                "docs/metrics.md has no {name}, which `{query}` asks for"
            );
        }
    }
    Ok(())
}

fn expressions(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                match value.as_str() {
                    Some(query) if key == "expr" => found.push(query.to_owned()),
                    _ => expressions(value, found),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

#[test]
#[allow(
    clippy::print_stderr,
    reason = "whoever reads the test's output shall know"
)]
fn prometheus_takes_the_rules() -> Result<()> {
    let folder = root().join("deploy/prometheus");
    for (what, file) in [("rules", "alerts.yml"), ("config", "prometheus.yml")] {
        let checked = Command::new("promtool")
            .args(["check", what, file])
            .current_dir(&folder)
            .output();
        let Ok(checked) = checked else {
            eprintln!("skipped: promtool is not installed (apt-get install prometheus)");
            return Ok(());
        };
        let said = String::from_utf8_lossy(&checked.stdout).into_owned()
            + &String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{file}: {said}");
    }
    let tested = Command::new("promtool")
        .args(["test", "rules", "alerts_test.yml"])
        .current_dir(&folder)
        .output()?;
    let said = String::from_utf8_lossy(&tested.stdout).into_owned()
        + &String::from_utf8_lossy(&tested.stderr);
    assert!(tested.status.success(), "{said}");
    Ok(())
}
