use anyhow::{Context as _, Result, ensure};

use crate::command::comes;
use crate::image::make_base;
use crate::{Engine, run};

/// A step of a build, and a check of the health.
const DOCKERFILE: &str = r#"
FROM trifecta-test-probe
RUN ["/bin/cat", "/proc/self/status"]
HEALTHCHECK --interval=1s CMD ["/bin/cat", "/proc/self/status"]
CMD ["/bin/cat"]
"#;

/// What the services ask of an engine, asked for a program of the system.
const LOCKED: [&str; 18] = [
    "run",
    "--detach",
    "--interactive",
    "--name=probe",
    "--read-only",
    "--tmpfs=/tmp:mode=1777,size=64m",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges:true",
    "--user=65532:65532",
    "--sysctl=net.ipv4.ip_unprivileged_port_start=0",
    "--memory=512m",
    "--pids-limit=200",
    "--restart=unless-stopped",
    "--log-driver=json-file",
    "--volume=probe:/data",
    "--network=probe-outside",
    "--publish=8080:8080",
    "probe",
];

/// Whether an engine builds images and locks containers in as ours are. Where it does not, for want of rights or parts of the
/// kernel, what becomes of ours would say nothing.
pub(crate) async fn can_run(engine: &Engine) -> Result<()> {
    let limits = ["info", "--format={{.MemoryLimit}} {{.PidsLimit}}"];
    let limits = run(&mut engine.docker(&limits)).await?;
    ensure!(
        limits == "true true",
        "limits of memory and processes: {limits}"
    );
    make_base(engine, "trifecta-test-probe", &[]).await?;
    let folder = engine.folder().join("probe");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("Dockerfile"), DOCKERFILE)?;
    let build = ["build", "--quiet", "--network=none", "--tag=probe", "probe"];
    run(&mut engine.docker(&build)).await?;
    let inside = ["network", "create", "--internal", "probe-inside"];
    run(&mut engine.docker(&inside)).await?;
    run(&mut engine.docker(&["network", "create", "probe-outside"])).await?;
    run(&mut engine.docker(&LOCKED)).await?;
    is_well(engine).await?;
    clear_up(engine).await
}

async fn is_well(engine: &Engine) -> Result<()> {
    let pid = comes(async || {
        let state = state(engine, ".State.Health.Status}} {{.State.Pid").await?;
        state.strip_prefix("healthy ").map(str::to_owned)
    });
    let pid = pid.await.context("a container does not become healthy")?;
    let status = engine.read(&format!("/proc/{pid}/status")).await?;
    let is_filtered = status.lines().any(|line| line == "Seccomp:\t2");
    ensure!(is_filtered, "no system call is filtered");
    engine.read(&format!("/proc/{pid}/mountinfo")).await?;
    let exec = ["exec", "probe", "/bin/cat", "/proc/self/status"];
    run(&mut engine.docker(&exec)).await?;
    engine.kill(pid.parse().context("a pid")?).await?;
    let restarted = comes(async || {
        let state = state(engine, ".RestartCount}} {{.State.Status").await?;
        (state == "1 running").then_some(())
    });
    restarted
        .await
        .context("a container that was killed is not started again")
}

async fn state(engine: &Engine, what: &str) -> Option<String> {
    let format = format!("--format={{{{{what}}}}}");
    let inspect = ["inspect", &format, "probe"];
    run(&mut engine.docker(&inspect)).await.ok()
}

/// A test finds an engine on which nothing is.
async fn clear_up(engine: &Engine) -> Result<()> {
    let all: [&[&str]; 4] = [
        &["rm", "--force", "probe"],
        &["volume", "rm", "probe"],
        &["network", "rm", "probe-inside", "probe-outside"],
        &["image", "rm", "probe", "trifecta-test-probe"],
    ];
    for removal in all {
        run(&mut engine.docker(removal)).await?;
    }
    Ok(())
}
