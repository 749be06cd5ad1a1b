//! The notice of a text: its words, written at the top, and found again there or at the end.

use std::{ops::Range, sync::LazyLock};

use crate::{
    format::Medium,
    nfc,
    policy::{Extent, Language, Plan},
};

/// What stands between the wordings of several languages in one line.
const BETWEEN: &str = " / ";
/// What stands before the name of a manifest.
const BEFORE_NAME: &str = " · ";
/// What the label of a manifest begins with: C2PA 2.4 §8.2. A UUID of 36 characters follows.
const NAME: &str = "urn:c2pa:";

/// The notice of a text.
#[derive(Clone, Debug)]
pub(crate) struct Prose {
    /// The wordings, with their languages where they are the table's.
    pub(crate) lines: Vec<(String, Option<Language>)>,
    /// The identifier of the manifest that it names.
    pub(crate) names: Option<String>,
    /// Whether it stands at the end as well.
    pub(crate) last: bool,
    /// Whether it stands on every page, not in lines.
    pub(crate) on_pages: bool,
    /// Whether only the first of those pages is to have it.
    pub(crate) on_first_page: bool,
    /// The older notices of ours that it replaces, in bytes of the original.
    pub(crate) replaces: Vec<Range<u64>>,
    /// Colours where a text has them, sRGB.
    pub(crate) plate: [u8; 3],
    pub(crate) text: [u8; 3],
}

impl Prose {
    pub(crate) fn new(plan: &Plan) -> Self {
        let languages = plan.languages.iter().copied().map(Some).filter(|_| !plan.own_words);
        let languages = languages.chain(std::iter::repeat(None));
        Self {
            lines: plan
                .wording
                .lines
                .iter()
                .cloned()
                .zip(languages)
                .filter(|(line, _)| !line.trim().is_empty())
                .collect(),
            names: None,
            last: plan.prose_last,
            on_pages: false,
            on_first_page: false,
            replaces: Vec::new(),
            plate: plan.style.plate,
            text: plan.style.text,
        }
    }

    /// What stands in a line of a text: the words, and the name of the manifest.
    pub(crate) fn line(&self) -> String {
        let name = self.names.as_ref().map(|id| format!("{BEFORE_NAME}{NAME}{id}"));
        self.sentence() + &name.unwrap_or_default()
    }

    /// The words in one line.
    pub(crate) fn sentence(&self) -> String {
        self.words().join(BETWEEN)
    }

    pub(crate) fn words(&self) -> Vec<String> {
        self.lines.iter().map(|(line, _)| line.trim().to_owned()).collect()
    }
}

/// A line of a text as people read it, from its head or its end.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Where it stands, for people: "line 1, byte 0".
    pub(crate) place: String,
    pub(crate) text: String,
    /// The bytes of the file that would go with it: line and line end, or an element; empty where it cannot be told. In an
    /// archive they are bytes of the unpacked part in which it stands.
    pub(crate) range: Range<u64>,
    /// Whether it is one of the first lines, and of the last: in a short text it may be both.
    pub(crate) first: bool,
    pub(crate) last: bool,
}

/// Lines that are looked at, at the head and at the end each: a notice stands next to a title, not in the text.
pub(crate) const LINES: usize = 8;
/// Longer lines are no notice; in characters.
pub(crate) const MAX_LINE: usize = 400;

/// A notice that was read in a text.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) place: String,
    pub(crate) words: Vec<String>,
    pub(crate) languages: Vec<Language>,
    /// What it says, where its words are the table's.
    pub(crate) extent: Option<Extent>,
    pub(crate) range: Range<u64>,
    /// Whether it stands at the head, not at the end.
    pub(crate) first: bool,
    /// Whether it names a manifest.
    pub(crate) names: bool,
}

impl Written {
    /// Whether it has these words, whatever stands around them.
    pub(crate) fn says(&self, words: &[String]) -> bool {
        let bare = |words: &[String]| words.iter().map(|word| bare(word)).collect::<Vec<_>>();
        bare(&self.words) == bare(words)
    }
}

/// The lines that are nothing but wordings of the table, or of `also`.
pub(crate) fn read(lines: &[Line], also: &[String]) -> Vec<Written> {
    let mut found: Vec<Written> = Vec::new();
    for line in lines {
        if let Some(written) = written(line, also) {
            // What stands in the last lines of a short text is the second of two, or the only one.
            let first = line.first && (!line.last || found.is_empty());
            found.push(Written { first, ..written });
        }
    }
    found
}

/// The name of a manifest at the end of a line, `urn:c2pa:` and all, and where it stands.
pub(crate) fn name_of_manifest(line: &str) -> Option<(usize, &str)> {
    let at = line.rfind(NAME)?;
    let id = line.get(at + NAME.len()..at + NAME.len() + 36)?;
    let is_uuid = id.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let rest = &line[at + NAME.len() + id.len()..];
    let ends = !rest.contains(|character: char| character.is_alphanumeric());
    (is_uuid && ends).then(|| (at, &line[at..at + NAME.len() + id.len()]))
}

