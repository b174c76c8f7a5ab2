//! The suite behind its front proxy: one origin, and a web process that starts again while people use it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use test_support::{Browser, Process, Socket, Suite, wait_until};

/// What each browser has to have done while one web process takes over from another.
const MEANWHILE: usize = 5;

async fn url(front: &Process) -> String {
    format!("http://{}", front.address().await)
}

#[tokio::test]
async fn the_page_and_its_socket_are_of_one_origin() -> Result<()> {
    let suite = Suite::start(&[("CABLE_URL", "/cable")]).await?;
    let front = suite.front(&[])?;
    let url = url(&front).await;
    let browser = Browser::open(&url).await?;
    let socket = format!("{}/cable", url.replace("http://", "ws://"));
    let mut socket = Socket::subscribe(&socket, &url).await?;
    assert_eq!(browser.create("through the front").await?.status(), 303);
    socket.text_with("through the front").await?;

    let elsewhere = Socket::open(&suite.cable_url(), Some("http://evil.example")).await;
    assert!(elsewhere.is_err(), "a page from elsewhere got a socket");
    Ok(())
}

#[tokio::test]
async fn a_new_web_process_takes_over_and_no_request_fails() -> Result<()> {
    let mut suite = Suite::start(&[]).await?;
    let front = suite.front(&[])?;
    let url = url(&front).await;
    let over = Arc::new(AtomicBool::new(false));
    let done: Vec<Arc<AtomicUsize>> = (0..4).map(|_| Arc::default()).collect();
    let mut users = Vec::new();
    for done in &done {
        let browser = Browser::open(&url).await?;
        users.push(tokio::spawn(use_it(
            browser,
            Arc::clone(done),
            Arc::clone(&over),
        )));
    }
    for _ in 0..3 {
        all_go_on(&done).await;
        suite.web.stop().await?;
        suite.restart_web().await?;
        all_go_on(&done).await;
    }
    over.store(true, Ordering::Relaxed);
    let mut written = 0;
    for user in users {
        written += user.await??;
    }
    let props = suite.browser().await?.props().await?;
    let todos = props["todos"].as_array().context("no list")?;
    assert_eq!(todos.len(), written, "each change counts once");
    Ok(())
}

/// Reads and writes in turn, until it is over; returns how many todos were written.
async fn use_it(browser: Browser, done: Arc<AtomicUsize>, over: Arc<AtomicBool>) -> Result<usize> {
    let mut written = 0;
    while !over.load(Ordering::Relaxed) {
        let page = browser.request(Method::GET, "/todos")?.send().await?;
        ensure!(page.status() == 200, "the page: {}", page.status());
        let key = format!("{:p}-{written}", Arc::as_ptr(&done));
        let title = format!("todo {key}");
        let body = serde_json::json!({ "todo": { "title": title } });
        let create = browser.visit(Method::POST, "/todos")?;
        let created = create
            .header("Idempotency-Key", key)
            .json(&body)
            .send()
            .await?;
        ensure!(created.status() == 303, "a change: {}", created.status());
        written += 1;
        done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(written)
}

async fn all_go_on(done: &[Arc<AtomicUsize>]) {
    let counts = || done.iter().map(|done| done.load(Ordering::Relaxed));
    let goals: Vec<usize> = counts().map(|count| count + MEANWHILE).collect();
    wait_until("all users go on", || async {
        counts().zip(&goals).all(|(count, goal)| count >= *goal)
    })
    .await;
}
