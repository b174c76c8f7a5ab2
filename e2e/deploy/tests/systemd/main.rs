//! The units of `deploy/systemd`, installed by its scripts on a machine that boots for the test.

#![allow(
    clippy::print_stderr,
    reason = "a test says what it skips, and how far it came"
)]

mod jobs;
mod messages;
mod watchdog;

use anyhow::{Context as _, Result, ensure};
use deploy::{Machine, Traffic, Unit, on_a_machine};
use jobs::Jobs;
use messages::Messages;
use test_support::{Browser, wait_until};

/// Where the machine's front proxy is.
const FRONT: &str = "http://127.0.0.1";
const KEY: &str = "a key for broadcasts";
/// The page of the clients of `cable_faults` comes from there.
const ORIGIN: &str = "http://127.0.0.1:3000";
/// Runs a program as the services run.
const RUN: &str = "/opt/trifecta/current/systemd/run";
/// Each user of the traffic does so much before and after each restart.
const MEANWHILE: usize = 3;

async fn install(machine: &Machine, version: &str) -> Result<String> {
    machine
        .run(&format!("/srv/{version}/systemd/install"))
        .await
}

async fn all_are_active(machine: &Machine) -> Result<()> {
    for name in Unit::ALL {
        let unit = Unit::of(machine, name);
        ensure!(unit.is_active().await?, "{} is not active", unit.name);
    }
    Ok(())
}

async fn page_is_there() -> Result<()> {
    Browser::open(FRONT).await.map(drop)
}

#[test]
fn the_units_are_valid_strict_and_serve() -> Result<()> {
    on_a_machine(async |machine| {
        install(machine, "1.0").await?;
        all_are_active(machine).await?;
        page_is_there().await?;
        the_units_are_strict(machine).await?;
        the_sandbox_holds(machine).await
    })
}

async fn the_units_are_strict(machine: &Machine) -> Result<()> {
    let help = machine.run("systemd-analyze --help").await?;
    if !["--offline", "--recursive-errors"]
        .iter()
        .all(|option| help.contains(option))
    {
        eprintln!(
            "SKIPPED: systemd-analyze is older than 250, the files of the units are not judged"
        );
        return Ok(());
    }
    let units = "/etc/systemd/system/trifecta*.{service,socket,target,timer}";
    let verify = format!(
        "systemd-analyze verify --recursive-errors=no $(ls {units} | sed 's/failure@/failure@x/')"
    );
    let said = machine.run(&format!("{verify} 2>&1")).await?;
    ensure!(said.is_empty(), "systemd-analyze verify: {said}");
    for name in ["web", "worker", "cable", "thrust", "backup", "failure@"] {
        let line = format!(
            "systemd-analyze security --offline=yes --threshold=20 /etc/systemd/system/trifecta-{name}.service"
        );
        machine.run(&line).await?;
    }
    Ok(())
}

/// What the proxy cannot see, and who the processes are.
async fn the_sandbox_holds(machine: &Machine) -> Result<()> {
    for name in Unit::ALL {
        let pid = Unit::of(machine, name).pid().await?;
        let status = machine.run(&format!("cat /proc/{pid}/status")).await?;
        let line = |key: &str| status.lines().find_map(|line| line.strip_prefix(key));
        ensure!(
            line("CapEff:").map(str::trim) == Some("0000000000000000"),
            "{status}"
        );
        ensure!(line("Seccomp:").map(str::trim) == Some("2"), "{status}");
        ensure!(
            line("Uid:").is_some_and(|uid| !uid.trim().starts_with('0')),
            "{status}"
        );
    }
    let proxy = Unit::of(machine, "thrust").pid().await?;
    let look =
        format!("nsenter --target {proxy} --mount -- ls /var/lib/trifecta/production.sqlite3");
    ensure!(
        machine.run(&look).await.is_err(),
        "the proxy sees the databases"
    );
    Ok(())
}

/// Waits until a unit, or each that such a pattern means, said so. What it wrote last may come to the journal after its end.
async fn is_logged(machine: &Machine, units: &str, text: &str) {
    wait_until(&format!("`{text}` in the journal of {units}"), || async {
        let log = machine
            .run(&format!("journalctl --no-pager -u '{units}'"))
            .await;
        log.is_ok_and(|log| log.contains(text))
    })
    .await;
}

