use anyhow::{Result, ensure};
use deploy::{Engine, run};
use tokio::process::Command;

/// No shell, no packages, nothing but what the programs need.
pub(crate) async fn the_image_is_bare(engine: &Engine) -> Result<()> {
    let list = files(engine, "trifecta:1.0").await?;
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
    let few = [
        "etc/",
        "etc/group",
        "etc/nsswitch.conf",
        "etc/passwd",
        "etc/ssl/",
        "usr/",
    ];
    // What the engine makes for each container is in one of nothing, too.
    let nothing = "FROM scratch\nLABEL nothing=here\n";
    let folder = engine.folder().join("nothing");
    std::fs::create_dir(&folder)?;
    std::fs::write(folder.join("Dockerfile"), nothing)?;
    run(&mut engine.docker(&["build", "--quiet", "--tag=nothing", "nothing"])).await?;
    let of_the_engine = files(engine, "nothing").await?;
    let unexpected: Vec<_> = others
        .iter()
        .filter(|path| !few.contains(*path) && !of_the_engine.lines().any(|of| of == **path))
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
    Ok(())
}

/// The paths in a container of that image.
async fn files(engine: &Engine, image: &str) -> Result<String> {
    run(&mut engine.docker(&["create", "--name", "bare", image, "web"])).await?;
    let archive = engine.folder().join("bare.tar");
    let mut export = engine.docker(&["export", "--output"]);
    run(export.arg(&archive).arg("bare")).await?;
    let mut list = Command::new("tar");
    let list = run(list.args(["--list", "--file"]).arg(&archive)).await?;
    run(&mut engine.docker(&["rm", "--volumes", "bare"])).await?;
    Ok(list)
}
