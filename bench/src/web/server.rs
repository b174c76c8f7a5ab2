use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use test_support::{Browser, Process, Variables, production};

use super::client::{Answer, Connection};
use crate::folder;

/// The lines of requests are not read: that would cost the reader as much as the server.
const QUIET: &str = "info,actix_server=warn,actix_http=off,web::requests=warn";

/// A running server of `GET /todos`.
pub(crate) struct Server {
    process: Process,
    pub(crate) address: String,
    _folder: TempDir,
}

impl Server {
    /// The real `web`, with so many todos.
    pub(crate) async fn web(todos: usize, more: &[(&str, &str)]) -> Result<(Self, Browser)> {
        let folder = folder::temporary()?;
        let more = [&[("RUST_LOG", QUIET)], more].concat();
        let variables = production(folder.path(), &more);
        let server = Self::start("web", &[], &variables, folder).await?;
        let browser = Browser::open(&format!("http://{}", server.address)).await?;
        for todo in 0..todos {
            let title = format!("Something that has to be done, number {todo}");
            let response = browser.create(&title).await?;
            ensure!(
                response.status() == 303,
                "the server answered {}",
                response.status()
            );
        }
        Ok((server, browser))
    }

    /// A plain handler that sends this.
    pub(crate) async fn plain(body: &[u8]) -> Result<Self> {
        let folder = folder::temporary()?;
        let file = folder.path().join("body");
        std::fs::write(&file, body)?;
        let file = file.to_str().context("not UTF-8")?.to_owned();
        Self::start("bench", &["web-plain", &file], &Vec::new(), folder).await
    }

    async fn start(
        name: &str,
        arguments: &[&str],
        variables: &Variables,
        folder: TempDir,
    ) -> Result<Self> {
        let process = Process::start(name, arguments, variables)?;
        let address = process.address().await;
        Ok(Self {
            process,
            address,
            _folder: folder,
        })
    }

    pub(crate) fn id(&self) -> Result<u32> {
        self.process.id()
    }

    pub(crate) async fn ask(&self, request: &str) -> Result<Answer> {
        Connection::open(&self.address).await?.ask(request).await
    }
}
