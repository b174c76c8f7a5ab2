//! How many pages a second `web` makes of a list of 100 todos.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use serde_json::{Value, json};

use super::client::load;
use super::server::Server;
use crate::figures::{Rounds, at_least, microseconds_each, per_second};
use crate::machine;
use crate::proc::processor_seconds;
use crate::rounds::interleave;
use crate::scale::Scale;

const TODOS: usize = 100;
const CONNECTIONS: usize = 16;

/// A request to a server, sent again and again.
struct Way<'a> {
    server: &'a Server,
    request: String,
    status: u16,
}

#[derive(Serialize)]
struct Figures {
    per_second: Rounds,
    /// Of the server alone: its clients run on the same cores.
    server_processor_us_each: Rounds,
    bytes: usize,
}

/// The requests of a browser to one server.
struct Requests {
    first_visit: String,
    visit: String,
    conditional: Option<String>,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let (cached, browser) = Server::web(TODOS, &[]).await?;
    let (memory, _) = Server::web(TODOS, &[("CACHE__ADAPTER", "memory_store")]).await?;
    let (uncached, _) = Server::web(TODOS, &[("CACHE__ADAPTER", "null_store")]).await?;
    let cookies = browser.cookies().context("the page set no cookies")?;
    let requests = Requests::to(&cached, &cookies).await?;
    let (html, page) = (
        cached.ask(&requests.first_visit).await?.body,
        cached.ask(&requests.visit).await?.body,
    );
    let (plain_html, plain_json) = (Server::plain(&html).await?, Server::plain(&page).await?);
    let of = |server, request: &str| Way {
        server,
        request: request.to_owned(),
        status: 200,
    };
    let ways = [
        of(&plain_html, &requests.first_visit),
        of(&plain_json, &requests.visit),
        of(&cached, &requests.first_visit),
        of(&cached, &requests.visit),
        of(&memory, &requests.first_visit),
        of(&memory, &requests.visit),
        of(&uncached, &requests.first_visit),
        of(&uncached, &requests.visit),
        Way {
            status: if requests.conditional.is_some() {
                304
            } else {
                200
            },
            ..of(
                &cached,
                requests.conditional.as_ref().unwrap_or(&requests.visit),
            )
        },
    ];
    let time = Duration::from_millis(scale.choose(2_000, 50));
    let runs = interleave(scale.choose(5, 1), &ways, async |way| way.run(time).await).await?;
    let [
        plain_html,
        plain_json,
        html,
        page,
        html_memory,
        page_memory,
        html_none,
        page_none,
        not_modified,
    ] = figures(&ways, runs).await?;
    let ratio = |ours: &Figures, plain: &Figures| ours.per_second.ratio_to(&plain.per_second);
    Ok(json!({
        "benchmark": "GET /todos with 100 todos, over 16 connections that are kept, by clients on the same cores",
        "machine": machine::describe(),
        "baseline": "a plain handler of actix-web that sends the same bytes",
        "ratios": {
            "first_visit_to_plain": ratio(&html, &plain_html),
            "inertia_visit_to_plain": ratio(&page, &plain_json),
            "first_visit_with_to_without_cache": ratio(&html, &html_none),
            "inertia_visit_with_to_without_cache": ratio(&page, &page_none),
        },
        "goals": {
            "first_visit_per_second": at_least(2_000.0, html.per_second.median),
            "inertia_visit_per_second": at_least(2_000.0, page.per_second.median),
        },
        "plain": { "first_visit": plain_html, "inertia_visit": plain_json },
        "solid_cache_store": { "first_visit": html, "inertia_visit": page },
        "memory_store": { "first_visit": html_memory, "inertia_visit": page_memory },
        "null_store": { "first_visit": html_none, "inertia_visit": page_none },
        "conditional": requests.conditional.map(|_| not_modified),
    }))
}

impl Requests {
    /// As a browser without anything makes them, and as the page's client does.
    async fn to(server: &Server, cookies: &str) -> Result<Self> {
        let first_visit = get("Accept: text/html\r\n");
        let answer = server.ask(&first_visit).await?;
        let html = String::from_utf8(answer.body)?;
        let version = html.split(r#""version":""#).nth(1);
        let version = version
            .and_then(|rest| rest.split('"').next())
            .context("no version")?;
        let usual = format!(
            "Accept: text/html, application/xhtml+xml\r\nX-Inertia: true\r\nX-Requested-With: XMLHttpRequest\r\n\
             X-Inertia-Version: {version}\r\nCookie: {cookies}\r\n"
        );
        let visit = get(&usual);
        let answer = server.ask(&visit).await?;
        ensure!(answer.status == 200, "expected 200, got {}", answer.head);
        let etag = answer.head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("etag").then(|| value.to_owned())
        });
        let conditional = etag.map(|etag| get(&format!("{usual}If-None-Match: {etag}\r\n")));
        Ok(Self {
            first_visit,
            visit,
            conditional,
        })
    }
}

fn get(headers: &str) -> String {
    format!("GET /todos HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n{headers}\r\n")
}

/// Answers a second, and what each cost the server.
type Run = (f64, f64);

impl Way<'_> {
    async fn run(&self, time: Duration) -> Result<Run> {
        let id = self.server.id()?;
        let (before, start) = (processor_seconds(id)?, Instant::now());
        let address = &self.server.address;
        let answers = load(address, &self.request, self.status, CONNECTIONS, time).await?;
        let elapsed = start.elapsed();
        let used = processor_seconds(id)? - before;
        Ok((
            per_second(answers, elapsed),
            microseconds_each(answers, used),
        ))
    }
}

async fn figures<const WAYS: usize>(
    ways: &[Way<'_>; WAYS],
    runs: [Vec<Run>; WAYS],
) -> Result<[Figures; WAYS]> {
    let mut all = Vec::new();
    for (way, runs) in ways.iter().zip(runs) {
        let answer = way.server.ask(&way.request).await?;
        all.push(Figures {
            per_second: Rounds::of(runs.iter().map(|(rate, _)| *rate)),
            server_processor_us_each: Rounds::of(runs.iter().map(|(_, used)| *used)),
            bytes: answer.head.len() + answer.body.len(),
        });
    }
    all.try_into().ok().context("each way has its figures")
}
