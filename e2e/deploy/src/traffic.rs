use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde_json::json;
use test_support::wait_until;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Between two visits of a user. Every change brings the whole list to every socket: with long ones this process, and not
/// the machine, would be what holds requests up.
const PACE: Duration = Duration::from_millis(100);

/// People that use the application all the time: each reads the page and makes a todo, in turn. Every request has a
/// connection of its own and is sent once: nothing hides one that fails.
pub struct Traffic {
    users: JoinSet<Result<Tally>>,
    done: Vec<Arc<AtomicUsize>>,
    over: watch::Sender<bool>,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Tally {
    /// Pages that were read.
    pub pages: usize,
    /// Titles of the todos that were acknowledged.
    pub titles: Vec<String>,
}

impl Traffic {
    /// Begins. `url` is that of the front proxy.
    ///
    /// # Errors
    /// When the page does not load.
    pub async fn start(url: &str, users: usize) -> Result<Self> {
        let over = watch::Sender::new(false);
        let done: Vec<Arc<AtomicUsize>> = (0..users).map(|_| Arc::default()).collect();
        let mut tasks = JoinSet::new();
        for (number, done) in done.iter().enumerate() {
            let user = User::new(url, number, Arc::clone(done)).await?;
            tasks.spawn(user.work(over.subscribe()));
        }
        Ok(Self {
            users: tasks,
            done,
            over,
        })
    }

    /// Waits until each of them has done so much more.
    ///
    /// # Errors
    /// What went wrong for one of them.
    pub async fn goes_on(&mut self, times: usize) -> Result<()> {
        let counts = || self.done.iter().map(|done| done.load(Ordering::Relaxed));
        let goals: Vec<usize> = counts().map(|count| count + times).collect();
        let all_went_on = wait_until("all users go on", || async {
            counts().zip(&goals).all(|(count, goal)| count >= *goal)
        });
        tokio::select! {
            () = all_went_on => Ok(()),
            Some(ended) = self.users.join_next() => {
                ended??;
                anyhow::bail!("a user went away")
            }
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// What went wrong for one of the users.
    pub async fn end(mut self) -> Result<Tally> {
        self.over.send_replace(true);
        let mut all = Tally::default();
        while let Some(ended) = self.users.join_next().await {
            let one = ended??;
            all.pages += one.pages;
            all.titles.extend(one.titles);
        }
        Ok(all)
    }
}

struct User {
    client: Client,
    url: String,
    headers: HeaderMap,
    number: usize,
    done: Arc<AtomicUsize>,
}

impl User {
    async fn new(url: &str, number: usize, done: Arc<AtomicUsize>) -> Result<Self> {
        let browser = test_support::Browser::open(url).await?;
        let mut headers = HeaderMap::new();
        headers.insert("cookie", browser.cookies().context("no cookies")?.parse()?);
        let token = browser.csrf_token().context("no token")?;
        headers.insert("x-xsrf-token", token.parse()?);
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .retry(reqwest::retry::never())
            .build()?;
        Ok(Self {
            client,
            url: url.to_owned(),
            headers,
            number,
            done,
        })
    }

    async fn work(self, over: watch::Receiver<bool>) -> Result<Tally> {
        let mut tally = Tally::default();
        while !*over.borrow() {
            let page = self.request(Method::GET).send().await;
            let page = page.context("a page")?;
            ensure!(page.status() == 200, "a page: {}", page.status());
            // To its end: an answer that breaks off is a failure, too.
            page.bytes().await.context("a page breaks off")?;
            tally.pages += 1;
            let title = format!("todo {}-{}", self.number, tally.titles.len());
            let create = self.request(Method::POST);
            let create = create.header("idempotency-key", title.replace(' ', "-"));
            let body = json!({ "todo": { "title": title } });
            let created = create.json(&body).send().await.context("a change")?;
            ensure!(created.status() == 303, "a change: {}", created.status());
            tally.titles.push(title);
            self.done.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PACE).await;
        }
        Ok(tally)
    }

    fn request(&self, method: Method) -> RequestBuilder {
        let request = self.client.request(method, format!("{}/todos", self.url));
        request
            .headers(self.headers.clone())
            .header("connection", "close")
    }
}
