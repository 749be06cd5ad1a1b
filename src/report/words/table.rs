//! Translations: tables under whose English sentences, with their holes, the others stand.

use super::{ReportLanguage, kk, ru};
use crate::report::{
    Said,
    said::{Hole, fill},
};

/// Marks a word that stands in the tables of translations: a test looks for these.
macro_rules! key {
    ($english:literal) => {
        $english
    };
}
pub(crate) use key;

/// English, and the same in another language. Holes are `{}` in the same order, or `{0}`, `{1}` where another order is right.
pub(in crate::report::words) type Table = &'static [(&'static str, &'static str)];

/// Sentences within sentences that are looked for in a text whose templates are not known.
const MAX_DEPTH: usize = 4;
/// Letters with which a template must begin so that a text is recognised as made from it.
const MIN_BEGINNING: usize = 6;
/// Of one that begins with less, another part must have as many as this.
const MIN_INSIDE: usize = 12;

impl ReportLanguage {
    fn rows(self) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
        let tables: &[Table] = match self {
            Self::En => &[],
            Self::Ru => ru::TABLES,
            Self::Kk => kk::TABLES,
        };
        tables.iter().copied().flatten()
    }

    /// The translation of a key; English where there is none.
    pub(in crate::report) fn word(self, english: &str) -> &str {
        self.find(english).unwrap_or(english)
    }

    fn find(self, english: &str) -> Option<&'static str> {
        self.rows().find(|(key, _)| *key == english).map(|(_, word)| *word)
    }

    /// A sentence in this language.
    pub(in crate::report) fn say(self, said: &Said) -> String {
        if let Some(plain) = &said.plain {
            return self.translate(plain);
        }
        let holes: Vec<_> = said
            .holes
            .iter()
            .map(|hole| match hole {
                Hole::Verbatim(text) => text.clone(),
                Hole::Said(said) => self.say(said),
            })
            .collect();
        fill(self.word(said.template), &holes)
    }

    /// A sentence of this crate, from a report that was read back from JSON or from an [`Error`](crate::Error), in this
    /// language. What is not known stays as it is, and so does what differs from file to file.
    ///
    /// ```
    /// use tanba::ReportLanguage;
    /// let said = ReportLanguage::Ru.translate("malformed PNG at byte 8: no IHDR");
    /// assert_eq!(said, "повреждённый файл PNG, байт 8: no IHDR");
    /// ```
    pub fn translate(self, sentence: &str) -> String {
        // The template that explains the most of the text is taken.
        self.recognised(sentence, 0).unwrap_or_else(|| sentence.to_owned())
    }

    fn recognised(self, text: &str, depth: usize) -> Option<String> {
        if let Some(word) = self.find(text) {
            return Some(word.to_owned());
        }
        if depth >= MAX_DEPTH {
            return None;
        }
        // "c2pa.created: made by AI": a name, and a sentence about it.
        if let Some((name, rest)) = text.split_once(": ").filter(|(name, _)| !name.contains(' ')) {
            return Some(format!("{name}: {}", self.recognised(rest, depth + 1)?));
        }
        let fits = self.rows().filter_map(|(key, word)| Some((key.len(), holes(key, text)?, word)));
        let (_, holes, word) = fits.max_by_key(|(len, ..)| *len)?;
        let hole = |text: &&str| self.recognised(text, depth + 1).unwrap_or_else(|| (*text).to_owned());
        Some(fill(word, &holes.iter().map(hole).collect::<Vec<_>>()))
    }
}

/// What stands in `text` where `template` has holes; `None` when it is not made from it.
fn holes<'a>(template: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let telling = template.split("{}").any(|part| part.len() >= MIN_INSIDE);
    let mut parts = template.split("{}");
    let first = parts.next().filter(|first| first.len() >= MIN_BEGINNING || telling)?;
    let mut rest = text.strip_prefix(first)?;
    let mut holes = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = match parts.peek() {
            // The last part ends the text.
            None => rest.strip_suffix(part)?.len(),
            Some(_) => rest.find(part)?,
        };
        holes.push(rest.get(..at)?);
        rest = rest.get(at + part.len()..)?;
    }
    (!holes.is_empty()).then_some(holes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_shows_what_stood_in_its_holes() {
        assert_eq!(holes("the signer is {}: {}", "the signer is a: b: c"), Some(vec!["a", "b: c"]));
        assert_eq!(holes("bytes {} to {}, no", "bytes 1 to 2, no"), Some(vec!["1", "2"]));
        assert_eq!(holes("bytes {} to {}, no", "bytes 1 to 2, yes"), None);
        assert_eq!(holes("{} is {}", "a is b"), None, "everything would fit");
        assert_eq!(holes("{} was not read: {}", "a was not read: b"), Some(vec!["a", "b"]));
        assert_eq!(holes("no holes", "no holes"), None);
        assert_eq!(holes("begins {}{}", "begins"), None);
        assert_eq!(holes("begins {}", "begins "), Some(vec![""]));
    }
}
