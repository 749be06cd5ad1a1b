//! Our properties in XMP packets: ISO 16684-1, IPTC Photo Metadata 2025.1.
//!
//! | property | value |
//! |---|---|
//! | `Iptc4xmpExt:DigitalSourceType` | the full URI of the digital source type |
//! | `Iptc4xmpExt:AISystemUsed`, `AISystemVersionUsed` | name and version of the system |
//! | `Iptc4xmpCore:AltTextAccessibility` | the notice's words, after the words of others |
//! | `plus:DataMining` | `…/DMI-PROHIBITED`, where use for training is prohibited |
//! | `TC260:AIGC` | China's label, where the policy asks for it |
//! | `tanba:ID`, `Provider`, `Time`, `Notice` | identifier, provider, UTC time, the words added to the alternative text |
//!
//! The last four have a namespace of their own, because each standard property that comes near (`xmpMM:DocumentID`,
//! `Iptc4xmpExt:DigImageGUID`, `photoshop:Credit`, `xmp:MetadataDate`) may already say something else, of somebody else.

use std::ops::Range;

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use super::{Record, aigc};
use crate::{
    Error, Result,
    container::{
        xml::{Fault, escape},
        xmp::{Packet, Property, RDF, Room, Value, decode, parse},
    },
    limits::Budget,
};

pub(super) const IPTC_EXT: &str = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";
pub(super) const IPTC_CORE: &str = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/";
pub(super) const PLUS: &str = "http://ns.useplus.org/ldf/xmp/1.0/";
pub(super) const TANBA: &str = "https://tanba.dev/ns/1.0/";
/// PLUS-LDF vocabulary for `DataMining`: prohibited, without exception.
const PROHIBITED: &str = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED";

/// `existing` with our properties, exactly one of each; every foreign property is kept, byte for byte. Without
/// `existing`, or where that is empty, a new packet.
///
/// The result is UTF-8 with an `<?xpacket?>` wrapper and without padding. A digital source type that stands there
/// already is replaced, because two of them would contradict each other; China's `AIGC` and a prohibition of training
/// are replaced by ours, and kept where we write none.
///
/// # Errors
///
/// [`Error::Metadata`] when the packet cannot be read: it is neither dropped in silence nor made worse.
pub(crate) fn merge(existing: Option<&[u8]>, record: &Record, budget: &mut Budget) -> Result<Vec<u8>> {
    let existing = existing.unwrap_or_default();
    budget.metadata(existing.len() as u64)?;
    let text = decode(existing).map_err(broken)?;
    let packet = parse(&text, budget).map_err(broken)?;
    let rdf = |inside: &str| format!("<rdf:RDF xmlns:rdf=\"{RDF}\">{inside}</rdf:RDF>");
    let mut edits = removals(&text, &packet, record);
    let ours = |declare: bool| description(&packet, record, declare);
    match &packet.room {
        Room::Empty => {
            let toolkit = concat!("tanba ", env!("CARGO_PKG_VERSION"));
            let meta = format!(
                "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\" x:xmptk=\"{toolkit}\">{}</x:xmpmeta>",
                rdf(&ours(false))
            );
            return Ok(wrap(&meta));
        }
        Room::Before { at, name, rdf: true } => edits.push((*at..*at, ours(*name != "rdf:RDF"))),
        Room::Before { at, .. } => edits.push((*at..*at, rdf(&ours(false)))),
        Room::Inside { tag, name, rdf: is_rdf } => {
            let inside = if *is_rdf { ours(*name != "rdf:RDF") } else { rdf(&ours(false)) };
            let open = text[tag.clone()].trim_end_matches("/>");
            edits.push((tag.clone(), format!("{open}>{inside}</{name}>")));
        }
    }
    Ok(wrap(&apply(&text, packet.body.clone(), edits)))
}

fn wrap(body: &str) -> Vec<u8> {
    // The identifier is the same in every packet (ISO 16684-1, 7.3.2).
    format!("<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>{body}<?xpacket end=\"w\"?>").into_bytes()
}

fn broken(fault: Fault) -> Error {
    match fault {
        Fault::Limit(error) => error,
        Fault::Malformed { at, why } => Error::Metadata { kind: "XMP", at: at as u64, why },
    }
}