#[test]
fn nobody_notices_that_all_services_restart() -> Result<()> {
    on_a_machine(async |machine| {
        let settings =
            format!("ALLOWED_ORIGINS={ORIGIN}\nANYCABLE_BROADCAST_KEY={KEY}\nRUST_LOG=warn\n");
        machine.write("/etc/trifecta/trifecta.env", &settings)?;
        install(machine, "1.0").await?;
        let mut traffic = Traffic::start(FRONT, 4).await?;
        let messages = Messages::start();
        let mut jobs = Jobs::default();
        for name in ["worker", "cable", "web", "thrust"] {
            eprintln!("restarting {name}");
            let unit = Unit::of(machine, name);
            traffic.goes_on(MEANWHILE).await?;
            messages.go_on(MEANWHILE as u64).await?;
            jobs.enqueue(machine).await?;
            let restart = format!("systemctl restart {}", unit.name);
            let restart = machine.run(&restart);
            let (restarted, went_on) = tokio::join!(restart, traffic.goes_on(MEANWHILE));
            restarted?;
            went_on?;
        }
        // An upgrade is all of that at once.
        jobs.enqueue(machine).await?;
        install(machine, "2.0").await?;
        traffic.goes_on(MEANWHILE).await?;
        messages.go_on(MEANWHILE as u64).await?;
        let tally = traffic.end().await.context("the traffic")?;
        let count = messages.end().await.context("the messages")?;
        each_change_is_there_once(&tally.titles).await?;
        jobs.are_finished(machine).await?;
        eprintln!(
            "{} pages, {} changes, {count} messages",
            tally.pages,
            tally.titles.len()
        );
        Ok(())
    })
}

async fn each_change_is_there_once(titles: &[String]) -> Result<()> {
    let props = Browser::open(FRONT).await?.props().await?;
    let todos = props["todos"].as_array().context("no list")?;
    let mut found: Vec<&str> = todos
        .iter()
        .filter_map(|todo| todo["title"].as_str())
        .collect();
    let mut expected: Vec<&str> = titles.iter().map(String::as_str).collect();
    found.sort_unstable();
    expected.sort_unstable();
    ensure!(found == expected, "expected {expected:?}, found {found:?}");
    Ok(())
}

#[test]
fn a_crash_loop_ends_and_calls_the_hook() -> Result<()> {
    on_a_machine(async |machine| {
        install(machine, "1.0").await?;
        machine.write(
            "/etc/trifecta/on-failure",
            "#!/bin/sh\necho \"$1\" >>/var/log/trifecta/failed\n",
        )?;
        machine.run("chmod 755 /etc/trifecta/on-failure").await?;
        machine.write(
            "/etc/trifecta/trifecta.env",
            "QUEUE__WORKERS__0__THREADS=none\n",
        )?;
        machine.run("! systemctl restart trifecta-worker").await?;
        wait_until("the hook", || async {
            let failed = machine.run("cat /var/log/trifecta/failed").await;
            failed.is_ok_and(|failed| failed == "trifecta-worker.service")
        })
        .await;
        let worker = Unit::of(machine, "worker");
        assert_eq!(worker.property("ActiveState").await?, "failed");
        is_logged(
            machine,
            "trifecta*",
            "QUEUE__WORKERS__0__THREADS: invalid type",
        )
        .await;
        is_logged(machine, "trifecta*", "failed for good").await;
        page_is_there().await?;

        machine.write("/etc/trifecta/trifecta.env", "")?;
        machine
            .run("systemctl reset-failed trifecta-worker && systemctl start trifecta.target")
            .await?;
        all_are_active(machine).await
    })
}

