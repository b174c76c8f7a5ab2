use anyhow::{Result, ensure};
use cable_faults::Client;
use tokio::sync::watch;

/// Collects messages until the client has the `last` number, whenever that is known.
///
/// # Errors
/// When one is lost, or the client was turned away.
pub async fn collect_to_last(
    mut client: Client,
    mut last: watch::Receiver<Option<u64>>,
) -> Result<()> {
    let mut progress = client.progress();
    let had_last = async {
        let last = last.wait_for(Option::is_some).await?.unwrap_or_default();
        progress.wait_for(|number| *number >= last).await?;
        anyhow::Ok(())
    };
    tokio::select! {
        ended = client.collect_to(u64::MAX) => ended,
        had = had_last => had,
    }?;
    ensure!(
        client.lost == 0 && client.rejected == 0,
        "{} are lost",
        client.lost
    );
    Ok(())
}
