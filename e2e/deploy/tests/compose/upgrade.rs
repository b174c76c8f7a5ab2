use anyhow::{Context as _, Result};
use deploy::{Project, Traffic};
use test_support::Browser;

use crate::list::each_is_there_once;
use crate::messages::Messages;
use crate::{FRONT, start, variables};

pub(crate) async fn an_upgrade_loses_nothing(
    project: &Project<'_>,
    messages: &mut Messages,
) -> Result<()> {
    let browser = Browser::open(FRONT).await?;
    assert_eq!(browser.create("before the upgrade").await?.status(), 303);
    messages.go_on().await?;
    project.set(&variables(&[("TRIFECTA_IMAGE", "trifecta:2.0")]))?;
    // Behind the proxy nobody notices: each request is sent once, and none fails.
    let mut traffic = Traffic::start(FRONT, 2).await?;
    traffic.goes_on(3).await?;
    let behind = [
        "up",
        "--detach",
        "--wait",
        "--no-build",
        "--no-deps",
        "web",
        "worker",
        "cable",
    ];
    let upgrade = project.compose(&behind);
    let (upgraded, sent) = tokio::join!(upgrade, messages.send());
    upgraded?;
    sent?;
    messages.arrive().await?;
    traffic.goes_on(3).await?;
    let tally = traffic.end().await.context("the traffic")?;
    each_is_there_once(&tally.titles).await?;
    start(project).await?;
    messages.go_on().await?;
    all_run(project, "trifecta:2.0").await?;
    // The session of before counts, too.
    assert_eq!(browser.create("after the upgrade").await?.status(), 303);
    project.set(&variables(&[("TRIFECTA_IMAGE", "trifecta:1.0")]))?;
    start(project).await?;
    all_run(project, "trifecta:1.0").await?;
    each_is_there_once(&["before the upgrade".into(), "after the upgrade".into()]).await
}

async fn all_run(project: &Project<'_>, image: &str) -> Result<()> {
    for service in Project::SERVICES {
        assert_eq!(project.inspect(service, ".Config.Image").await?, image);
    }
    Ok(())
}
