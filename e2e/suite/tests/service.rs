//! What the processes say to a service manager that watches them, and the sockets that they take from it.

use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use test_support::{PATIENCE, Process, Variables, production};
use tokio::net::UnixDatagram;

/// Long enough that no process misses it on a busy machine: the pings come eight times as often as they have to.
const WATCHDOG_USEC: &str = "8000000";

/// Stands for systemd: takes what the processes say.
struct Manager {
    socket: UnixDatagram,
    path: String,
}

impl Manager {
    fn new(folder: &Path) -> Result<Self> {
        let path = folder.join("notify").display().to_string();
        let socket = UnixDatagram::bind(&path)?;
        Ok(Self { socket, path })
    }

    fn variables(&self) -> [(&str, &str); 2] {
        [
            ("NOTIFY_SOCKET", &self.path),
            ("WATCHDOG_USEC", WATCHDOG_USEC),
        ]
    }

    /// The next message that holds `text`.
    async fn told(&self, text: &str) -> Result<String> {
        let next = async {
            loop {
                let mut buffer = vec![0; 4096];
                let length = self.socket.recv(&mut buffer).await?;
                let said = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
                if said.contains(text) {
                    return anyhow::Ok(said.into_owned());
                }
            }
        };
        let next = tokio::time::timeout(PATIENCE, next).await;
        next.with_context(|| format!("nobody said {text}"))?
    }
}

/// The variables of a process in a folder of its own, and of a front proxy that listens anywhere.
fn variables(folder: &Path, more: &[(&str, &str)]) -> Variables {
    let front = [
        ("HTTP_PORT", "0"),
        ("HTTP_BIND", "127.0.0.1"),
        ("WORKER_PORT", "0"),
    ];
    let all: Vec<_> = front.iter().chain(more).copied().collect();
    production(&folder.join("storage"), &all)
}

#[tokio::test]
async fn each_process_says_that_it_serves_gets_on_and_ends() -> Result<()> {
    for name in ["web", "worker", "cable", "thrust"] {
        let folder = tempfile::tempdir()?;
        let manager = Manager::new(folder.path())?;
        let variables = variables(folder.path(), &manager.variables());
        let mut process = Process::start(name, &[], &variables)?;
        let ready = manager.told("READY=1").await.context(name)?;
        ensure!(ready.contains("STATUS="), "{name} says how: {ready}");
        // The second one comes only as long as all loops move.
        for _ in 0..2 {
            manager.told("WATCHDOG=1").await.context(name)?;
        }
        let status = process.stop();
        let (stopping, status) = tokio::join!(manager.told("STOPPING=1"), status);
        let stopping = stopping.context(name)?;
        ensure!(
            stopping.contains("EXTEND_TIMEOUT_USEC="),
            "{name}: {stopping}"
        );
        ensure!(status?.success(), "{name} ends cleanly");
    }
    Ok(())
}

#[tokio::test]
async fn who_is_ready_serves_on_the_socket_that_was_passed() -> Result<()> {
    // Of the proxy any answer will do: there is nothing behind it.
    for (name, socket_name, path) in [
        ("web", "web", "/up"),
        ("cable", "cable", "/up"),
        ("worker", "trifecta-worker.socket", "/up"),
        ("thrust", "http", "/"),
    ] {
        let folder = tempfile::tempdir()?;
        let manager = Manager::new(folder.path())?;
        let more = [("UPSTREAM_WAIT", "0")];
        let all: Vec<_> = manager.variables().into_iter().chain(more).collect();
        let socket = TcpListener::bind("127.0.0.1:0")?;
        let address = socket.local_addr()?;
        let passed = (socket, socket_name);
        let process = Process::activate(name, passed, &variables(folder.path(), &all))?;
        manager.told("READY=1").await.context(name)?;
        let answer = reqwest::get(format!("http://{address}{path}")).await?;
        ensure!(
            answer.status() == 200 || name == "thrust",
            "{name}: {}",
            answer.status()
        );
        drop(process);
    }
    Ok(())
}

#[tokio::test]
async fn of_sockets_with_other_names_none_is_guessed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let variables = variables(folder.path(), &[("LISTEN_FDS", "2")]);
    let socket = TcpListener::bind("127.0.0.1:0")?;
    let mut process = Process::activate("web", (socket, "a:b"), &variables)?;
    let status = process.ended().await?;
    assert_eq!(status.code(), Some(1), "{}", process.output());
    Ok(())
}

#[tokio::test]
async fn what_the_service_manager_says_does_not_reach_a_wrapped_command() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let manager = Manager::new(folder.path())?;
    let variables = variables(folder.path(), &manager.variables());
    let mut process = Process::start("thrust", &["/usr/bin/env"], &variables)?;
    process.ended().await?;
    let output = process.output();
    ensure!(output.contains("PORT="), "the command ran: {output}");
    for variable in ["NOTIFY_SOCKET=", "WATCHDOG_USEC=", "LISTEN_"] {
        ensure!(!output.contains(variable), "{variable} in {output}");
    }
    Ok(())
}
