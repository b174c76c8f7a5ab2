use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::command::{apart, can_part, comes, enter_network};
use crate::probe::can_run;
use crate::{folder_of_programs, run};

/// What starts the engine: the first process of a namespace, with which all others end.
const START: &str = r#"
umask 022
ip link set lo up
if [ -d /etc/docker ]; then mount -t tmpfs tmpfs /etc/docker; fi
echo '{}' >"$1/daemon.json"
dockerd --config-file "$1/daemon.json" --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" \
  --host "unix://$1/docker.sock" --cgroup-parent "$2" --exec-opt native.cgroupdriver=cgroupfs &
wait
"#;

/// In megabytes: an engine that has no overlays has each layer of each image as a copy.
const ROOM: u64 = 4000;

/// A container engine of a test's own, with a network of its own. It ends with all of its containers when it is dropped.
pub struct Engine {
    outer: Child,
    /// The first process of its namespaces.
    first: Pid,
    group: String,
    folder: tempfile::TempDir,
}

/// Starts an engine and runs a test in its network, where the published ports are. Where that cannot be done, says why and
/// skips the test.
///
/// # Errors
/// What the test found.
pub fn on_an_engine(test: impl AsyncFnOnce(&Engine) -> Result<()> + Send) -> Result<()> {
    if let Err(reason) = can_start() {
        eprintln!("SKIPPED: {reason:#}");
        return Ok(());
    }
    let work = || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let engine = match runtime.block_on(Engine::start()) {
            Ok(engine) => engine,
            Err(reason) => {
                eprintln!("SKIPPED: {reason:#}");
                return Ok(());
            }
        };
        // Sockets that this thread opens are in the engine's network from now on.
        enter_network(engine.first)?;
        runtime.block_on(test(&engine))
    };
    apart(work)
}

/// Whether an engine can be had here.
fn can_start() -> Result<()> {
    can_part(
        &["dockerd", "docker", "iptables", "ip", "unshare", "nsenter"],
        "docker.io iptables iproute2",
        ROOM,
    )?;
    // The path of a socket has at most 107 bytes, and the engine has sockets of its own below that folder.
    let folder = std::env::temp_dir();
    ensure!(
        folder.as_os_str().len() <= 55,
        "the path {} is too long for the sockets of an engine: set TMPDIR",
        folder.display()
    );
    for plugin in ["compose", "buildx"] {
        let mut version = std::process::Command::new("docker");
        version.args([plugin, "version"]).stdin(Stdio::null());
        let output = version.output().context("docker")?;
        ensure!(
            output.status.success(),
            "docker has no plugin `{plugin}`: run `bin/test deploy`, which gets it, and set DOCKER_CONFIG=target/docker"
        );
    }
    folder_of_programs().map(drop)
}

impl Engine {
    async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let group = format!("/trifecta-test-{}", std::process::id());
        let log = File::create(folder.path().join("log"))?;
        let mut unshare = Command::new("unshare");
        let mut outer = unshare
            .args(["--net", "--mount", "--pid", "--fork", "--kill-child"])
            .args(["--mount-proc", "bash", "-euc", START, "engine"])
            .arg(folder.path())
            .arg(&group)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("could not start unshare")?;
        let id = outer.id().context("unshare ended at once")?;
        let socket = folder.path().join("docker.sock");
        let answer = tokio::select! {
            answer = comes(async || answers(&socket).await.then_some(())) => answer,
            _ = outer.wait() => None,
        };
        let log = std::fs::read_to_string(folder.path().join("log"))?;
        let first = answer.and_then(|()| children_of(id).into_iter().next());
        let engine = Self {
            first: first.with_context(|| format!("the engine did not start: {log}"))?,
            outer,
            group,
            folder,
        };
        let runs = can_run(&engine).await;
        runs.context("the engine runs no containers here")?;
        Ok(engine)
    }

    /// A docker command for it.
    pub fn docker(&self, arguments: &[&str]) -> Command {
        let mut docker = docker_at(&self.folder.path().join("docker.sock"));
        docker.args(arguments).current_dir(self.folder.path());
        docker
    }

    /// A folder that lasts as long as it does. Its data lies there, too.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills a process, which `docker inspect` knows by this pid. `docker kill` would count as a stop.
    ///
    /// # Errors
    /// When that fails.
    pub async fn kill(&self, pid: u32) -> Result<()> {
        let pid = pid.to_string();
        self.enter(&["kill", "-KILL", &pid]).await.map(drop)
    }

    /// A file that the engine's processes see, such as one of `/proc`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(&self, path: &str) -> Result<String> {
        self.enter(&["cat", path]).await
    }

    async fn enter(&self, command: &[&str]) -> Result<String> {
        let first = self.first.as_raw_nonzero().to_string();
        let mut nsenter = Command::new("nsenter");
        nsenter.args(["--target", &first, "--pid", "--mount", "--"]);
        run(nsenter.args(command)).await
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // All processes and mounts of its namespaces go with the first.
        let _ = kill_process(self.first, Signal::KILL);
        for _ in 0..1000 {
            if !matches!(self.outer.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        remove_groups(
            Path::new("/sys/fs/cgroup"),
            self.group.trim_start_matches('/'),
        );
    }
}

async fn answers(socket: &Path) -> bool {
    let mut version = docker_at(socket);
    run(version.args(["version"])).await.is_ok()
}

fn docker_at(socket: &Path) -> Command {
    let mut docker = Command::new("docker");
    docker
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .env("DOCKER_BUILDKIT", "1");
    // What is set for another engine.
    for name in [
        "CONTEXT",
        "TLS",
        "TLS_VERIFY",
        "CERT_PATH",
        "API_VERSION",
        "DEFAULT_PLATFORM",
    ] {
        docker.env_remove(format!("DOCKER_{name}"));
    }
    docker.env_remove("BUILDX_BUILDER");
    docker
}

/// The control groups that containers leave when their engine is killed: in the one hierarchy, or in each of the many.
fn remove_groups(root: &Path, name: &str) {
    let many = std::fs::read_dir(root).into_iter().flatten().flatten();
    let many = many.map(|hierarchy| hierarchy.path().join(name));
    for group in many.chain([root.join(name)]) {
        for inner in std::fs::read_dir(&group).into_iter().flatten().flatten() {
            let _ = std::fs::remove_dir(inner.path());
        }
        let _ = std::fs::remove_dir(&group);
    }
}

/// The processes that a process started.
fn children_of(id: u32) -> Vec<Pid> {
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    let children = children.unwrap_or_default();
    let pids = children.split_whitespace();
    pids.filter_map(|pid| Pid::from_raw(pid.parse().ok()?))
        .collect()
}
