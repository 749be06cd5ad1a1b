//! Plain text, and what is written as plain text: Markdown, source code, YAML, XML. The last resort of recognition.

mod armour;
mod fragile;
mod front;
mod kind;
mod lines;
mod mark;
mod wrapper;

use base64::{Engine, prelude::BASE64_STANDARD};

use self::{kind::Kind, wrapper::Held};
use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Store, Survey, TextField};
use crate::{
    Error, Format, Result,
    container::invisible::{Hidden, Scan},
    limits::Budget,
    nfc,
    notice::name_of_manifest,
    stream::{Source, read_all},
};

pub(super) struct Text;

const FACTS: Facts = Facts {
    name: "Text",
    media_types: &[
        "text/plain",
        "text/markdown",
        "application/xml",
        "application/json",
        "text/csv",
        "text/tab-separated-values",
        "application/yaml",
        "application/toml",
        "application/x-tex",
        "text/css",
        "text/javascript",
    ],
    extensions: &["txt", "text", "md", "markdown", "csv", "tsv", "xml", "yaml", "yml", "toml", "json", "tex", "rst"],
    medium: Medium::Text,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "UTF-8 only. The manifest of plain text is in invisible characters, which programs that clean text remove. \
                  Tables have no notice; JSON takes neither notice nor manifest inside.",
};

/// The field of a manifest that a notice names by its identifier.
const NAMED: &str = "c2pa-manifest-id";

/// What the data address of a store starts with: C2PA 2.4 §A.9.
const DATA: &str = "data:application/c2pa;base64,";

impl Handler for Text {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        is_wide(head) || is_text(head)
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let text = read(source, Format::Text, budget)?;
        let matter = front::matter(&text);
        let kind = Kind::of(&text, None);
        let media_type = match kind {
            Kind::Markdown => "text/markdown",
            Kind::Xml => "application/xml",
            Kind::Json => "application/json",
            _ => FACTS.media_types[0],
        };
        let mut survey = Survey { media_type, frames: 1, ..Survey::default() };
        carriers(&text, &mut survey, budget)?;
        // A manifest beside a plain text is compared as one within it: C2PA 2.4 §15.12.1.3.1.
        survey.nfc |= survey.stores.is_empty() && kind == Kind::Plain;
        if let Some(matter) = matter
            && let Some((at, value)) = front::value(matter.inner, "AIGC")
        {
            budget.metadata(value.len() as u64)?;
            let place = format!("the front matter at byte {}", matter.start + at);
            survey.texts.push(TextField { place, key: "AIGC".into(), value });
        }
        survey.lines = lines::of(&text, matter.map_or(0, |matter| matter.end), &survey);
        for line in &survey.lines {
            if let Some((_, name)) = name_of_manifest(&line.text) {
                let field = TextField { place: line.place.clone(), key: NAMED.into(), value: name.to_owned() };
                survey.texts.push(field);
            }
        }
        Ok(survey)
    }

    fn media_type(&self, survey: &Survey) -> &'static str {
        survey.extension.as_deref().and_then(Kind::media_type).unwrap_or(survey.media_type)
    }

    fn mute(&self, survey: &Survey) -> Option<&'static str> {
        match self.media_type(survey) {
            "text/csv" | "text/tab-separated-values" => Some(mark::NO_ROWS),
            "application/json" if !is_plain(survey) => Some(mark::NO_COMMENTS),
            _ => None,
        }
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let text = read(source, Format::Text, budget)?;
        let kind = Kind::of(&text, survey.extension.as_deref());
        mark::mark(Format::Text, &text, kind, survey, label)
    }
}

pub(super) use self::{
    lines::parted,
    mark::{refuse_damaged, refuse_second},
};

/// A store in a line of its own, a comment that begins with `open` and ends with the line: C2PA 2.4 §A.9.
pub(super) fn armoured_line(store: &[u8], open: &str, eol: &str) -> Vec<u8> {
    armour::line(store, DATA, open, "", eol)
}

/// Whether a text is plain text because its name says so.
fn is_plain(survey: &Survey) -> bool {
    matches!(survey.extension.as_deref(), Some("txt" | "text"))
}

/// UTF-16 or UTF-32 with a byte order mark.
pub(super) fn is_wide(head: &[u8]) -> bool {
    head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) || head.starts_with(&[0, 0, 0xfe, 0xff])
}

/// Whether a head may be the start of a text: UTF-8, perhaps cut within a character, and none of the control characters that
/// no text has.
pub(super) fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let odd =
        |character: char| character.is_ascii_control() && !matches!(character, '\t' | '\n' | '\r' | '\x0c' | '\x1b');
    !whole.is_empty() && !whole.contains(odd)
}

/// The whole text of a file.
pub(super) fn read(source: &mut dyn Source, format: Format, budget: &Budget) -> Result<String> {
    let bytes = read_all(source, budget)?;
    if is_wide(&bytes) {
        return Err(Error::unsupported(format, "it is UTF-16 or UTF-32; convert it to UTF-8 first, with `iconv`"));
    }
    String::from_utf8(bytes).map_err(|error| {
        Error::malformed(
            format,
            error.utf8_error().valid_up_to() as u64,
            "it is not UTF-8; convert it first, with `iconv`",
        )
    })
}

