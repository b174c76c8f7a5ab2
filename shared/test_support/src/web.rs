use anyhow::Result;

use crate::{Browser, Process, production};

/// The web process alone, on fresh files, and a browser that has loaded its page.
pub struct Web {
    /// The browser.
    pub browser: Browser,
    /// Where the process answers, without a slash at the end.
    pub url: String,
    /// The process.
    pub process: Process,
    _folder: tempfile::TempDir,
}

impl Web {
    /// Starts it in production mode. `variables` add to the usual ones.
    ///
    /// # Errors
    /// When the process cannot be started, or the page does not load.
    pub async fn start(variables: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let process = Process::start("web", &[], &production(folder.path(), variables))?;
        let url = format!("http://{}", process.address().await);
        Ok(Self {
            browser: Browser::open(&url).await?,
            url,
            process,
            _folder: folder,
        })
    }

    /// Starts it with a list of these titles, the last one on top.
    ///
    /// # Errors
    /// When the process cannot be started, or does not answer.
    pub async fn with_todos(titles: &[&str]) -> Result<Self> {
        let web = Self::start(&[]).await?;
        for title in titles {
            web.browser.create(title).await?;
        }
        Ok(web)
    }
}
