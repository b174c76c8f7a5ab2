use std::fmt;

/// What a process did so far, as it prints it from time to time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Writes that succeeded.
    pub written: u64,
    /// Writes that said `false`.
    pub refused: u64,
    /// Reads that found the right value.
    pub hits: u64,
    /// Reads that found nothing.
    pub misses: u64,
    /// Reads that found a value that nobody wrote there.
    pub wrong: u64,
}

impl Progress {
    const WORD: &str = "progress";

    /// Counts a write.
    pub fn write(&mut self, written: bool) {
        if written {
            self.written += 1;
        } else {
            self.refused += 1;
        }
    }

    /// Counts a read.
    pub fn read(&mut self, found: Option<&str>, right: &str) {
        match found {
            None => self.misses += 1,
            Some(found) if found == right => self.hits += 1,
            Some(_) => self.wrong += 1,
        }
    }

    /// What a process printed last.
    pub fn last(output: &str) -> Self {
        let mut lines = output.lines().rev();
        lines.find_map(Self::parse).unwrap_or_default()
    }

    fn parse(line: &str) -> Option<Self> {
        let numbers = line.strip_prefix(Self::WORD)?.split_whitespace();
        let numbers: Vec<u64> = numbers.filter_map(|number| number.parse().ok()).collect();
        let [written, refused, hits, misses, wrong] = numbers[..] else {
            return None;
        };
        Some(Self {
            written,
            refused,
            hits,
            misses,
            wrong,
        })
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            written,
            refused,
            hits,
            misses,
            wrong,
        } = self;
        let word = Self::WORD;
        write!(f, "{word} {written} {refused} {hits} {misses} {wrong}")
    }
}
