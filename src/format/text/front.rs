//! Front matter: the settings at the head of a Markdown file, in YAML between `---` or in TOML between `+++`.

use std::ops::Range;

/// Front matter; places are bytes of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matter<'a> {
    /// Where what stands between the two lines starts.
    pub(super) start: usize,
    pub(super) inner: &'a str,
    /// Behind the second line.
    pub(super) end: usize,
    /// TOML, else YAML.
    pub(super) toml: bool,
}

impl Matter<'_> {
    /// The lines of the entry of the outermost level that is called so.
    pub(super) fn range(&self, key: &str) -> Option<Range<usize>> {
        let (at, _) = value(self.inner, key)?;
        let mut lines = self.inner[at..].split_inclusive('\n');
        let head = lines.next()?;
        let is_inside = |line: &&str| match head.trim_start().starts_with('[') {
            true => !line.trim_start().starts_with('['),
            false => line.starts_with([' ', '\t']),
        };
        let more: usize = lines.take_while(is_inside).map(str::len).sum();
        let start = self.start + at;
        Some(start..start + head.len() + more)
    }
}

/// A mapping of front matter, as it is written in the world: a block of YAML, or an inline table of TOML, which may stand in front
/// of any other entry. The values hold nothing that needs an escape in either.
pub(super) fn entry(key: &str, pairs: &[(&str, String)], toml: bool, eol: &str) -> String {
    if toml {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name} = \"{value}\"")).collect();
        return format!("{key} = {{ {} }}{eol}", pairs.join(", "));
    }
    let pairs = pairs.iter().map(|(name, value)| format!("  {name}: \"{value}\"{eol}"));
    format!("{key}:{eol}{}", pairs.collect::<String>())
}

/// Whether a fence of code is open at the end of a text: CommonMark 0.31, 4.5.
pub(super) fn leaves_code_open(text: &str) -> bool {
    let mut open: Option<(char, usize)> = None;
    for line in text.lines() {
        let line = line.trim_start();
        let Some(sign) = line.chars().next().filter(|sign| matches!(sign, '`' | '~')) else { continue };
        let len = line.chars().take_while(|&other| other == sign).count();
        match open {
            Some((known, least)) if known == sign && len >= least && line[len..].trim().is_empty() => open = None,
            None if len >= 3 => open = Some((sign, len)),
            _ => {}
        }
    }
    open.is_some()
}

/// The front matter of a text.
pub(super) fn matter(text: &str) -> Option<Matter<'_>> {
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let body = &text[start..];
    let fence = ["---", "+++"].into_iter().find(|fence| body.starts_with(fence))?;
    let first = body.find('\n')? + 1;
    if body[..first].trim_end() != fence {
        return None;
    }
    let mut at = first;
    for line in body[first..].split_inclusive('\n') {
        if line.trim_end() == fence || (fence == "---" && line.trim_end() == "...") {
            let end = start + at + line.len();
            return Some(Matter { start: start + first, inner: &body[first..at], end, toml: fence == "+++" });
        }
        at += line.len();
    }
    None
}

/// The value of the first key of the outermost level that is called so, and where it stands in `matter`: a string as it is, a
/// mapping of strings as JSON. YAML has more ways to write one; labels are written in these.
pub(super) fn value(matter: &str, key: &str) -> Option<(usize, String)> {
    let mut at = 0;
    let mut lines = matter.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let start = at;
        at += line.len();
        if line.trim_end().strip_prefix('[').and_then(|line| line.strip_suffix(']')).map(unquote).as_deref()
            == Some(key)
        {
            let table = lines.take_while(|line| !line.trim_start().starts_with('['));
            return Some((start, mapping(table)));
        }
        let Some((name, rest)) = line.split_once([':', '=']) else { continue };
        if name.starts_with([' ', '\t', '#']) || unquote(name.trim()) != key {
            continue;
        }
        let rest = rest.trim();
        if let Some(inner) = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
            && serde_json::from_str::<serde_json::Value>(rest).is_err()
        {
            return Some((start, mapping(parts(inner))));
        }
        if !matches!(rest, "" | "|" | ">" | "|-" | ">-") && !rest.starts_with('#') {
            return Some((start, unquote(rest)));
        }
        let block: Vec<_> = lines.take_while(|line| line.starts_with([' ', '\t']) || line.trim().is_empty()).collect();
        if !(rest.is_empty() || rest.starts_with('#')) || block.iter().any(|line| line.trim_start().starts_with('{')) {
            return Some((start, block.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")));
        }
        return Some((start, mapping(block)));
    }
    None
}

/// Pairs of a name and a string as JSON.
fn mapping<'a>(pairs: impl IntoIterator<Item = &'a str>) -> String {
    let pairs = pairs.into_iter().filter(|pair| !pair.trim_start().starts_with('#'));
    let pairs = pairs.filter_map(|pair| pair.split_once([':', '=']));
    let pairs = pairs.map(|(name, value)| (unquote(name.trim()), serde_json::Value::String(unquote(value.trim()))));
    serde_json::Value::Object(pairs.collect()).to_string()
}

