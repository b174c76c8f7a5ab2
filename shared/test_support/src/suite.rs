use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{Browser, Ended, Port, Process, Socket, Variables, production, run};

/// What the worker logs once it takes jobs, as text or as JSON.
const WORKER_READY: &str = "\"Worker\"";

/// The three processes on four fresh files, each on a port of its own.
pub struct Suite {
    /// The HTTP process.
    pub web: Process,
    /// The process that performs jobs.
    pub worker: Process,
    /// The WebSocket process.
    pub cable: Process,
    web_address: String,
    cable_address: String,
    storage: PathBuf,
    folder: Option<tempfile::TempDir>,
    variables: Variables,
    /// Theirs still while the processes do not run.
    _ports: [Port; 2],
}

impl Suite {
    /// Starts the suite in production mode. `variables` add to the usual ones.
    ///
    /// # Errors
    /// When a process cannot be started.
    pub async fn start(variables: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut suite = Self::start_in(&folder.path().join("storage"), variables).await?;
        suite.folder = Some(folder);
        Ok(suite)
    }

    /// Like [`Suite::start`], with its files in this folder.
    ///
    /// # Errors
    /// As [`Suite::start`].
    pub async fn start_in(storage: &Path, variables: &[(&str, &str)]) -> Result<Self> {
        let ports = [Port::keep()?, Port::keep()?];
        let [web, cable] = [&ports[0], &ports[1]].map(|port| port.address().map(|it| it.port()));
        let (web, cable) = (web?.to_string(), cable?.to_string());
        let own = [("PORT", web.as_str()), ("CABLE_PORT", &cable)];
        let variables = production(storage, &[&own, variables].concat());
        let start = |name| Process::start(name, &[], &variables);
        let (web, worker, cable) = (start("web")?, start("worker")?, start("cable")?);
        let (web_address, cable_address) = (web.address().await, cable.address().await);
        worker.line_with(WORKER_READY).await;
        Ok(Self {
            web,
            worker,
            cable,
            web_address,
            cable_address,
            storage: storage.to_owned(),
            folder: None,
            variables,
            _ports: ports,
        })
    }

    /// Starts the worker again after its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn restart_worker(&mut self) -> Result<()> {
        self.worker = Process::start("worker", &[], &self.variables)?;
        self.worker.line_with(WORKER_READY).await;
        Ok(())
    }

    /// Starts the cable again after its end, on its old port.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn restart_cable(&mut self) -> Result<()> {
        self.cable = Process::start("cable", &[], &self.variables)?;
        self.cable.address().await;
        Ok(())
    }

    /// Starts the web process again after its end, on its old port.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn restart_web(&mut self) -> Result<()> {
        self.web = Process::start("web", &[], &self.variables)?;
        self.web.address().await;
        Ok(())
    }

    /// Starts the front proxy before the suite, on a port of its own. `variables` add to the usual ones.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn front(&self, variables: &[(&str, &str)]) -> Result<Process> {
        let usual = [
            ("HTTP_BIND", "127.0.0.1"),
            ("HTTP_PORT", "0"),
            ("TARGET_PORT", port(&self.web_address)),
            ("CABLE_PORT", port(&self.cable_address)),
        ];
        let all = usual.iter().chain(variables);
        let all = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Process::start("thrust", &[], &all.collect())
    }

    /// Runs a binary to its end with the variables of the suite. `more` come last and win.
    ///
    /// # Errors
    /// When it cannot be started, or does not end.
    pub async fn run(
        &self,
        name: &str,
        arguments: &[&str],
        more: &[(&str, &str)],
    ) -> Result<Ended> {
        let mut variables = self.variables.clone();
        let more = more.iter();
        variables.extend(more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        run(name, arguments, &variables).await
    }

    /// Stops all processes, as an operator does.
    ///
    /// # Errors
    /// When one has ended already, or does not end.
    pub async fn stop(&mut self) -> Result<()> {
        for process in [&mut self.web, &mut self.worker, &mut self.cable] {
            process.stop().await?;
        }
        Ok(())
    }

    /// Kills all processes, as a power cut does.
    ///
    /// # Errors
    /// When one has ended already.
    pub async fn kill(&mut self) -> Result<()> {
        for process in [&mut self.web, &mut self.worker, &mut self.cable] {
            process.kill().await?;
        }
        Ok(())
    }

    /// Starts all processes again after their ends, on their old ports.
    ///
    /// # Errors
    /// When one cannot be started.
    pub async fn restart(&mut self) -> Result<()> {
        self.restart_web().await?;
        self.restart_worker().await?;
        self.restart_cable().await
    }

    /// `http://host:port` of the web process.
    pub fn url(&self) -> String {
        format!("http://{}", self.web_address)
    }

    /// `ws://host:port/cable` of the cable process.
    pub fn cable_url(&self) -> String {
        format!("ws://{}/cable", self.cable_address)
    }

    /// The folder of the four files.
    pub fn storage(&self) -> PathBuf {
        self.storage.clone()
    }

    /// A new browser that has loaded the page.
    ///
    /// # Errors
    /// When the page does not load.
    pub async fn browser(&self) -> Result<Browser> {
        Browser::open(&self.url()).await
    }

    /// A new socket that is subscribed to the todos.
    ///
    /// # Errors
    /// When the cable refuses it.
    pub async fn socket(&self) -> Result<Socket> {
        Socket::subscribe(&self.cable_url(), &self.url()).await
    }
}

fn port(address: &str) -> &str {
    address.rsplit(':').next().unwrap_or_default()
}