/// `text` within `body`, edited.
fn apply(text: &str, body: Range<usize>, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let mut result = String::with_capacity(body.len() + 2048);
    let mut position = body.start;
    for (range, with) in edits {
        // A property inside a node that goes as a whole is gone already.
        if range.start >= position {
            result.push_str(&text[position..range.start]);
            result.push_str(&with);
            position = range.end;
        }
    }
    result.push_str(&text[position..body.end]);
    result
}

/// Whether we write this property, so that others of its name have to go.
fn is_ours(property: &Property, record: &Record) -> bool {
    let name = &property.name;
    match &*name.space {
        IPTC_EXT => matches!(name.local, "DigitalSourceType" | "AISystemUsed" | "AISystemVersionUsed"),
        IPTC_CORE => name.local == "AltTextAccessibility",
        PLUS => name.local == "DataMining" && record.no_training,
        TANBA => true,
        aigc::NAMESPACE => name.local == "AIGC" && record.aigc,
        _ => false,
    }
}

/// Our properties in any form, and nodes that hold nothing else.
fn removals(text: &str, packet: &Packet, record: &Record) -> Vec<(Range<usize>, String)> {
    let before = |range: &Range<usize>| {
        let start = text[..range.start].trim_end_matches([' ', '\t', '\r', '\n']).len();
        (start..range.end, String::new())
    };
    let mut kept = vec![false; packet.nodes.len()];
    let mut held = vec![false; packet.nodes.len()];
    for property in &packet.properties {
        let list = if is_ours(property, record) { &mut held } else { &mut kept };
        list[property.node] = true;
    }
    let nodes = packet.nodes.iter().enumerate().filter(|&(index, node)| node.plain && held[index] && !kept[index]);
    let properties = packet.properties.iter().filter(|property| is_ours(property, record));
    nodes
        .map(|(_, node)| (node.range.clone(), String::new()))
        .chain(properties.map(|property| before(&property.range)))
        .collect()
}

/// Our node, with all the namespaces it needs.
fn description(packet: &Packet, record: &Record, declare_rdf: bool) -> String {
    let mut node = String::from("<rdf:Description");
    let mut put = |name: &str, value: &str| {
        node.push_str(&format!(" {name}=\"{value}\""));
    };
    if declare_rdf {
        put("xmlns:rdf", RDF);
    }
    put("rdf:about", &packet.about.replace('"', "&quot;"));
    put("xmlns:Iptc4xmpExt", IPTC_EXT);
    put("xmlns:Iptc4xmpCore", IPTC_CORE);
    put("xmlns:tanba", TANBA);
    if record.no_training {
        put("xmlns:plus", PLUS);
        put("plus:DataMining", PROHIBITED);
    }
    put("Iptc4xmpExt:DigitalSourceType", record.extent.digital_source_type());
    put("Iptc4xmpExt:AISystemUsed", &escape(&record.system));
    put("Iptc4xmpExt:AISystemVersionUsed", &escape(&record.system_version));
    put("tanba:ID", &record.id.to_string());
    put("tanba:Provider", &escape(&record.provider));
    put("tanba:Time", &utc(record.time));
    put("tanba:Notice", &escape(&record.alt_text));
    node.push_str("><Iptc4xmpCore:AltTextAccessibility><rdf:Alt>");
    for value in alternatives(packet, record) {
        let language = escape(value.language.as_deref().unwrap_or_default());
        node.push_str(&format!("<rdf:li xml:lang=\"{language}\">{}</rdf:li>", escape(&value.text)));
    }
    node.push_str("</rdf:Alt></Iptc4xmpCore:AltTextAccessibility>");
    if record.aigc {
        let json = aigc::json(record).replace('&', "&amp;").replace('<', "&lt;");
        node.push_str(&format!("<TC260:AIGC xmlns:TC260=\"{}\">{json}</TC260:AIGC>", aigc::NAMESPACE));
    }
    node.push_str("</rdf:Description>");
    node
}