#[test]
fn releases_come_and_go_and_the_data_stays() -> Result<()> {
    on_a_machine(async |machine| {
        install(machine, "1.0").await?;
        let secret = machine.run("cat /etc/trifecta/secret_key_base").await?;
        ensure!(secret.len() == 128, "a secret of {} digits", secret.len());
        let kept = "cd /etc/trifecta && stat -c '%a %U' secret_key_base trifecta.env /var/lib/trifecta /var/backups/trifecta";
        assert_eq!(
            machine.run(kept).await?,
            "600 root\n600 root\n700 trifecta\n700 trifecta"
        );
        let browser = Browser::open(FRONT).await?;
        assert_eq!(browser.create("before").await?.status(), 303);
        machine.write("/etc/trifecta/config/web.yml", "default:\n  threads: 3\n")?;

        install(machine, "2.0").await?;
        runs(machine, "2.0").await?;
        // The cookie of the old release is one of the new release, too.
        assert_eq!(browser.create("after").await?.status(), 303);
        assert_eq!(
            machine.run("cat /etc/trifecta/secret_key_base").await?,
            secret
        );
        let config = machine.run("cat /etc/trifecta/config/web.yml").await?;
        ensure!(config.contains("threads: 3"), "the settings stay: {config}");

        let back = "/opt/trifecta/current/systemd/install --rollback";
        machine.run(back).await?;
        runs(machine, "1.0").await?;
        machine.run(back).await?;
        runs(machine, "2.0").await?;
        // Nothing to do is no failure.
        install(machine, "2.0").await?;
        runs(machine, "2.0").await?;

        machine
            .run("cp -r /opt/trifecta/current/systemd /srv/scripts && /srv/scripts/uninstall")
            .await?;
        ensure!(page_is_there().await.is_err(), "it still serves");
        let left = "systemctl list-units --all --no-legend 'trifecta*'; ls /etc/systemd/system | grep trifecta || true";
        wait_until("systemd forgets the units", || async {
            machine.run(left).await.is_ok_and(|left| left.is_empty())
        })
        .await;
        install(machine, "1.0").await?;
        titles_are(&["after", "before"]).await?;
        assert_eq!(
            machine.run("cat /etc/trifecta/secret_key_base").await?,
            secret
        );

        machine.run("/srv/scripts/uninstall --purge").await?;
        let left = "ls -d /opt/trifecta /etc/trifecta /var/lib/trifecta* /var/backups/trifecta 2>/dev/null; grep trifecta /etc/passwd; true";
        assert_eq!(machine.run(left).await?, "");
        into_a_tree(machine).await
    })
}

async fn runs(machine: &Machine, version: &str) -> Result<()> {
    all_are_active(machine).await?;
    for name in Unit::ALL {
        let pid = Unit::of(machine, name).pid().await?;
        let links = machine
            .run(&format!("readlink /proc/{pid}/exe /proc/{pid}/cwd"))
            .await?;
        let release = format!("/opt/trifecta/releases/{version}");
        assert_eq!(links, format!("{release}/bin/{name}\n{release}"));
    }
    page_is_there().await
}

async fn titles_are(expected: &[&str]) -> Result<()> {
    let props = Browser::open(FRONT).await?.props().await?;
    let todos = props["todos"].as_array().context("no list")?;
    let titles = todos.iter().filter_map(|todo| todo["title"].as_str());
    let mut titles: Vec<&str> = titles.collect();
    titles.sort_unstable();
    assert_eq!(titles, expected);
    Ok(())
}

/// For an image that is to boot later.
async fn into_a_tree(machine: &Machine) -> Result<()> {
    let prepare = "mkdir -p /srv/tree/etc && cp /etc/passwd /etc/group /srv/tree/etc/ && touch /srv/tree/etc/shadow /srv/tree/etc/gshadow";
    machine.run(prepare).await?;
    machine
        .run("/srv/1.0/systemd/install --root /srv/tree")
        .await?;
    let found = "cd /srv/tree && ls opt/trifecta/current/bin && stat -c %a etc/trifecta/secret_key_base && ls etc/systemd/system/trifecta.target && grep -c '^trifecta:' etc/passwd";
    assert_eq!(
        machine.run(found).await?,
        "cable\nthrust\nweb\nworker\n600\netc/systemd/system/trifecta.target\n1"
    );
    machine
        .run("DESTDIR=/srv/tree /srv/1.0/systemd/uninstall --purge")
        .await?;
    let left =
        "find /srv/tree -path '*trifecta*'; grep trifecta /srv/tree/etc/passwd /etc/passwd; true";
    assert_eq!(machine.run(left).await?, "");
    Ok(())
}

#[test]
fn the_scripts_tell_of_themselves() -> Result<()> {
    on_a_machine(async |machine| {
        for script in ["install", "uninstall", "run"] {
            let help = machine
                .run(&format!("/srv/1.0/systemd/{script} --help"))
                .await?;
            ensure!(help.contains(script), "{help}");
        }
        let wrong = machine.run("/srv/1.0/systemd/install --nonsense").await;
        let wrong = format!("{:#}", wrong.err().context("nonsense is taken")?);
        ensure!(wrong.contains("unknown argument `--nonsense`"), "{wrong}");
        Ok(())
    })
}
