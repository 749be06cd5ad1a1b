//! A sentence and what fills its holes, kept apart: the English sentence is the key under which translations stand.

use std::fmt;

use crate::Error;

/// A [`Said`]: the template, and what fills its holes. A hole that is a `Said` itself is translated too.
macro_rules! say {
    ($template:literal $(, $hole:expr)* $(,)?) => {{
        #[allow(unused_imports, reason = "a sentence may have no holes, or only sentences in them")]
        use $crate::report::ToHole as _;
        $crate::report::Said::new($template, vec![$(($hole).to_hole()),*])
    }};
}
pub(crate) use say;

/// A sentence in English with `{}` where something goes that differs from file to file, and those things in order.
///
/// ```ignore
/// say!("the manifest cannot be read: {}", error)
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(super) template: &'static str,
    pub(super) holes: Vec<Hole>,
    /// A sentence that was made without a template.
    pub(super) plain: Option<String>,
}

/// What fills a hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    /// Text of the file, a number, a name: the same in every language.
    Verbatim(String),
    /// A sentence of ours.
    Said(Said),
}

impl Said {
    pub(crate) fn new(template: &'static str, holes: Vec<Hole>) -> Self {
        debug_assert_eq!(template.matches("{}").count(), holes.len(), "{template}");
        Self { template, holes, plain: None }
    }

    /// Whether nothing is said, as in a finding that was read back from JSON.
    pub(super) fn is_empty(&self) -> bool {
        self.template.is_empty() && self.plain.is_none()
    }

    /// As a hole of another sentence: it is translated with that one. [`ToHole`] stands behind this.
    pub(crate) fn to_hole(&self) -> Hole {
        Hole::Said(self.clone())
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.plain {
            Some(plain) => f.write_str(plain),
            None => f.write_str(&fill(self.template, &self.holes.iter().map(Hole::to_string).collect::<Vec<_>>())),
        }
    }
}

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verbatim(text) => f.write_str(text),
            Self::Said(said) => said.fmt(f),
        }
    }
}

/// Puts `holes` into a template: `{}` takes the next one, `{1}` the second; what is in a hole is not looked at again.
pub(super) fn fill<T: AsRef<str>>(template: &str, holes: &[T]) -> String {
    let (mut text, mut rest, mut next) = (String::new(), template, 0);
    while let Some((before, (number, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        text.push_str(before);
        let which = match number.parse() {
            Ok(number) => number,
            Err(_) => {
                next += 1;
                next - 1
            }
        };
        text.push_str(holes.get(which).map_or("", AsRef::as_ref));
        rest = after;
    }
    text + rest
}

impl From<&'static str> for Said {
    fn from(template: &'static str) -> Self {
        Self::new(template, Vec::new())
    }
}

impl From<String> for Said {
    fn from(plain: String) -> Self {
        Self { plain: Some(plain), ..Self::default() }
    }
}

/// What is wrong in the bytes is said by many readers, in English; the sentence around it has a translation.
impl From<&Error> for Said {
    fn from(error: &Error) -> Self {
        match error {
            Error::Malformed { format, at, why } => {
                say!("malformed {} at byte {}: {}", format, at, Self::from(why.clone()))
            }
            Error::Limit { what, got, max } => say!(
                "{} is {}, over the limit of {}; raise it in `Limits` if the file is trusted",
                Self::from(*what),
                got,
                max
            ),
            Error::Backend { format, doing, source } => {
                say!("cannot {} this {}: {}", Self::from(*doing), format, source)
            }
            other => other.to_string().into(),
        }
    }
}

/// Anything that can be shown fills a hole as it is. A [`Said`] has a method of that name itself, which goes first.
pub(crate) trait ToHole {
    fn to_hole(&self) -> Hole;
}

impl<T: fmt::Display + ?Sized> ToHole for T {
    fn to_hole(&self) -> Hole {
        Hole::Verbatim(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_in_order_and_not_twice() {
        let said = say!("{} is not {}", "a {} b", 2);
        assert_eq!(said.to_string(), "a {} b is not 2");
        assert_eq!(fill("nicht {}: {}!", &["a {} b", "2"]), "nicht a {} b: 2!");
        assert_eq!(fill("{1}, nicht {0}", &["{1}", "2"]), "2, nicht {1}");
        assert_eq!(fill("{} {7} {", &["1"]), "1  {", "never a panic");
    }

    #[test]
    fn errors_say_what_they_say_elsewhere() {
        let what = "the number of pixels";
        let limit = Error::Limit { what, got: 5, max: 4 };
        let malformed = Error::malformed(crate::Format::Png, 8, "no IHDR");
        let backend = Error::backend(crate::Format::Gif, "decode", "no colours");
        for error in [limit, malformed, backend, Error::UnknownFormat] {
            assert_eq!(Said::from(&error).to_string(), error.to_string());
        }
    }

    #[test]
    fn a_sentence_in_a_hole_stays_one() {
        let why = say!("no trust list was given");
        let said = say!("the signer is not trusted: {}", why);
        assert_eq!(said.holes, [Hole::Said("no trust list was given".into())]);
        assert_eq!(said.to_string(), "the signer is not trusted: no trust list was given");
        let borrowed = &why;
        assert_eq!(say!("{}, {}", borrowed, "why").holes[0], Hole::Said(why.clone()));
    }
}