/// ISO 8601 in UTC, whole seconds.
fn utc(time: OffsetDateTime) -> String {
    let time = time.to_offset(UtcOffset::UTC);
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

const DEFAULT: &str = "x-default";
/// Stands between the alternative text of others and our words, so that these can be taken off again.
const DASH: &str = " — ";

/// The alternative text: that of others with our words after it in every language, ours alone where there is none.
fn alternatives(packet: &Packet, record: &Record) -> Vec<Value> {
    let named = |space: &str, local: &str| {
        let (space, local) = (space.to_owned(), local.to_owned());
        packet.properties.iter().filter(move |property| property.name.is(&space, &local))
    };
    // Words of an earlier label of ours, which this one replaces.
    let earlier: Vec<&str> =
        named(TANBA, "Notice").flat_map(|property| &property.values).map(|value| value.text.as_str()).collect();
    let words = &record.alt_text;
    let mut found: Vec<Value> = Vec::new();
    for value in named(IPTC_CORE, "AltTextAccessibility").flat_map(|property| &property.values) {
        let mut text = value.text.as_str();
        for old in earlier.iter().copied().chain([words.as_str()]) {
            text = if text == old {
                ""
            } else {
                text.strip_suffix(old).and_then(|text| text.strip_suffix(DASH)).unwrap_or(text)
            };
        }
        let language = value.language.clone().unwrap_or_else(|| DEFAULT.into());
        let known = found.iter().any(|known| known.language.as_deref() == Some(&language));
        if !text.is_empty() && !known {
            found.push(Value { language: Some(language), text: format!("{text}{DASH}{words}") });
        }
    }
    for (at, language) in [DEFAULT, record.language].into_iter().enumerate() {
        if !found.iter().any(|known| known.language.as_deref() == Some(language)) {
            // x-default comes first (ISO 16684-1, 8.2.2.4).
            let at = if at == 0 { 0 } else { found.len() };
            found.insert(at, Value { language: Some(language.into()), text: words.clone() });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, policy::Extent};

    fn merged(existing: Option<&[u8]>, record: &Record) -> String {
        String::from_utf8(merge(existing, record, &mut Budget::new(&Limits::default())).unwrap()).unwrap()
    }

    fn properties(packet: &str) -> Vec<(String, String, Vec<Value>)> {
        let text = decode(packet.as_bytes()).unwrap();
        let mut budget = Budget::new(&Limits::default());
        let packet = parse(&text, &mut budget).unwrap();
        let mut all: Vec<_> = packet
            .properties
            .into_iter()
            .map(|property| (property.name.space.to_string(), property.name.local.to_owned(), property.values))
            .collect();
        all.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        all
    }

    fn values(packet: &str, local: &str) -> Vec<String> {
        let all = properties(packet).into_iter().filter(|(_, name, _)| name == local);
        all.flat_map(|(_, _, values)| values).map(|value| value.text).collect()
    }

    #[test]
    fn a_fresh_packet_is_small_and_says_everything_once() {
        let record = Record { no_training: true, ..Record::example() };
        for existing in [
            None,
            Some(&b""[..]),
            Some(b" \n\0"),
            Some(b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>  <?xpacket end='w'?>"),
        ] {
            let packet = merged(existing, &record);
            assert!(packet.len() <= 1400, "{}", packet.len());
            assert_eq!(values(&packet, "DigitalSourceType"), [Extent::Generated.digital_source_type()]);
            assert_eq!(values(&packet, "AISystemUsed"), [&*record.system]);
            assert_eq!(values(&packet, "ID"), [record.id.to_string()]);
            assert_eq!(values(&packet, "Time"), ["2026-01-18T06:30:00Z"]);
            assert_eq!(values(&packet, "AltTextAccessibility"), [&*record.alt_text, &record.alt_text]);
            assert_eq!(values(&packet, "DataMining"), [PROHIBITED]);
            assert_eq!(merged(Some(packet.as_bytes()), &record), packet, "labelling again changes nothing");
        }
        assert!(merged(None, &Record::example()).len() <= 1300);
    }

    /// Attribute and element forms, other prefixes, duplicates, nested look-alikes, another rdf prefix, an `about`.
    const FOREIGN: &str = r#"<?xml version="1.0"?><?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 <r:Description r:about="uuid:1" xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:dc="http://purl.org/dc/elements/1.1/"
   i:DigitalSourceType = 'http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture' dc:format="image/png">
  <!-- DigitalSourceType -->
  <dc:title><r:Alt><r:li xml:lang="x-default">A &amp; B &#x41;</r:li></r:Alt></dc:title>
  <i:AISystemUsed>old</i:AISystemUsed>
  <i:ArtworkOrObject><r:Bag><r:li r:parseType="Resource"><i:DigitalSourceType>nested</i:DigitalSourceType></r:li></r:Bag></i:ArtworkOrObject>
 </r:Description>
 <r:Description r:about="uuid:1" xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"><i:DigitalSourceType r:resource="http://x"/></r:Description>
 <r:Description r:about="uuid:1" xmlns:c="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"><c:AltTextAccessibility><r:Alt><r:li xml:lang="x-default">A dog</r:li><r:li xml:lang="de">Ein Hund</r:li></r:Alt></c:AltTextAccessibility></r:Description>
</r:RDF></x:xmpmeta>
                    <?xpacket end="w"?>"#;

    #[test]
    fn ours_replace_what_is_there_in_any_form_and_the_rest_stays() {
        let record = Record { aigc: true, ..Record::example() };
        let packet = merged(Some(FOREIGN.as_bytes()), &record);
        for kept in [
            "xmlns:dc=\"http://purl.org/dc/elements/1.1/\" dc:format=\"image/png\">",
            "<dc:title><r:Alt><r:li xml:lang=\"x-default\">A &amp; B &#x41;</r:li></r:Alt></dc:title>",
            "<!-- DigitalSourceType -->",
            "<i:ArtworkOrObject><r:Bag><r:li r:parseType=\"Resource\"><i:DigitalSourceType>nested</i:DigitalSourceType></r:li></r:Bag></i:ArtworkOrObject>",
        ] {
            let kept = if kept.starts_with("xmlns") { "dc:format=\"image/png\">" } else { kept };
            assert!(packet.contains(kept), "{kept}\n{packet}");
        }
        assert_eq!(values(&packet, "DigitalSourceType"), [Extent::Generated.digital_source_type()]);
        assert_eq!(values(&packet, "AISystemUsed"), [&*record.system]);
        assert_eq!(values(&packet, "AIGC").len(), 1);
        assert!(
            packet.contains("rdf:about=\"uuid:1\"") && !packet.contains("http://x\"") && !packet.contains("<?xml ")
        );
        let words = &record.alt_text;
        let expected = [format!("A dog — {words}"), format!("Ein Hund — {words}"), words.clone()];
        assert_eq!(values(&packet, "AltTextAccessibility"), expected);
        // Another label later: its words take the place of the first one's.
        let again = Record {
            alt_text: "AI MODIFIED".into(),
            language: "en",
            extent: Extent::Modified,
            aigc: false,
            ..Record::example()
        };
        let packet = merged(Some(packet.as_bytes()), &again);
        let expected = ["A dog — AI MODIFIED", "Ein Hund — AI MODIFIED", "AI MODIFIED"];
        assert_eq!(values(&packet, "AltTextAccessibility"), expected);
        assert_eq!(values(&packet, "DigitalSourceType"), [Extent::Modified.digital_source_type()]);
        assert_eq!(values(&packet, "AIGC").len(), 1, "a label of China's that we do not replace stays");
        assert_eq!(merged(Some(packet.as_bytes()), &again), packet);
    }

    #[test]
    fn real_packets_keep_every_foreign_property() {
        let files = [
            "unlabelled/IMG_0003.jpg",
            "unlabelled/P1000827.jpg",
            "unlabelled/earth_apollo17.jpg",
            "unlabelled/sample1.heic",
            "unlabelled/sample1.svg",
            "labelled/cloud.jpg",
            "wild/mj-1.png",
        ];
        let record = Record::example();
        for file in files {
            let Some(bytes) = crate::format::testing::corpus(file) else { return };
            let start = memchr::memmem::find(&bytes, b"<?xpacket begin").unwrap();
            let end = start + memchr::memmem::find(&bytes[start..], b"<?xpacket end=").unwrap() + 19;
            let packet = std::str::from_utf8(&bytes[start..end]).unwrap();
            let result = merged(Some(packet.as_bytes()), &record);
            let mut budget = Budget::new(&Limits::default());
            let foreign = parse(packet, &mut budget).unwrap().properties;
            let foreign = foreign.into_iter().filter(|property| !is_ours(property, &record));
            let mut count = 0;
            for property in foreign {
                assert!(result.contains(&packet[property.range]), "{file}: {:?}", property.name);
                count += 1;
            }
            assert!(count > 0, "{file}");
            let (before, after) = (exiftool(packet), exiftool(&result));
            if let (Some(serde_json::Value::Object(before)), Some(after)) = (before, after) {
                for (key, value) in before {
                    assert!(
                        key == "SourceFile" || key.contains("DigitalSourceType") || after[&key] == value,
                        "{file}: {key}"
                    );
                }
            }
            assert_eq!(merged(Some(result.as_bytes()), &record), result);
        }
    }

    #[test]
    fn every_encoding_gives_the_same_packet() {
        let record = Record::example();
        let plain = merged(Some(FOREIGN.as_bytes()), &record);
        let utf16 = |big: bool, mark: bool| -> Vec<u8> {
            let units = mark.then_some(0xfeff).into_iter().chain(FOREIGN.encode_utf16());
            units.flat_map(|unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let utf32: Vec<u8> = FOREIGN.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let marked = [&b"\xef\xbb\xbf"[..], FOREIGN.as_bytes(), b"\0\0"].concat();
        for bytes in [utf16(true, true), utf16(false, true), utf16(true, false), utf16(false, false), utf32, marked] {
            assert_eq!(merged(Some(&bytes), &record), plain);
        }
    }

    #[test]
    fn packets_without_rdf_get_one() {
        let meta = "<x:xmpmeta xmlns:x='adobe:ns:meta/'";
        let rdf = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'";
        for packet in [
            format!("{meta}/>"),
            format!("{meta}></x:xmpmeta>"),
            format!("{meta}>{rdf}/></x:xmpmeta>"),
            format!("{rdf}/>"),
            format!("{rdf}></rdf:RDF>"),
        ] {
            let merged = merged(Some(packet.as_bytes()), &Record::example());
            assert_eq!(values(&merged, "DigitalSourceType").len(), 1, "{merged}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error_that_says_where() {
        let bomb = "<!DOCTYPE a [<!ENTITY b 'c'>]><x:xmpmeta xmlns:x='adobe:ns:meta/'>&b;</x:xmpmeta>";
        for packet in [&b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>"[..], b"junk", b"<a/>", b"\xc3<", bomb.as_bytes()] {
            let error = merge(Some(packet), &Record::example(), &mut Budget::new(&Limits::default())).unwrap_err();
            assert!(matches!(error, Error::Metadata { kind: "XMP", .. }), "{error}");
        }
    }

    #[test]
    fn hostile_text_of_the_caller_stays_text() {
        let record = Record { system: "\"><a>&\n\0]]>".into(), ..Record::example() };
        let packet = merged(None, &record);
        assert_eq!(values(&packet, "AISystemUsed"), ["\"><a>&\n\u{fffd}]]>"]);
    }

    #[test]
    fn mutations_do_not_panic() {
        let record = Record::example();
        let original = FOREIGN.as_bytes();
        for at in 0..original.len() {
            for value in [b'<', b'"', 0xc3, original[at] ^ 0x20] {
                let mut bytes = original.to_vec();
                bytes[at] = value;
                let _ = merge(Some(&bytes), &record, &mut Budget::new(&Limits::default()));
            }
            let _ = merge(Some(&original[..at]), &record, &mut Budget::new(&Limits::default()));
        }
    }

    /// What exiftool (Debian: libimage-exiftool-perl) reads in a packet, `None` where it is not installed.
    fn exiftool(packet: &str) -> Option<serde_json::Value> {
        let file = tempfile::Builder::new().suffix(".xmp").tempfile().unwrap();
        std::fs::write(file.path(), packet).unwrap();
        let run =
            std::process::Command::new("exiftool").args(["-j", "-G1", "-n", "-XMP:all"]).arg(file.path()).output();
        let Ok(output) = run else {
            eprintln!("skipped: no exiftool");
            return None;
        };
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()[0].take())
    }

    #[test]
    fn exiftool_reads_every_field() {
        let record = Record { no_training: true, aigc: true, ..Record::example() };
        for existing in [None, Some(FOREIGN.as_bytes())] {
            let Some(read) = exiftool(&merged(existing, &record)) else { return };
            let expected = [
                ("XMP-iptcExt:DigitalSourceType", record.extent.digital_source_type()),
                ("XMP-iptcExt:AISystemUsed", &record.system),
                ("XMP-iptcExt:AISystemVersionUsed", &record.system_version),
                ("XMP-plus:DataMining", PROHIBITED),
                ("XMP-tanba:Provider", &record.provider),
                ("XMP-tanba:Id", &record.id.to_string()),
                ("XMP-iptcCore:AltTextAccessibility-kk", &record.alt_text),
                ("XMP-TC260:Aigc", &aigc::json(&record)),
            ];
            for (key, value) in expected {
                // A version such as 3.1 comes as a number.
                let found = read[key].as_str().map_or_else(|| read[key].to_string(), str::to_owned);
                assert_eq!(found, *value, "{key} in {read:#}");
            }
        }
    }
}
