//! A proxy that runs.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rand::RngExt as _;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::family::Family;
use super::programs::{self, Program};
use super::setting::{Protocol, Setting};
use super::{caddy, nginx};
use crate::folder;

const PATIENCE: Duration = Duration::from_secs(30);
/// Below those that the system gives to connections that go out.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// It ends when this is dropped.
pub(crate) struct Proxy {
    pub(crate) program: Program,
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
    child: Child,
    folder: TempDir,
}

impl Proxy {
    pub(crate) fn start(program: Program, setting: &Setting, protocol: Protocol) -> Result<Self> {
        let (path, _) = program.find()?.context("no such program")?;
        let (folder, port) = (folder::temporary()?, free_port()?);
        let mut command = command(program, path, setting, protocol, port, &folder)?;
        let output = File::create(folder.path().join("output"))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        let mut proxy = Self {
            program,
            protocol,
            port,
            child,
            folder,
        };
        proxy.wait()?;
        Ok(proxy)
    }

    /// Each program that is there, for each of these protocols.
    pub(crate) fn each(setting: &Setting, protocols: &[Protocol]) -> Result<Vec<Self>> {
        let mut proxies = Vec::new();
        for program in programs::installed()? {
            for protocol in protocols {
                proxies.push(Self::start(program, setting, *protocol)?);
            }
        }
        Ok(proxies)
    }

    /// All processes of it.
    pub(crate) fn family(&self) -> Result<Family> {
        Family::of(self.child.id())
    }

    fn wait(&mut self) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if self.child.try_wait()?.is_some() || start.elapsed() > PATIENCE {
                let output = fs::read_to_string(self.folder.path().join("output"))?;
                bail!("{} does not listen: {output}", self.program.name());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Asks it to end, as the children of nginx only end with it then. Says whether it did.
    fn stop(&mut self) -> Result<bool> {
        let id = Pid::from_raw(i32::try_from(self.child.id())?).context("no id")?;
        kill_process(id, Signal::TERM)?;
        let start = Instant::now();
        while start.elapsed() < PATIENCE / 4 {
            if self.child.try_wait()?.is_some() {
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(false)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself.
        if !self.stop().unwrap_or_default() {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

fn command(
    program: Program,
    path: OsString,
    setting: &Setting,
    protocol: Protocol,
    port: u16,
    folder: &TempDir,
) -> Result<Command> {
    let mut command = Command::new(path);
    // Nothing of whoever runs this is read or written.
    command.current_dir(folder.path());
    let config = folder.path().join("config");
    match program {
        Program::Thrust => {
            command.env_clear();
            command.envs(variables(setting, protocol, port)?);
        }
        Program::Nginx => {
            let text = nginx::config(setting, protocol, port, folder.path())?;
            fs::write(&config, text)?;
            command.arg("-p").arg(folder.path()).arg("-c").arg(config);
        }
        Program::Caddy => {
            fs::write(&config, caddy::config(setting, protocol, port))?;
            for home in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
                command.env(home, folder.path());
            }
            command.args(["run", "--adapter", "caddyfile", "--config"]);
            command.arg(config);
        }
    }
    Ok(command)
}

fn variables(
    setting: &Setting,
    protocol: Protocol,
    port: u16,
) -> Result<Vec<(&'static str, String)>> {
    let backend = setting.backend.port.to_string();
    let mut variables = vec![
        ("HTTP_BIND", "127.0.0.1".to_owned()),
        ("TARGET_PORT", backend.clone()),
        ("CABLE_PORT", backend),
        ("LOG_REQUESTS", "false".to_owned()),
    ];
    let (chain, key) = (&setting.certificate.chain, &setting.certificate.key);
    match protocol {
        Protocol::Http1 => variables.push(("HTTP_PORT", port.to_string())),
        Protocol::Http2Tls => variables.extend([
            ("HTTP_PORT", free_port()?.to_string()),
            ("HTTPS_PORT", port.to_string()),
            ("TLS_CERTIFICATE", chain.display().to_string()),
            ("TLS_PRIVATE_KEY", key.display().to_string()),
        ]),
    }
    Ok(variables)
}

fn free_port() -> Result<u16> {
    let mut random = rand::rng();
    for _ in 0..1_000 {
        let port = random.random_range(PORTS);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free")
}
