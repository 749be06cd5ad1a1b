//! A sentence and what fills its holes, kept apart: the English sentence is the key under which translations stand.

use std::fmt;

/// A sentence in English with `{}` where something from the file goes, and those things in order.
///
/// ```ignore
/// say!("the manifest cannot be read: {}", error)
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    template: &'static str,
    holes: Vec<String>,
    /// A sentence that is no template; it stays English.
    plain: Option<String>,
}

impl Said {
    pub(crate) fn new(template: &'static str, holes: Vec<String>) -> Self {
        debug_assert_eq!(template.matches("{}").count(), holes.len(), "{template}");
        Self { template, holes, plain: None }
    }

    /// The sentence with another template: a translation, whose holes stand in the same order.
    fn with(&self, template: &str) -> String {
        if let Some(plain) = &self.plain {
            return plain.clone();
        }
        let mut text = String::new();
        let mut parts = template.split("{}");
        text.push_str(parts.next().unwrap_or_default());
        for (part, hole) in parts.zip(&self.holes) {
            text.push_str(hole);
            text.push_str(part);
        }
        text
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with(self.template))
    }
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

/// A [`Said`]: the template, and what fills its holes.
macro_rules! say {
    ($template:literal $(, $hole:expr)* $(,)?) => {
        $crate::report::Said::new($template, vec![$($hole.to_string()),*])
    };
}
pub(crate) use say;

#[cfg(test)]
mod tests {
    #[test]
    fn holes_are_filled_in_order_and_not_twice() {
        let said = say!("{} is not {}", "a {} b", 2);
        assert_eq!(said.to_string(), "a {} b is not 2");
        assert_eq!(said.with("nicht {}: {}!"), "nicht a {} b: 2!");
    }
}
