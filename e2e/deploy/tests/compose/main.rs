//! `deploy/compose.yaml` on an engine that starts for the test.
#![allow(clippy::print_stderr, reason = "a test says what it skips")]

mod backup;
mod faults;
mod files;
mod image;
mod list;
mod messages;
mod origin;
mod sandbox;
mod upgrade;
mod writer;

use anyhow::{Result, ensure};
use deploy::{Engine, Images, Project, on_an_engine, run};
use messages::Messages;

const FRONT: &str = "http://127.0.0.1:8080";
/// The page of the clients of `cable_faults` comes from there.
const ORIGIN: &str = "http://127.0.0.1:3000";
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// The user of the image.
const USER: &str = "65532";

#[test]
fn the_suite_lives_in_containers() -> Result<()> {
    on_an_engine(async |engine| {
        let images = Images::prepare(engine).await?;
        images.build("1.0").await?;
        images.build("2.0").await?;
        image::the_image_is_bare(engine).await?;
        let folder = images.compose_folder();
        let project = Project::new(engine, &folder, &variables(&[]))?;
        let outcome = lives(engine, &project).await;
        if outcome.is_err() {
            let logs = project.compose(&["logs", "--no-color", "--tail=20"]).await;
            eprintln!("{}", logs.unwrap_or_default());
        }
        outcome?;
        origin::it_serves_https(&folder, &project).await
    })
}

async fn lives(engine: &Engine, project: &Project<'_>) -> Result<()> {
    start(project).await?;
    origin::one_origin_serves_all().await?;
    sandbox::the_containers_are_locked(engine, project).await?;
    let mut messages = Messages::start(project)?;
    faults::who_is_killed_comes_back(project, &mut messages).await?;
    upgrade::an_upgrade_loses_nothing(project, &mut messages).await?;
    messages.end().await?;
    backup::a_backup_brings_all_back(engine, project).await?;
    let down = ["--profile=backup", "down", "--volumes"];
    project.compose(&down).await?;
    let mut volumes = engine.docker(&["volume", "ls", "--quiet"]);
    let left = run(&mut volumes).await?;
    ensure!(left.is_empty(), "volumes are left: {left}");
    Ok(())
}

async fn start(project: &Project<'_>) -> Result<()> {
    let up = ["up", "--detach", "--wait", "--no-build"];
    project.compose(&up).await.map(drop)
}

/// What every `.env` of the test has.
fn variables<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("SECRET_KEY_BASE", SECRET),
        ("HTTP_PORT", "8080"),
        ("HTTPS_PORT", "8443"),
        ("HEALTH_INTERVAL", "1s"),
        // On a busy machine a container takes its time to come up.
        ("UPSTREAM_WAIT", "100"),
        ("ALLOWED_ORIGINS", ORIGIN),
        ("RUST_LOG", "warn"),
        ("TRIFECTA_IMAGE", "trifecta:1.0"),
    ];
    // The last one of a name counts.
    usual.iter().chain(more).copied().collect()
}
