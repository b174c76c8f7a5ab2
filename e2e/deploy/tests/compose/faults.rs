use anyhow::Result;
use deploy::Project;
use serde_json::Value;
use test_support::wait_until;

use crate::list::each_is_there_once;
use crate::messages::Messages;
use crate::writer::Writer;

pub(crate) async fn who_is_killed_comes_back(
    project: &Project<'_>,
    messages: &mut Messages,
) -> Result<()> {
    let writer = Writer::start();
    for service in Project::SERVICES {
        messages.go_on().await?;
        writer.goes_on().await?;
        let killed = project.kill(service);
        // Messages of this time are for later, where the cable or the proxy is gone.
        let (killed, sent) = tokio::join!(killed, messages.send());
        killed?;
        sent?;
        messages.arrive().await?;
        writer.goes_on().await?;
    }
    let titles = writer.end().await?;
    each_is_there_once(&titles).await?;
    all_jobs_are_done(project).await;
    for service in Project::SERVICES {
        assert_eq!(project.inspect(service, ".RestartCount").await?, "1");
    }
    Ok(())
}

/// Those of the worker that was killed, too, which is missed although nobody sees its pid.
async fn all_jobs_are_done(project: &Project<'_>) {
    wait_until(
        "all jobs are done, and the dead worker is forgotten",
        || async {
            let status = ["exec", "--no-TTY", "worker", "worker", "status", "--json"];
            let status = project.compose(&status).await.unwrap_or_default();
            let status: Value = serde_json::from_str(&status).unwrap_or_default();
            let left = ["scheduled", "ready", "blocked", "claimed", "failed"];
            let processes = status["processes"].as_array().map(Vec::len);
            let is_done = left.iter().all(|left| status["jobs"][left]["jobs"] == 0);
            processes == Some(4) && is_done
        },
    )
    .await;
}