/// What stands between the commas that are outside of quotation marks.
fn parts(inner: &str) -> Vec<&str> {
    let mut quote = None;
    let between = |character: char| {
        match quote {
            Some(open) if open == character => quote = None,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            _ => {}
        }
        character == ',' && quote.is_none()
    };
    inner.split(between).collect()
}

/// A scalar without its quotes and what is said about it behind it: YAML 1.2, 7.3.
fn unquote(text: &str) -> String {
    let said = |rest: &str| rest.trim_start().is_empty() || rest.trim_start().starts_with('#');
    if let Some((inner, rest)) = text.strip_prefix('\'').and_then(|inner| inner.rsplit_once('\''))
        && said(rest)
    {
        return inner.replace("''", "'");
    }
    if let Some((inner, rest)) = text.strip_prefix('"').and_then(|inner| inner.rsplit_once('"'))
        && said(rest)
    {
        return serde_json::from_str(&text[..inner.len() + 2]).unwrap_or_else(|_| inner.to_owned());
    }
    text.split_once(" #").map_or(text, |(text, _)| text.trim_end()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str = r#"{"Label":"1","ContentProducer":"x"}"#;

    #[test]
    fn front_matter_stands_between_two_lines() {
        let matter = |text| matter(text).map(|matter| (matter.start, matter.inner, matter.end, matter.toml));
        assert_eq!(matter("---\na: 1\n---\nText"), Some((4, "a: 1\n", 13, false)));
        assert_eq!(matter("\u{feff}---\r\na: 1\r\n...\r\nText"), Some((8, "a: 1\r\n", 19, false)));
        assert_eq!(matter("+++\na = 1\n+++"), Some((4, "a = 1\n", 13, true)));
        for none in ["--- a\nb\n---\n", "---\nnever closed", "Text\n---\na: 1\n---\n", "-----BEGIN X-----\n"] {
            assert_eq!(matter(none), None, "{none}");
        }
    }

    #[test]
    fn an_entry_is_written_as_it_is_read_and_found_with_its_lines() {
        for producer in ["x", "O'Hara%20Co", "a:b,c=d#e"] {
            let pairs = [("Label", "1".to_owned()), ("ContentProducer", producer.to_owned())];
            for (toml, eol) in [(false, "\n"), (true, "\n"), (false, "\r\n"), (true, "\r\n")] {
                let written = entry("AIGC", &pairs, toml, eol);
                let (at, read) = value(&written, "AIGC").unwrap();
                let read: serde_json::Value = serde_json::from_str(&read).unwrap();
                assert_eq!(
                    (at, read),
                    (0, serde_json::json!({ "Label": "1", "ContentProducer": producer })),
                    "{written}"
                );
                let text =
                    if toml { format!("+++\n{written}a = 1\n+++\n") } else { format!("---\n{written}a: 1\n---\n") };
                assert_eq!(&text[matter(&text).unwrap().range("AIGC").unwrap()], written);
            }
        }
        let text = "+++\na = 1\n[AIGC]\nLabel = '1'\nProduceID = 'x'\n[b]\nc = 1\n+++\n";
        assert_eq!(&text[matter(text).unwrap().range("AIGC").unwrap()], "[AIGC]\nLabel = '1'\nProduceID = 'x'\n");
        let text = "---\ntitle: a\nAIGC:\n  Label: 1\n  ProduceID: x\ndate: b\n---\n";
        assert_eq!(&text[matter(text).unwrap().range("AIGC").unwrap()], "AIGC:\n  Label: 1\n  ProduceID: x\n");
    }

    #[test]
    fn open_fences_are_seen() {
        for open in ["```\na", "text\n~~~~ rust\n~~~\n", "```\n```\n  ```"] {
            assert!(leaves_code_open(open), "{open}");
        }
        for closed in ["", "text `a` ```b``", "```rust\na\n```\n", "~~~\n```\n~~~~\n"] {
            assert!(!leaves_code_open(closed), "{closed}");
        }
    }

    #[test]
    fn a_label_is_read_in_each_way_to_write_it() {
        for written in [
            format!("AIGC: '{INNER}'\n"),
            format!("AIGC: {INNER}\n"),
            format!("AIGC: {}\n", serde_json::Value::String(INNER.into())),
            format!("AIGC: |\n  {INNER}\n"),
            format!("AIGC = '{INNER}'\n"),
            "AIGC:\n  Label: \"1\"\n  ContentProducer: 'x'\n".into(),
            "AIGC: # a label\n    ContentProducer: x # who\n    # what\n    Label: '1' # what\n".into(),
            "AIGC: { Label: '1', ContentProducer: x }\n".into(),
            "AIGC = { Label = \"1\", \"ContentProducer\" = 'x' }\n".into(),
            "[AIGC]\nLabel = \"1\"\n\nContentProducer = 'x'\n[b]\n".into(),
        ] {
            let (at, value) = value(&format!("title: About AIGC: a note\n{written}date: 2026\n"), "AIGC").unwrap();
            let value: serde_json::Value = serde_json::from_str(&value).unwrap_or_else(|_| panic!("{written} {value}"));
            assert_eq!((at, &value["Label"], &value["ContentProducer"]), (26, &"1".into(), &"x".into()), "{written}");
        }
        assert_eq!(value("title: AIGC\nmeta:\n  AIGC: '{}'\n# AIGC: x\n", "AIGC"), None);
    }
}
