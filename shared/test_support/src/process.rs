use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

pub use rustix::process::Signal;

use crate::{Variables, root, wait_for};

/// A running process of ours. Killed when it is dropped.
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Mutex<Vec<String>>>,
    collectors: Vec<JoinHandle<()>>,
}

/// The path of a binary of this workspace, beside the test that runs.
///
/// # Errors
/// When it was not built.
pub fn binary(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().find(|folder| folder.join(name).is_file());
    let folder = folder.with_context(|| {
        format!("the binary `{name}` is not built: run `cargo build --workspace --bins`")
    })?;
    Ok(folder.join(name))
}

/// How a process that was run to its end ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Ended {
    /// What it printed, having done what it was to do.
    ///
    /// # Panics
    /// When it failed.
    #[track_caller]
    pub fn said(self) -> String {
        assert_eq!(self.code, Some(0), "it said: {}", self.stderr);
        self.stdout
    }

    /// Why it refused, with this exit code.
    ///
    /// # Panics
    /// When it ended otherwise.
    #[track_caller]
    pub fn refused(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "it said: {}", self.stdout);
        self.stderr
    }
}

/// Runs a binary of this workspace to its end, with these variables and no others.
///
/// # Errors
/// When it is not built, cannot be started, or does not end.
pub async fn run(name: &str, arguments: &[&str], variables: &Variables) -> Result<Ended> {
    let output = command(name, arguments, variables)?.output();
    let output = tokio::time::timeout(crate::PATIENCE, output)
        .await
        .with_context(|| format!("`{name}` does not end"))??;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Ended {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    })
}

fn command(name: &str, arguments: &[&str], variables: &Variables) -> Result<Command> {
    let mut command = Command::new(binary(name)?);
    let variables = variables.iter().map(|(name, value)| (name, value));
    command
        .args(arguments)
        .env_clear()
        .envs(variables)
        .current_dir(root());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Ok(command)
}

impl Process {
    /// Starts a binary of this workspace in its root, with these variables and no others.
    ///
    /// # Errors
    /// When it is not built or cannot be started.
    pub fn start(name: &str, arguments: &[&str], variables: &Variables) -> Result<Self> {
        Self::spawn(name, command(name, arguments, variables)?)
    }

    /// The same with a listening socket that is passed as systemd passes it, under this name.
    ///
    /// # Errors
    /// When it is not built or cannot be started.
    pub fn activate(
        name: &str,
        (socket, socket_name): (TcpListener, &str),
        variables: &Variables,
    ) -> Result<Self> {
        // The pid is known only to the process itself, and the socket comes to it as its standard input.
        let script = "export LISTEN_PID=$$; exec \"$0\" 3<&0 </dev/null";
        let program = binary(name)?.display().to_string();
        let variables = variables.iter().map(|(name, value)| (name, value));
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", script, &program])
            .env_clear()
            .envs(variables)
            .envs([("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", socket_name)])
            .current_dir(root())
            .stdin(OwnedFd::from(socket))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self::spawn(name, shell)
    }

    fn spawn(name: &str, mut command: Command) -> Result<Self> {
        let mut child = command
            .spawn()
            .with_context(|| format!("could not start `{name}`"))?;
        let output = Arc::default();
        let stdout = collect(child.stdout.take(), &output);
        let stderr = collect(child.stderr.take(), &output);
        Ok(Self {
            name: name.to_owned(),
            child,
            output,
            collectors: stdout.into_iter().chain(stderr).collect(),
        })
    }

    /// The process id.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn id(&self) -> Result<u32> {
        self.child
            .id()
            .with_context(|| format!("`{}` has ended: {}", self.name, self.output()))
    }

    /// All that the process wrote so far.
    pub fn output(&self) -> String {
        self.output
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .join("\n")
    }

    /// How many lines it wrote so far.
    pub fn lines(&self) -> usize {
        let output = self.output.lock();
        output.unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until a line of the output contains `text`, and returns the line.
    ///
    /// # Panics
    /// When the process ends without such a line.
    pub async fn line_with(&self, text: &str) -> String {
        let what = format!("a line with `{text}` from `{}`", self.name);
        wait_for(&what, || async {
            // Asked before the output is: what the process wrote last is in it then.
            let has_ended = self.collectors.iter().all(JoinHandle::is_finished);
            let output = self.output();
            let line = output.lines().find(|line| line.contains(text));
            assert!(
                line.is_some() || !has_ended,
                "waited for {what}, but it ended: {output}"
            );
            line.map(str::to_owned)
        })
        .await
    }

    /// Waits until the process listens, and returns its address: host and port.
    pub async fn address(&self) -> String {
        let line = self.line_with("address").await;
        // As text, or as JSON.
        let (_, rest) = line.split_once("address").unwrap_or_default();
        let rest = rest.trim_start_matches(['=', ':', '"']);
        let end = rest.find([' ', '"', ',']).unwrap_or(rest.len());
        rest[..end].to_owned()
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let id = i32::try_from(self.id()?)?;
        let id = rustix::process::Pid::from_raw(id).context("a process id is positive")?;
        Ok(rustix::process::kill_process(id, signal)?)
    }

    /// Waits for the end of the process and of its output.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        match tokio::time::timeout(crate::PATIENCE, self.wait()).await {
            Ok(status) => status,
            Err(_) => bail!("`{}` does not end: {}", self.name, self.output()),
        }
    }

    async fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait().await?;
        for collector in self.collectors.drain(..) {
            collector.await?;
        }
        Ok(status)
    }

    /// Sends TERM and waits for the end.
    ///
    /// # Errors
    /// When the process has ended already, or does not.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.ended().await
    }

    /// Kills the process as a crash would, and waits until it is gone.
    ///
    /// # Errors
    /// When the process has ended already.
    pub async fn kill(&mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        self.ended().await?;
        Ok(())
    }
}

fn collect(
    stream: Option<impl AsyncRead + Unpin + Send + 'static>,
    output: &Arc<Mutex<Vec<String>>>,
) -> Option<JoinHandle<()>> {
    let stream = stream?;
    let output = Arc::clone(output);
    Some(tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            output
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    }))
}
