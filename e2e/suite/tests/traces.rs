//! One change is one trace: from the request by the job to the broadcast, over processes, as a collector gets it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::Message as _;
use reqwest::Method;
use test_support::{Browser, Process, Suite, wait_for};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CAUSE: &str = "b7ad6b7169203331";

/// A span as it came in.
#[derive(Clone, Debug)]
struct Received {
    service: String,
    name: String,
    kind: i32,
    trace: String,
    id: String,
    parent: String,
    attributes: BTreeMap<String, String>,
}

/// Takes what the processes export.
#[derive(Clone)]
struct Collector {
    address: String,
    spans: Arc<Mutex<Vec<Received>>>,
    headers: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let collector = Self {
            address: format!("http://{}", listener.local_addr()?),
            spans: Arc::default(),
            headers: Arc::default(),
        };
        let this = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(this.clone().serve(stream));
            }
        });
        Ok(collector)
    }

    /// Answers the requests of one connection.
    async fn serve(self, stream: TcpStream) -> Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if stream.read_line(&mut head).await? == 0 {
                    return Ok(());
                }
            }
            let lower = head.to_lowercase();
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.context("no length")?.trim().parse()?];
            stream.read_exact(&mut body).await?;
            assert!(head.starts_with("POST /v1/traces "), "{head}");
            self.headers
                .lock()
                .expect("no test has panicked")
                .push(lower);
            self.take(&ExportTraceServiceRequest::decode(&*body)?);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await?;
        }
    }

    fn take(&self, request: &ExportTraceServiceRequest) {
        for resource in &request.resource_spans {
            let attributes = resource.resource.iter().flat_map(|it| &it.attributes);
            let service = texts(attributes).remove("service.name").unwrap_or_default();
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                self.spans
                    .lock()
                    .expect("no test has panicked")
                    .push(Received {
                        service: service.clone(),
                        name: span.name.clone(),
                        kind: span.kind,
                        trace: hex(&span.trace_id),
                        id: hex(&span.span_id),
                        parent: hex(&span.parent_span_id),
                        attributes: texts(&span.attributes),
                    });
            }
        }
    }

    /// The span of this name in the trace.
    async fn span(&self, name: &str) -> Received {
        wait_for(&format!("the span {name}"), || async {
            let spans = self.spans.lock().expect("no test has panicked");
            let is_it = |span: &&Received| span.name == name && span.trace == TRACE;
            spans.iter().find(is_it).cloned()
        })
        .await
    }
}

fn texts<'a>(attributes: impl IntoIterator<Item = &'a KeyValue>) -> BTreeMap<String, String> {
    let text = |value: &AnyValue| match &value.value {
        Some(Value::StringValue(text)) => text.clone(),
        other => format!("{other:?}"),
    };
    let attributes = attributes.into_iter();
    attributes
        .filter_map(|it| Some((it.key.clone(), text(it.value.as_ref()?))))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether the program can do it. It says so itself when not.
#[allow(
    clippy::print_stderr,
    reason = "whoever reads the test's output shall know"
)]
fn is_skipped(process: &Process) -> bool {
    let is_skipped = process.output().contains("without the feature otel");
    if is_skipped {
        eprintln!("skipped: the binaries are built without the feature otel (docs/tracing.md)");
    }
    is_skipped
}

#[tokio::test]
async fn a_change_is_one_trace() -> Result<()> {
    let collector = Collector::start().await?;
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ];
    let mut suite = Suite::start(&variables).await?;
    if is_skipped(&suite.web) {
        return Ok(());
    }
    let front = suite.front(&[])?;
    let browser = Browser::open(&format!("http://{}", front.address().await)).await?;
    let create = browser.visit(Method::POST, "/todos")?;
    let answer = create
        .header("traceparent", format!("00-{TRACE}-{CAUSE}-01"))
        .json(&serde_json::json!({ "todo": { "title": "traced" } }))
        .send()
        .await?;
    assert_eq!(answer.status(), 303);

    let request = collector.span("POST /todos").await;
    let enqueue = collector.span("queue.enqueue").await;
    let perform = collector.span("job.perform").await;
    let broadcast = collector.span("cable.broadcast").await;
    assert_eq!(request.parent, CAUSE);
    for (effect, cause) in [
        (&enqueue, &request),
        (&perform, &enqueue),
        (&broadcast, &perform),
    ] {
        assert_eq!(effect.parent, cause.id, "{effect:#?} of {cause:#?}");
    }
    let services = [&request, &enqueue, &perform, &broadcast].map(|span| span.service.as_str());
    assert_eq!(services, ["web", "web", "worker", "worker"]);
    // Server, producer, consumer, producer.
    let kinds = [&request, &enqueue, &perform, &broadcast].map(|span| span.kind);
    assert_eq!(kinds, [2, 4, 5, 4]);
    assert_eq!(request.attributes["http.route"], "/todos");
    assert_eq!(request.attributes["http.response.status_code"], "303");
    assert_eq!(perform.attributes["job.class"], "BroadcastTodosJob");
    let headers = collector
        .headers
        .lock()
        .expect("no test has panicked")
        .clone();
    assert!(
        headers.iter().all(|head| head.contains("x-key: secret")),
        "{headers:?}"
    );
    // The last spans are sent before the end.
    suite.web.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_last_spans_are_sent_at_the_end() -> Result<()> {
    let collector = Collector::start().await?;
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "3600000"),
        ("OTEL_SERVICE_NAME", "todo-list"),
    ];
    let mut suite = Suite::start(&variables).await?;
    if is_skipped(&suite.web) {
        return Ok(());
    }
    suite.browser().await?;
    suite.web.stop().await?;
    let spans = collector
        .spans
        .lock()
        .expect("no test has panicked")
        .clone();
    let page = spans.iter().find(|span| span.name == "GET /todos");
    assert_eq!(page.context("no span")?.service, "todo-list");
    Ok(())
}

#[tokio::test]
async fn a_collector_that_is_not_there_disturbs_nobody() -> Result<()> {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
    ];
    let mut suite = Suite::start(&variables).await?;
    if is_skipped(&suite.web) {
        return Ok(());
    }
    let mut socket = suite.socket().await?;
    let browser = suite.browser().await?;
    for title in ["one", "two", "three"] {
        assert_eq!(browser.create(title).await?.status(), 303);
        socket.text_with(title).await?;
    }
    suite.web.line_with("could not export spans").await;
    assert_eq!(suite.web.stop().await?.code(), Some(0));
    let told = suite.web.output().matches("could not export spans").count();
    assert_eq!(told, 1);
    Ok(())
}
