use anyhow::{Result, ensure};
use deploy::{Engine, run};
use tokio::process::Command;

/// No shell, no packages, nothing but what the programs need.
pub(crate) async fn the_image_is_bare(engine: &Engine) -> Result<()> {
    run(&mut engine.docker(&["create", "--name", "bare", "trifecta:1.0"])).await?;
    let archive = engine.folder().join("bare.tar");
    let mut export = engine.docker(&["export", "--output"]);
    run(export.arg(&archive).arg("bare")).await?;
    let list = run(Command::new("tar")
        .arg("--list")
        .arg("--file")
        .arg(&archive))
    .await?;
    let is_ours = |path: &&str| {
        let ours = [
            "app/",
            "data/",
            "backups/",
            "tmp/",
            "etc/ssl/certs/",
            "lib",
            "usr/lib",
        ];
        ours.iter().any(|folder| path.starts_with(folder))
    };
    let others: Vec<&str> = list.lines().filter(|path| !is_ours(path)).collect();
    // With what the engine makes for each container.
    let expected = [
        ".dockerenv",
        "dev/",
        "dev/console",
        "dev/pts/",
        "dev/shm/",
        "etc/",
        "etc/group",
        "etc/hostname",
        "etc/hosts",
        "etc/mtab",
        "etc/nsswitch.conf",
        "etc/passwd",
        "etc/resolv.conf",
        "etc/ssl/",
        "proc/",
        "sys/",
        "usr/",
    ];
    let unexpected: Vec<_> = others
        .iter()
        .filter(|path| !expected.contains(*path))
        .collect();
    ensure!(unexpected.is_empty(), "the image holds {unexpected:?}");
    let programs = list.lines().filter(|path| path.starts_with("app/bin/"));
    assert_eq!(programs.count(), 5, "the folder and its four programs");
    let shell = [
        "run",
        "--rm",
        "--entrypoint=/bin/sh",
        "trifecta:1.0",
        "-c",
        ":",
    ];
    ensure!(
        run(&mut engine.docker(&shell)).await.is_err(),
        "there is a shell"
    );
    let size = ["image", "inspect", "--format={{.Size}}", "trifecta:1.0"];
    let size: u64 = run(&mut engine.docker(&size)).await?.parse()?;
    eprintln!("the image has {} MB", size / 1_000_000);
    run(&mut engine.docker(&["rm", "--volumes", "bare"]))
        .await
        .map(drop)
}
