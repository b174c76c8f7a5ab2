use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use deploy::{Engine, Project};
use serde_json::Value;

use crate::USER;

/// What the kernel says of the main processes.
pub(crate) async fn the_containers_are_locked(
    engine: &Engine,
    project: &Project<'_>,
) -> Result<()> {
    for service in Project::SERVICES {
        let pid = project.inspect(service, ".State.Pid").await?;
        let status = engine.read(&format!("/proc/{pid}/status")).await?;
        let status: BTreeMap<&str, &str> = status
            .lines()
            .filter_map(|line| line.split_once(":\t"))
            .collect();
        let everyone = [USER; 4].join("\t");
        let expected = [
            ("Uid", everyone.as_str()),
            ("Gid", everyone.as_str()),
            ("CapEff", "0000000000000000"),
            ("CapBnd", "0000000000000000"),
            ("NoNewPrivs", "1"),
            ("Seccomp", "2"),
        ];
        for (key, value) in expected {
            assert_eq!(status.get(key), Some(&value), "{key} of {service}");
        }
        let mounts = engine.read(&format!("/proc/{pid}/mountinfo")).await?;
        let root = mounts
            .lines()
            .find(|line| line.split(' ').nth(4) == Some("/"));
        let options = root.and_then(|line| line.split(' ').nth(5));
        ensure!(
            options.is_some_and(|options| options.starts_with("ro")),
            "the root of {service} can be written: {root:?}"
        );
        let limits =
            ".HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name";
        let limits = project.inspect(service, limits).await?;
        assert_eq!(limits, "536870912 200 unless-stopped", "{service}");
        let log = project
            .inspect(service, ".HostConfig.LogConfig.Config")
            .await?;
        assert_eq!(log, "map[max-file:5 max-size:10m]", "{service}");
    }
    let cable = project
        .inspect("cable", "json .NetworkSettings.Networks")
        .await?;
    let networks: Value = serde_json::from_str(&cable)?;
    assert_eq!(networks.as_object().map(serde_json::Map::len), Some(1));
    Ok(())
}
