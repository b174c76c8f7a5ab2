//! Processes die, and nothing is lost.

use anyhow::{Context as _, Result};
use db::{Database, DatabaseConfig};
use diesel::{QueryResult, RunQueryDsl as _, SqliteConnection, sql_query, sql_types::BigInt};
use test_support::{Socket, Suite, wait_until};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn claimed(connection: &mut SqliteConnection) -> QueryResult<i64> {
    let query = "SELECT count(*) AS count FROM solid_queue_claimed_executions";
    Ok(sql_query(query).get_result::<Count>(connection)?.count)
}

/// Holds the write lock of a file until it is dropped, so that whoever writes there waits.
struct Lock {
    connection: Database,
    release: Option<std::sync::mpsc::Sender<()>>,
}

impl Lock {
    async fn take(suite: &Suite, file: &str) -> Result<Self> {
        let connection = open(suite, file)?;
        let (locked, is_locked) = tokio::sync::oneshot::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let holder = connection.clone();
        tokio::task::spawn_blocking(move || {
            let hold = holder.write(move |_| {
                locked
                    .send(())
                    .map_err(|()| diesel::result::Error::RollbackTransaction)?;
                // Ends with the message or with the drop of its sender.
                released.recv().ok();
                Ok(())
            });
            tokio::runtime::Handle::current().block_on(hold)
        });
        is_locked.await?;
        Ok(Self {
            connection,
            release: Some(release),
        })
    }

    async fn release(mut self) -> Result<()> {
        self.release = None;
        Ok(self.connection.write(|_| Ok(())).await?)
    }
}

