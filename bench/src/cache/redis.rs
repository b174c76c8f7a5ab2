//! Redis on a socket of this machine, and the least client there can be.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

const PROGRAM: &str = "redis-server";
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that keeps nothing on the disk. It ends when this is dropped.
pub(crate) struct Redis {
    child: Child,
    folder: TempDir,
    version: String,
}

/// Which Redis the figures are of.
pub(crate) fn describe(redis: Option<&Redis>) -> Value {
    match redis {
        Some(redis) => json!(format!(
            "Redis {}, without persistence, over its Unix socket, a blocking client",
            redis.version
        )),
        None => json!(format!("{PROGRAM} is not installed")),
    }
}

impl Redis {
    /// `None` when it is not installed.
    pub(crate) fn start() -> Result<Option<Self>> {
        let Some(version) = version()? else {
            return Ok(None);
        };
        // The path of a socket must be short.
        let folder = TempDir::with_prefix("bench-")?;
        let child = Command::new(PROGRAM)
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .arg("--unixsocket")
            .arg(folder.path().join("redis.sock"))
            .arg("--dir")
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()?;
        let redis = Self {
            child,
            folder,
            version,
        };
        redis.wait()?;
        Ok(Some(redis))
    }

    pub(crate) fn connect(&self) -> Result<Client> {
        Ok(Client {
            stream: BufReader::new(UnixStream::connect(self.socket())?),
            request: Vec::new(),
        })
    }

    fn wait(&self) -> Result<()> {
        let start = Instant::now();
        while UnixStream::connect(self.socket()).is_err() {
            ensure!(start.elapsed() < PATIENCE, "{PROGRAM} does not answer");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn version() -> Result<Option<String>> {
    let output = match Command::new(PROGRAM).arg("--version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        output => output?,
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix("v="));
    Ok(Some(version.unwrap_or("of unknown version").to_owned()))
}

/// One connection.
pub(crate) struct Client {
    stream: BufReader<UnixStream>,
    request: Vec<u8>,
}

impl Client {
    pub(crate) fn get(&mut self, key: &str) -> Result<Vec<u8>> {
        self.send(&[b"GET", key.as_bytes()])?;
        let line = self.line()?;
        let size: usize = line.strip_prefix('$').context("no bulk string")?.parse()?;
        let mut value = vec![0; size + 2];
        self.stream.read_exact(&mut value)?;
        value.truncate(size);
        Ok(value)
    }

    pub(crate) fn set(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.send(&[b"SET", key.as_bytes(), value])?;
        self.ok()
    }

    pub(crate) fn clear(&mut self) -> Result<()> {
        self.send(&[b"FLUSHALL"])?;
        self.ok()
    }

    fn send(&mut self, words: &[&[u8]]) -> Result<()> {
        self.request.clear();
        write!(self.request, "*{}\r\n", words.len())?;
        for word in words {
            write!(self.request, "${}\r\n", word.len())?;
            self.request.extend_from_slice(word);
            self.request.extend_from_slice(b"\r\n");
        }
        Ok(self.stream.get_mut().write_all(&self.request)?)
    }

    fn ok(&mut self) -> Result<()> {
        match self.line()?.as_str() {
            "+OK" => Ok(()),
            other => bail!("Redis said {other}"),
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}
