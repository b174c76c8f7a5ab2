//! `recurring.yml`: the jobs that are enqueued again and again.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use solid_queue::{CatchUp, RecurringTask, RecurringTaskError};

use crate::file::Section;
use crate::word::{Word, word};

/// A section of `recurring.yml`: tasks by their keys.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct File(BTreeMap<String, Task>);

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Task {
    class: Option<String>,
    command: Option<String>,
    schedule: Option<String>,
    args: Value,
    queue: Option<String>,
    priority: Option<i32>,
    description: Option<String>,
    #[serde(deserialize_with = "word")]
    catch_up: Policy,
}

#[derive(Clone, Copy, Default)]
struct Policy(CatchUp);

impl Word for Policy {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("skip", Self(CatchUp::Skip)),
        ("once", Self(CatchUp::Once)),
        ("all", Self(CatchUp::All)),
    ];
}

impl Section for File {
    const NAME: &'static str = "recurring";
    const PATH_VARIABLE: Option<&'static str> = Some("SOLID_QUEUE_RECURRING_SCHEDULE");

    /// The file that Rails makes has a section for production only, so that for other environments the whole file is
    /// taken. Rails then passes over what has no `schedule`; we pass over what is a section of another environment, and
    /// a task whose schedule was forgotten is an error.
    fn arrange(section: Value) -> Value {
        match section {
            Value::Object(mut entries) => {
                entries.retain(|_, entry| !is_section(entry));
                Value::Object(entries)
            }
            other => other,
        }
    }
}

fn is_section(entry: &Value) -> bool {
    match entry {
        Value::Null => true,
        Value::Object(keys) => !keys.is_empty() && keys.values().all(Value::is_object),
        _ => false,
    }
}

impl File {
    /// The tasks, or each key that is wrong and why.
    pub(crate) fn resolve(
        self,
        time_zone: &TimeZone,
    ) -> Result<Vec<RecurringTask>, Vec<(String, String)>> {
        let (mut tasks, mut problems) = (Vec::new(), Vec::new());
        for (key, task) in self.0 {
            match task.resolve(&key, time_zone) {
                Ok(task) => tasks.push(task),
                Err((field, message)) => problems.push((format!("{key}{field}"), message)),
            }
        }
        if problems.is_empty() {
            Ok(tasks)
        } else {
            Err(problems)
        }
    }
}

impl Task {
    fn resolve(
        self,
        key: &str,
        time_zone: &TimeZone,
    ) -> Result<RecurringTask, (&'static str, String)> {
        let Some(schedule) = &self.schedule else {
            return Err(("", "expected a `schedule`, such as `every hour`".into()));
        };
        let task = match (&self.class, &self.command) {
            (Some(class), None) => RecurringTask::of_class(key, schedule, class),
            (None, Some(command)) => RecurringTask::of_command(key, schedule, command),
            (None, None) => return Err(("", "expected a `class` to enqueue".into())),
            (Some(_), Some(_)) => {
                return Err(("", "expected a `class` or a `command`, got both".into()));
            }
        };
        let task = task
            .args(&self.args)
            .map_err(|error| (".args", error.to_string()))?;
        let task = self.with_options(task);
        match task.check(time_zone) {
            Ok(()) => Ok(task),
            Err(error) => Err(explain(error)),
        }
    }

    fn with_options(self, task: RecurringTask) -> RecurringTask {
        RecurringTask {
            queue_name: self.queue.filter(|name| !name.is_empty()),
            priority: self.priority,
            description: self.description,
            catch_up: self.catch_up.0,
            ..task
        }
    }
}

fn explain(error: RecurringTaskError) -> (&'static str, String) {
    match error {
        RecurringTaskError::Schedule { source, .. } => (".schedule", source.to_string()),
        RecurringTaskError::Command {
            command, reason, ..
        } => (
            ".command",
            format!(
                "this is Ruby code, which only Rails can run: {reason}, got `{command}`: name a `class` instead"
            ),
        ),
        other => ("", other.to_string()),
    }
}
