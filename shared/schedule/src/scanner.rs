/// A place in a text. What cannot be read leaves the place as it was.
#[derive(Clone, Copy)]
pub(crate) struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// All the pieces, or nothing.
    pub(crate) fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut ahead = *self;
        let found = read(&mut ahead)?;
        *self = ahead;
        Some(found)
    }

    /// One element or more. A separator that no element follows stays unread.
    pub(crate) fn list<T>(
        &mut self,
        element: impl Fn(&mut Self) -> Option<T>,
        separator: impl Fn(&mut Self) -> Option<()>,
    ) -> Option<Vec<T>> {
        let mut found = vec![self.attempt(&element)?];
        while let Some(next) = self.attempt(|text| {
            separator(text)?;
            element(text)
        }) {
            found.push(next);
        }
        Some(found)
    }

    /// The text, in this case of letters.
    pub(crate) fn exact(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// The word, in any case of letters.
    pub(crate) fn word(&mut self, word: &str) -> Option<()> {
        self.one_of(&[word]).map(drop)
    }

    /// The first of the words that is here, as it is written here.
    pub(crate) fn one_of(&mut self, words: &[&str]) -> Option<&'a str> {
        let starts = |word: &&&str| {
            let start = self.rest.get(..word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        let length = words.iter().find(starts)?.len();
        Some(self.take(length))
    }

    /// The first of the words that a blank follows, with the blanks.
    pub(crate) fn word_and_blanks(&mut self, words: &[&'static str]) -> Option<&'static str> {
        words.iter().find_map(|word| {
            self.attempt(|text| {
                text.word(word)?;
                text.blanks()?;
                Some(*word)
            })
        })
    }

    pub(crate) fn blanks(&mut self) -> Option<()> {
        self.many(is_blank).map(drop)
    }

    pub(crate) fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(is_blank);
    }

    pub(crate) fn digits(&mut self) -> Option<&'a str> {
        self.many(|letter| letter.is_ascii_digit())
    }

    /// A number of one or two digits within the bounds, of two if they fit.
    pub(crate) fn number(&mut self, least: i8, most: i8) -> Option<i8> {
        [2, 1].into_iter().find_map(|length| {
            self.attempt(|text| {
                let digits = text.exactly(length, |letter| letter.is_ascii_digit())?;
                let number = digits.parse().ok()?;
                (least..=most).contains(&number).then_some(number)
            })
        })
    }

    /// So many letters of a kind.
    pub(crate) fn exactly(
        &mut self,
        length: usize,
        kind: impl Fn(char) -> bool,
    ) -> Option<&'a str> {
        let found = self.rest.get(..length)?;
        found.chars().all(kind).then(|| self.take(length))
    }

    /// One letter of a kind, or more.
    pub(crate) fn many(&mut self, kind: impl Fn(char) -> bool) -> Option<&'a str> {
        let end = self.rest.find(|letter| !kind(letter));
        let length = end.unwrap_or(self.rest.len());
        (length > 0).then(|| self.take(length))
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t')
}
