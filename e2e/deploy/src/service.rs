use anyhow::{Context as _, Result};
use test_support::wait_until;

use crate::Machine;

/// A service of the machine.
pub struct Unit<'a> {
    machine: &'a Machine,
    /// Its name, such as `trifecta-web.service`.
    pub name: String,
}

impl<'a> Unit<'a> {
    /// The four services.
    pub const ALL: [&'static str; 4] = ["web", "worker", "cable", "thrust"];

    /// One of ours, by the name of its program.
    pub fn of(machine: &'a Machine, program: &str) -> Self {
        Self {
            machine,
            name: format!("trifecta-{program}.service"),
        }
    }

    /// What systemd knows of it.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub async fn property(&self, property: &str) -> Result<String> {
        let name = &self.name;
        let line = format!("systemctl show --value --property={property} '{name}'");
        self.machine.run(&line).await
    }

    /// The pid of its main process on the machine; 0 where there is none.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub async fn pid(&self) -> Result<u32> {
        let pid = self.property("MainPID").await?;
        pid.parse().with_context(|| format!("a pid: {pid}"))
    }

    /// Whether it said that it serves.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub async fn is_active(&self) -> Result<bool> {
        Ok(self.property("ActiveState").await? == "active")
    }

    /// Waits until it serves with another process than this.
    pub async fn replaced(&self, pid: u32) {
        let what = format!("another process of {} than {pid}", self.name);
        wait_until(&what, || async {
            let (now, is_active) = tokio::join!(self.pid(), self.is_active());
            now.is_ok_and(|now| now != pid && now != 0) && is_active.is_ok_and(|is| is)
        })
        .await;
    }
}