fn open(suite: &Suite, file: &str) -> Result<Database> {
    let path = suite.storage().join(file);
    Database::open(&DatabaseConfig::new(path), db::NO_MIGRATIONS).context("the suite made the file")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_in_the_middle_of_a_job_loses_nothing() -> Result<()> {
    let mut suite = Suite::start(&[]).await?;
    let (browser, mut socket) = (suite.browser().await?, suite.socket().await?);
    let queue = open(&suite, "production_queue.sqlite3")?;

    // The job cannot finish its broadcast while the cable file is locked.
    let lock = Lock::take(&suite, "production_cable.sqlite3").await?;
    browser.create("survives the worker").await?;
    wait_until("the job to be claimed", || async {
        queue.read(claimed).await.is_ok_and(|count| count == 1)
    })
    .await;
    suite.worker.kill().await?;
    lock.release().await?;
    suite.restart_worker().await?;

    socket.text_with("survives the worker").await?;
    wait_until("the claim to be gone", || async {
        queue.read(claimed).await.is_ok_and(|count| count == 0)
    })
    .await;
    browser.create("and the app goes on").await?;
    socket.text_with("and the app goes on").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_ran_when_the_backup_was_made_runs_again_after_the_restore() -> Result<()> {
    let mut suite = Suite::start(&[]).await?;
    let browser = suite.browser().await?;
    let queue = open(&suite, "production_queue.sqlite3")?;
    let lock = Lock::take(&suite, "production_cable.sqlite3").await?;
    browser.create("in the middle").await?;
    wait_until("the job to be claimed", || async {
        queue.read(claimed).await.is_ok_and(|count| count == 1)
    })
    .await;
    suite.worker.kill().await?;
    lock.release().await?;
    drop(queue);

    let folder = tempfile::tempdir()?;
    let path = folder.path().display().to_string();
    let said = suite.run("worker", &["backup", &path], &[]).await?.stdout;
    let backup = said.split([' ', ':']).nth(1).context("a folder")?;
    suite.web.stop().await?;
    suite.cable.stop().await?;
    let ended = suite
        .run("worker", &["restore", backup, "--force"], &[])
        .await?;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    suite.restart_cable().await?;
    suite.restart_web().await?;
    let mut socket = suite.socket().await?;
    suite.restart_worker().await?;
    socket.text_with("in the middle").await?;
    let queue = open(&suite, "production_queue.sqlite3")?;
    wait_until("the claim to be gone", || async {
        queue.read(claimed).await.is_ok_and(|count| count == 0)
    })
    .await;
    Ok(())
}

#[tokio::test]
async fn jobs_wait_for_a_worker() -> Result<()> {
    let mut suite = Suite::start(&[]).await?;
    let (browser, mut socket) = (suite.browser().await?, suite.socket().await?);
    suite.worker.kill().await?;
    assert_eq!(browser.create("waits for a worker").await?.status(), 303);
    suite.restart_worker().await?;
    socket.text_with("waits for a worker").await?;
    Ok(())
}

#[tokio::test]
async fn a_killed_cable_process_comes_back_with_the_truth() -> Result<()> {
    let mut suite = Suite::start(&[]).await?;
    let (browser, mut socket) = (suite.browser().await?, suite.socket().await?);
    suite.cable.kill().await?;
    socket.closed().await?;
    browser.create("made meanwhile").await?;
    suite.restart_cable().await?;
    let mut socket = Socket::reconnect(&suite.cable_url(), &suite.url()).await;
    browser.create("made afterwards").await?;
    let list = socket.text_with("made afterwards").await?;
    assert!(list.contains("made meanwhile"), "{list}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_queue_file_delays_a_broadcast_and_loses_nothing() -> Result<()> {
    let suite = Suite::start(&[("DATABASE__QUEUE__TIMEOUT", "100")]).await?;
    let (browser, mut socket) = (suite.browser().await?, suite.socket().await?);
    let lock = Lock::take(&suite, "production_queue.sqlite3").await?;
    assert_eq!(browser.create("waits for the lock").await?.status(), 303);
    suite
        .web
        .line_with("could not enqueue the broadcast of a change: trying again")
        .await;
    lock.release().await?;
    socket.text_with("waits for the lock").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_cache_file_is_a_cache_without_values() -> Result<()> {
    let suite = Suite::start(&[]).await?;
    let (browser, mut socket) = (suite.browser().await?, suite.socket().await?);
    let lock = Lock::take(&suite, "production_cache.sqlite3").await?;
    assert_eq!(browser.create("not cached").await?.status(), 303);
    socket.text_with("not cached").await?;
    assert_eq!(browser.props().await?["todos"][0]["title"], "not cached");
    lock.release().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_author_went_away_is_broadcast_all_the_same() -> Result<()> {
    let suite = Suite::start(&[]).await?;
    let (browser, mut socket) = (suite.browser().await?, suite.socket().await?);
    let lock = Lock::take(&suite, "production.sqlite3").await?;
    let address = suite.url().replace("http://", "");
    let request = format!(
        "POST /todos HTTP/1.1\r\nHost: {address}\r\nCookie: {}\r\nX-XSRF-TOKEN: {}\r\nContent-Type: application/json\r\n\
         Content-Length: 31\r\n\r\n{{\"todo\":{{\"title\":\"left alone\"}}}}",
        browser.cookies().unwrap_or_default(),
        browser.csrf_token().unwrap_or_default(),
    );
    let mut client = TcpStream::connect(&address).await?;
    client.write_all(request.as_bytes()).await?;
    // The write waits for the lock by now, or will; the reset meets it there or on its way.
    suite.browser().await?;
    client.set_zero_linger()?;
    drop(client);
    lock.release().await?;
    socket.text_with("left alone").await?;
    Ok(())
}

#[tokio::test]
async fn a_deleted_file_turns_the_health_pages_red() -> Result<()> {
    let suite = Suite::start(&[]).await?;
    let web = format!("{}/up", suite.url());
    let cable = suite
        .cable_url()
        .replace("ws://", "http://")
        .replace("/cable", "/up");
    let status = async |page: &str| {
        reqwest::get(page)
            .await
            .map(|response| response.status().as_u16())
    };
    for page in [&web, &cable] {
        wait_until("the process to be healthy", || async {
            status(page).await.is_ok_and(|status| status == 200)
        })
        .await;
    }
    std::fs::remove_file(suite.storage().join("production_cable.sqlite3"))?;
    for page in [&web, &cable] {
        assert_eq!(status(page).await?, 503, "{page}");
    }
    Ok(())
}
