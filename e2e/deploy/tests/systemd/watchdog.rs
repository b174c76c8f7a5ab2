use anyhow::Result;
use deploy::{Machine, Unit, has_program, on_a_machine};
use test_support::{wait_for, wait_until};

use crate::{install, is_logged, page_is_there};

#[test]
fn who_is_killed_or_hangs_comes_back() -> Result<()> {
    on_a_machine(async |machine| {
        for name in Unit::ALL {
            let path = format!("/etc/systemd/system/trifecta-{name}.service.d/test.conf");
            machine.write(&path, "[Service]\nWatchdogSec=6\n")?;
        }
        install(machine, "1.0").await?;
        for name in Unit::ALL {
            let unit = Unit::of(machine, name);
            let pid = unit.pid().await?;
            machine.run(&format!("kill -KILL {pid}")).await?;
            unit.replaced(pid).await;
        }
        page_is_there().await?;
        whole_processes_hang(machine).await?;
        page_is_there().await?;
        single_loops_hang(machine).await?;
        page_is_there().await
    })
}

async fn whole_processes_hang(machine: &Machine) -> Result<()> {
    let mut stopped = Vec::new();
    for name in Unit::ALL {
        let unit = Unit::of(machine, name);
        let pid = unit.pid().await?;
        machine.run(&format!("kill -STOP {pid}")).await?;
        stopped.push((unit, pid));
    }
    for (unit, pid) in stopped {
        unit.replaced(pid).await;
        // The journal may come after.
        wait_until("the watchdog in the journal", || async {
            let count = watchdogs(machine, &unit).await;
            count.is_ok_and(|count| count > 0)
        })
        .await;
    }
    Ok(())
}

/// One event loop of several stands still at a system call, while all other threads go on.
async fn single_loops_hang(machine: &Machine) -> Result<()> {
    if !has_program("strace") {
        eprintln!("SKIPPED: strace is not installed, no single loop is made to hang");
        return Ok(());
    }
    let attach = "sleep 1 & strace -qq -o /dev/null -p $!";
    if let Err(reason) = machine.run(attach).await {
        eprintln!(
            "SKIPPED: strace cannot hold a thread here, no single loop is made to hang: {reason:#}"
        );
        return Ok(());
    }
    let mut held = Vec::new();
    for (name, thread) in [
        ("web", "actix-server wo"),
        ("worker", "solid_queue"),
        ("cable", "actix-server ac"),
        // One for each processor that it may use.
        ("thrust", "worker-[0-9]+"),
    ] {
        let unit = Unit::of(machine, name);
        let pid = unit.pid().await?;
        let before = watchdogs(machine, &unit).await?;
        let find = format!("grep -lxE '{thread}' /proc/{pid}/task/*/comm | head -1 | cut -d/ -f5");
        let task = wait_for(&format!("thread `{thread}` of {name}"), || async {
            let task = machine.run(&find).await.ok()?;
            (!task.is_empty()).then_some(task)
        })
        .await;
        let stand_still = format!(
            "systemd-run --quiet --unit=hold-{name} strace -qq -o /dev/null -p {task} -e 'inject=?epoll_wait,epoll_pwait:delay_enter=60000000'"
        );
        machine.run(&stand_still).await?;
        held.push((unit, pid, name, before));
    }
    for (unit, pid, name, before) in held {
        wait_until("the watchdog fires", || async {
            let count = watchdogs(machine, &unit).await;
            count.is_ok_and(|count| count > before)
        })
        .await;
        // Its tracer keeps it from dying.
        machine.run(&format!("systemctl stop hold-{name}")).await?;
        unit.replaced(pid).await;
        is_logged(machine, &unit.name, "a loop hangs").await;
    }
    Ok(())
}

/// How often the watchdog of a unit fired.
async fn watchdogs(machine: &Machine, unit: &Unit<'_>) -> Result<usize> {
    let line = format!(
        "journalctl --no-pager -u {} | grep -c 'Watchdog timeout' || true",
        unit.name
    );
    Ok(machine.run(&line).await?.parse()?)
}