fn written(line: &Line, also: &[String]) -> Option<Written> {
    if let Some((at, name)) = name_of_manifest(&line.text) {
        let text = line.text[..at].trim_end().trim_end_matches('·').to_owned() + &line.text[at + name.len()..];
        let found = written(&Line { text, ..line.clone() }, also)?;
        return Some(Written { names: true, ..found });
    }
    let whole = bare(&line.text);
    // The caller's words may hold what stands between ours.
    let known = |part: &str| also.iter().any(|other| bare(other) == part);
    if !also.is_empty() && bare(&also.join(BETWEEN)) == whole && table(&whole).next().is_none() {
        let meanings: Vec<_> = also.iter().flat_map(|word| table(&bare(word)).collect::<Vec<_>>()).collect();
        return Some(found(line, also.to_vec(), meanings));
    }
    let parts: Vec<_> = whole.split(['/', '|', '·', '•']).map(bare).collect();
    let mut meanings = Vec::new();
    for part in &parts {
        let before = meanings.len();
        meanings.extend(table(part));
        if meanings.len() == before && !known(part) {
            return None;
        }
    }
    let shown = trimmed(&line.text).split(['/', '|', '·', '•']).map(|part| trimmed(part).to_owned()).collect();
    Some(found(line, shown, meanings))
}

fn found(line: &Line, words: Vec<String>, meanings: Vec<(Language, Extent)>) -> Written {
    let mut languages: Vec<_> = meanings.iter().map(|(language, _)| *language).collect();
    languages.dedup();
    // One that says generated and one that says modified: the stronger word counts.
    let generated = meanings.iter().any(|(_, extent)| *extent == Extent::Generated);
    let extent = match meanings.is_empty() {
        true => None,
        false if generated => Some(Extent::Generated),
        false => Some(Extent::Modified),
    };
    let Line { place, range, first, .. } = line.clone();
    Written { place, words, languages, extent, range, first, names: false }
}

/// What these words mean in the table, in each language that has them.
fn table(words: &str) -> impl Iterator<Item = (Language, Extent)> {
    /// The table, bare: it is compared with each line of each text.
    static BARE: LazyLock<Vec<(String, Language, Extent)>> = LazyLock::new(|| {
        let extents = [Extent::Generated, Extent::Modified];
        let all = Language::ALL.iter().flat_map(|&language| extents.map(|extent| (language, extent)));
        all.map(|(language, extent)| (bare(language.wording(Medium::Text, extent)), language, extent)).collect()
    });
    let found = BARE.iter().filter(move |(known, ..)| !words.is_empty() && known == words);
    found.map(|(_, language, extent)| (*language, *extent))
}

/// Words without what decorates them: marks of comments and headings, brackets, emphasis, and small or capital letters.
fn bare(text: &str) -> String {
    // Signs that escape others, or are doubled in cells.
    let text: String = text.chars().filter(|character| !matches!(character, '\\' | '"')).collect();
    let text = nfc::normal(trimmed(&text)).to_lowercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|character: char| character.is_ascii() && !character.is_ascii_alphanumeric()).trim_matches(
        |character: char| character.is_whitespace() || "【】「」『』〔〕（）［］《》«»“”„‘’—–…。".contains(character),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { place: "line 1, byte 0".into(), text: text.into(), range: 0..text.len() as u64, first: true, last: true }
    }

    fn says(text: &str) -> Option<(Vec<Language>, Option<Extent>)> {
        read(&[line(text)], &[]).pop().map(|found| (found.languages, found.extent))
    }

    #[test]
    fn every_wording_is_read_in_every_dress() {
        for &language in Language::ALL {
            for extent in [Extent::Generated, Extent::Modified] {
                let words = language.wording(Medium::Text, extent);
                for dressed in [
                    words.to_owned(),
                    format!("# {words}"),
                    format!("**{words}**"),
                    format!("<!-- {words} -->"),
                    format!("【{words}】"),
                    words.to_uppercase(),
                    format!("/* {words} / {words} */"),
                ] {
                    let (languages, said) = says(&dressed).unwrap_or_else(|| panic!("{dressed}"));
                    assert!(languages.contains(&language) && said == Some(extent), "{dressed}");
                }
            }
        }
        let both = says("ЖИ көмегімен жасалды / Создано ИИ");
        assert_eq!(both, Some((vec![Language::Kk, Language::Ru], Some(Extent::Generated))));
    }

    #[test]
    fn a_text_about_ai_is_no_notice() {
        for text in [
            "AI GENERATED texts are everywhere",
            "Создано ИИ или человеком?",
            "AI",
            "",
            " / ",
            "AI生成的文章",
            "Создано ИИ / Wednesday",
        ] {
            assert_eq!(says(text), None, "{text}");
        }
    }

    #[test]
    fn a_notice_may_end_with_the_name_of_a_manifest() {
        let id = "0195f3a2-7c3e-4b8a-9d10-2f6f1c0a77e5";
        for dressed in ["**Создано ИИ · urn:c2pa:{}**", "<!-- Создано ИИ · urn:c2pa:{} -->", "# Создано ИИ urn:c2pa:{}"]
        {
            let found = read(&[line(&dressed.replace("{}", id))], &[]).pop().unwrap_or_else(|| panic!("{dressed}"));
            assert!(found.names && found.says(&["Создано ИИ".into()]), "{found:?}");
        }
        for none in
            ["urn:c2pa:{} Создано ИИ", "Создано ИИ · urn:c2pa:{}0", "Создано ИИ · urn:uuid:{}", "Ветер · urn:c2pa:{}"]
        {
            assert!(read(&[line(&none.replace("{}", id))], &[]).is_empty(), "{none}");
        }
        assert!(name_of_manifest("urn:c2pa:0195f3a2").is_none() && name_of_manifest(&"ы".repeat(40)).is_none());
    }

    #[test]
    fn own_words_are_read_where_they_are_known() {
        let own = vec!["Made by Acme's machine / assistant".to_owned(), "Создано ИИ".to_owned()];
        let text = line("> **Made by Acme's machine / assistant / Создано ИИ**");
        assert!(read(std::slice::from_ref(&text), &[]).is_empty());
        let found = read(&[text], &own).pop().unwrap();
        assert!(found.says(&own) && found.languages == [Language::Ru]);
    }
}
