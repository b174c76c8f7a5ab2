use app::AppContext;
use db::Database;
use settings::{Queue, Settings};
use solid_queue::manage::{Jobs, Queues};
use solid_queue::{Config, RecurringTasks, Registry};
use telemetry::Failure;

use crate::nothing_to_do;

/// What the commands work with: the queue database and the classes of the application.
pub(crate) struct Office {
    pub(crate) database: Database,
    pub(crate) config: Config,
    pub(crate) registry: Registry<AppContext>,
}

impl Office {
    /// Opens the file. It makes none: where there is no file, there are no jobs.
    pub(crate) fn open(settings: &Settings) -> Result<Self, Failure> {
        let Queue::SolidQueue(config) = &settings.queue else {
            return Err(nothing_to_do());
        };
        let file = &settings.databases.queue;
        if !file.path.exists() {
            let path = file.path.display();
            return Err(
                Failure::new(format!("there is no queue database at {path}")).hint(
                    "start the suite once, or set APP_ENV and STORAGE_DIR to those of the suite",
                ),
            );
        }
        Ok(Self {
            database: Database::open(file, solid_queue::MIGRATIONS).map_err(boot::explain)?,
            config: config.clone(),
            registry: app::jobs(),
        })
    }

    pub(crate) fn jobs(&self) -> Jobs {
        Jobs::new(&self.database).registry(&self.registry)
    }

    pub(crate) fn queues(&self) -> Queues {
        Queues::new(&self.database).registry(&self.registry)
    }

    pub(crate) fn recurring_tasks(&self) -> RecurringTasks {
        RecurringTasks::new(self.database.clone(), &self.registry)
            .time_zone(self.config.time_zone.clone())
    }
}
