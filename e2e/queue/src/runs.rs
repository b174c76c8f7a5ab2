use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// How long a job that was performed may take to be noted as finished: that waits for the lock, and for nothing else.
const FINISH: Duration = Duration::from_secs(5);

/// When each program was killed, by its name.
pub type Killed = HashMap<String, Duration>;

/// Once that a job was performed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// By which program.
    pub program: String,
    /// When it began, since the boot.
    pub start: Duration,
    /// When it ended. Nothing when it did not.
    pub end: Option<Duration>,
}

/// What the journals of all programs tell: the runs of each job, in their order.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    jobs: BTreeMap<u64, Vec<Run>>,
}

impl Runs {
    /// Reads the journals of a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let mut runs = Self::default();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let program = entry.file_name().to_string_lossy().into_owned();
            for line in fs::read_to_string(entry.path())?.lines() {
                runs.add(&program, line)
                    .with_context(|| format!("`{line}` of {program}"))?;
            }
        }
        for job in runs.jobs.values_mut() {
            job.sort_by_key(|run| run.start);
        }
        Ok(runs)
    }

    /// Those of one job.
    pub fn of(&self, number: u64) -> &[Run] {
        self.jobs.get(&number).map_or(&[], Vec::as_slice)
    }

    /// The jobs that ran.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        self.jobs.keys().copied()
    }

    /// The jobs that ran more than once.
    pub fn repeated(&self) -> Vec<u64> {
        let jobs = self.jobs.iter();
        jobs.filter(|(_, runs)| runs.len() > 1)
            .map(|(number, _)| *number)
            .collect()
    }

    /// The runs that had no reason. There is one when all runs before were cut short by the kill of their programs.
    pub fn unreasonable(&self, killed: &Killed) -> Vec<String> {
        let jobs = self.jobs.iter();
        jobs.flat_map(|(number, runs)| {
            let pairs = runs.iter().zip(runs.iter().skip(1));
            pairs
                .filter(|(run, next)| !is_cut_short(run, killed.get(&run.program), next))
                .map(move |(run, next)| format!("job {number}: {run:?}, and again {next:?}"))
        })
        .collect()
    }

    fn add(&mut self, program: &str, line: &str) -> Result<()> {
        let mut words = line.split(' ');
        let mut word = || words.next().context("a word is missing");
        let (what, number, moment) = (word()?, word()?.parse()?, word()?.parse()?);
        let moment = Duration::from_nanos(moment);
        let runs = self.jobs.entry(number).or_default();
        match what {
            "start" => runs.push(Run {
                program: program.to_owned(),
                start: moment,
                end: None,
            }),
            "end" => {
                let mut own = runs.iter_mut().rev();
                let open = own.find(|run| run.program == program && run.end.is_none());
                open.context("nothing began")?.end = Some(moment);
            }
            _ => bail!("expected `start` or `end`"),
        }
        Ok(())
    }
}

/// A job that came to its end is cut short, too, when the kill came before it was noted as finished. (That it was not,
/// the triggers of the scene know for certain.)
fn is_cut_short(run: &Run, killed: Option<&Duration>, next: &Run) -> bool {
    killed.is_some_and(|&killed| {
        killed <= next.start
            && run
                .end
                .is_none_or(|end| killed.saturating_sub(end) < FINISH)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(lines: &[(&str, &str)]) -> Runs {
        let mut runs = Runs::default();
        for (program, line) in lines {
            runs.add(program, line).unwrap();
        }
        runs
    }

    fn killed() -> Killed {
        [("a".to_owned(), Duration::from_secs(10))].into()
    }

    #[test]
    fn a_run_after_a_kill_is_reasonable() {
        let cut = runs(&[("a", "start 1 9000000000"), ("b", "start 1 11000000000")]);
        assert!(cut.unreasonable(&killed()).is_empty());
        assert_eq!(cut.repeated(), [1]);
    }

    #[test]
    fn a_run_before_the_kill_is_not() {
        let twice = runs(&[("a", "start 1 8000000000"), ("b", "start 1 9000000000")]);
        assert_eq!(twice.unreasonable(&killed()).len(), 1);
    }

    #[test]
    fn a_run_after_one_that_ended_long_ago_is_not() {
        let again = runs(&[
            ("a", "start 1 1000000000"),
            ("a", "end 1 2000000000"),
            ("b", "start 1 11000000000"),
        ]);
        assert_eq!(again.unreasonable(&killed()).len(), 1);
    }

    #[test]
    fn a_run_after_that_of_a_living_program_is_not() {
        let twice = runs(&[("b", "start 1 1000000000"), ("a", "start 1 2000000000")]);
        assert_eq!(twice.unreasonable(&killed()).len(), 1);
    }
}
