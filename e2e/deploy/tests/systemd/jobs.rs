use anyhow::{Context as _, Result, ensure};
use deploy::Machine;
use serde_json::Value;
use test_support::wait_until;

use crate::RUN;

/// Jobs that people enqueue by hand.
#[derive(Default)]
pub(crate) struct Jobs {
    ids: Vec<String>,
}

impl Jobs {
    pub(crate) async fn enqueue(&mut self, machine: &Machine) -> Result<()> {
        let said = machine
            .run(&format!("{RUN} worker enqueue BroadcastTodosJob"))
            .await?;
        let id = said.split_whitespace().last().context("an id")?;
        self.ids.push(id.trim_end_matches('.').to_owned());
        Ok(())
    }

    /// None waits any more, and none failed.
    pub(crate) async fn are_finished(&self, machine: &Machine) -> Result<()> {
        wait_until("all jobs are finished", || async {
            let status = status(machine).await;
            status.is_ok_and(|status| {
                let unfinished = ["scheduled", "ready", "blocked", "claimed"];
                unfinished
                    .iter()
                    .all(|state| status["jobs"][state]["jobs"] == 0)
            })
        })
        .await;
        ensure!(
            status(machine).await?["jobs"]["failed"]["jobs"] == 0,
            "a job failed"
        );
        for id in &self.ids {
            let job = machine
                .run(&format!("{RUN} worker jobs show {id} --json"))
                .await?;
            let job: Value = serde_json::from_str(&job)?;
            ensure!(job["status"] == "finished", "{job}");
        }
        Ok(())
    }
}

async fn status(machine: &Machine) -> Result<Value> {
    let status = machine.run(&format!("{RUN} worker status --json")).await?;
    Ok(serde_json::from_str(&status)?)
}