/// Looks for manifest stores and for hidden characters in a text whose bytes are the file's.
pub(super) fn carriers(text: &str, survey: &mut Survey, budget: &mut Budget) -> Result<()> {
    let mut scan = Scan::default();
    scan.feed(text, 0);
    hidden(&scan, "the text", survey, budget)?;
    let mut sound = 0;
    for wrapper in &scan.wrappers {
        budget.part()?;
        match wrapper::open(text, wrapper, budget)? {
            Held::Store { carrier, jumbf } => {
                // Of several none is read.
                survey.nfc = true;
                sound += 1;
                if sound == 2 {
                    let place = format!("the text at byte {}", carrier.start);
                    status(survey, "manifest.text.multipleWrappers", "", place);
                }
                if scan.wrappers.len() == 1 {
                    let place = format!("the text at byte {}", carrier.start);
                    status(survey, "a C2PA wrapper", "", place);
                    if !normal(text, &carrier) {
                        status(survey, "text.notNfc", "", "the text".into());
                    }
                    let found = fragile::fragile(text, &carrier);
                    for (key, count) in [("text.compatible", found.compatible), ("text.unseen", found.unseen)] {
                        if count > 0 {
                            status(survey, key, &count.to_string(), "the text".into());
                        }
                    }
                }
                let carrier = carrier.start as u64..carrier.end as u64;
                survey.stores.push(Store { carrier: vec![carrier], jumbf });
            }
            Held::Corrupted(why) => {
                let at = wrapper.range.start;
                if survey.unread.is_empty() {
                    survey.unread.push(format!("the C2PA wrapper at byte {at} of the text could not be read: {why}"));
                }
                status(survey, "manifest.text.corruptedWrapper", why, format!("the text at byte {at}"));
            }
        }
    }
    armoured(text, survey, budget)
}

/// Hidden characters, as fields for the detectors: what they spell as text, or in Base64.
pub(super) fn hidden(scan: &Scan, whose: &str, survey: &mut Survey, budget: &mut Budget) -> Result<()> {
    let kinds: [(&str, Option<&Hidden>); 3] = [
        ("hidden variation selectors", scan.hidden_selectors()),
        ("hidden zero-width characters", scan.hidden_zero_width()),
        ("hidden tag characters", scan.hidden_tags()),
    ];
    for (key, hidden) in kinds {
        let Some(hidden) = hidden else { continue };
        budget.metadata(hidden.bytes.len() as u64)?;
        let value = match std::str::from_utf8(&hidden.bytes) {
            Ok("") => format!("{} characters", hidden.count),
            Ok(text) => text.to_owned(),
            Err(_) => format!("data:;base64,{}", BASE64_STANDARD.encode(&hidden.bytes)),
        };
        survey.texts.push(TextField { place: format!("{whose} from byte {}", hidden.at), key: key.into(), value });
    }
    Ok(())
}

fn armoured(text: &str, survey: &mut Survey, budget: &mut Budget) -> Result<()> {
    let blocks = armour::blocks(text, budget)?;
    let mut seen = 0;
    for block in &blocks {
        let place = format!("the text at byte {}", block.at);
        let reference = block.reference.as_str();
        let lower: String = reference.chars().take(DATA.len()).collect::<String>().to_ascii_lowercase();
        if lower == DATA {
            let encoded = &reference[DATA.len()..];
            // What is no Base64 is kept as it is: a store that cannot be read.
            let jumbf = BASE64_STANDARD.decode(encoded).unwrap_or_else(|_| encoded.as_bytes().to_vec());
            let carrier = block.carrier.start as u64..block.carrier.end as u64;
            survey.stores.push(Store { carrier: vec![carrier], jumbf });
        } else if lower.starts_with("http://") || lower.starts_with("https://") {
            survey.texts.push(TextField { place, key: "c2pa-manifest".into(), value: reference.to_owned() });
        } else if !block.alone {
            // Marks that a text is about, not marks around a manifest.
            continue;
        } else if reference.is_empty() {
            status(survey, "manifest.structuredText.emptyReference", "", place);
        } else {
            status(survey, "manifest.structuredText.malformedReference", reference, place);
        }
        seen += 1;
        if seen == 2 {
            let place = format!("the text at byte {}", block.at);
            status(survey, "manifest.structuredText.multipleReferences", "", place);
            // Which of several a reader takes is chance: two are as good as all.
            break;
        }
    }
    Ok(())
}

/// A fault of what carries a manifest, by its C2PA status code; the first of each is enough.
pub(super) fn status(survey: &mut Survey, code: &str, detail: &str, place: String) {
    if survey.texts.iter().any(|text| text.key == code) {
        return;
    }
    survey.texts.push(TextField { place, key: code.into(), value: detail.into() });
}

/// Whether a text is in Unicode's normalisation form C without what carries its manifest.
fn normal(text: &str, carrier: &std::ops::Range<usize>) -> bool {
    let (before, after) = (text.get(..carrier.start), text.get(carrier.end..));
    before.is_some_and(nfc::is_normal) && after.is_some_and(nfc::is_normal)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
