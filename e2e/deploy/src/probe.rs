use anyhow::{Result, ensure};

use crate::image::make_base;
use crate::{Engine, run};

/// What the services ask of an engine, asked for a program of the system.
const LOCKED: [&str; 20] = [
    "run",
    "--rm",
    "--read-only",
    "--tmpfs=/tmp:mode=1777,size=64m",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges:true",
    "--user=65532:65532",
    "--sysctl=net.ipv4.ip_unprivileged_port_start=0",
    "--memory=512m",
    "--pids-limit=200",
    "--restart=no",
    "--log-driver=json-file",
    "--volume=probe:/data",
    "--network=probe-outside",
    "--publish=8080:8080",
    "--health-cmd=:",
    "--health-interval=1s",
    "probe",
    "/bin/cat",
    "/proc/self/status",
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
    let dockerfile = "FROM trifecta-test-probe\nRUN [\"/bin/cat\", \"/proc/self/status\"]\n";
    std::fs::write(folder.join("Dockerfile"), dockerfile)?;
    let build = ["build", "--quiet", "--network=none", "--tag=probe", "probe"];
    run(&mut engine.docker(&build)).await?;
    let networks = [
        &["network", "create", "--internal", "probe-inside"][..],
        &["network", "create", "probe-outside"],
    ];
    for network in networks {
        run(&mut engine.docker(network)).await?;
    }
    let status = run(&mut engine.docker(&LOCKED)).await?;
    let is_filtered = status.lines().any(|line| line == "Seccomp:\t2");
    ensure!(is_filtered, "no system call is filtered: {status}");
    clear_up(engine).await
}

/// A test finds an engine on which nothing is.
async fn clear_up(engine: &Engine) -> Result<()> {
    let all: [&[&str]; 3] = [
        &["volume", "rm", "probe"],
        &["network", "rm", "probe-inside", "probe-outside"],
        &["image", "rm", "probe", "trifecta-test-probe"],
    ];
    for removal in all {
        run(&mut engine.docker(removal)).await?;
    }
    Ok(())
}
