//! Labels in texts: what is written, that the original is in it byte for byte, and that every change is noticed.

mod common;

use std::io::Cursor;

use common::{anchors, label_with, signer};
use tanba::{
    Algorithm, Binding, Disclosure, Error, Headline, Identity, IdentityRequest, Labeler, Policy, ProsePlace, Receipt,
    Report, Signature, Signer, Statement, Technique, Verdict, Verifier,
};

const SENTENCE: &str = "ЖИ көмегімен жасалды / Создано ИИ";

fn labeler() -> Labeler {
    let disclosure = Disclosure::generated("Acme Writer").system_version("3.1").provider("Acme LLP");
    Labeler::new(&disclosure, &signer())
}

fn label(name: &str, text: &str) -> (String, Receipt) {
    label_with(&labeler(), name, text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn verify(text: &str) -> Report {
    Verifier::new().anchors(anchors()).verify(&mut Cursor::new(text)).unwrap()
}

fn intact(text: &str) -> bool {
    let report = verify(text);
    report.verdict == Verdict::Valid && report.headline == Headline::AiMadeProven
}

/// Where the invisible manifest starts.
fn wrapper(text: &str) -> usize {
    text.find("\u{feff}\u{e0133}\u{e0122}\u{e0140}\u{e0131}").expect("a wrapper")
}

/// Text of every kind that has a place for both halves, and what stands where.
const TEXTS: &[(&str, &str)] = &[
    ("a.txt", "The wind came over the steppe.\nNobody saw it.\n"),
    ("a.txt", "Without an end of its last line"),
    ("a.txt", "Lines\r\nof another\r\nsystem\r\n"),
    ("a.txt", "\u{feff}A byte order mark\n"),
    ("a.txt", "Жел e\u{301}cole 葛\u{e0100} 👩‍👩‍👧 می‌خواهم"),
    ("a.md", "# Steppe\n\nThe wind *came*.\n"),
    ("a.md", "---\ntitle: Steppe\n---\n\n# Steppe\n"),
    ("a.md", "+++\r\ntitle = 'Steppe'\r\n+++\r\nText"),
    ("a.md", "```rust\nfn never_closed() {}\n"),
    ("a.md", "Title\n=====\n"),
    ("a.py", "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint('steppe')\n"),
    ("a.rs", "fn main() {}"),
    ("a.css", "@charset \"utf-8\";\np { }\n"),
    ("a.sql", "select 1;\n"),
    ("a.yaml", "a: 1\nb: |\n  text\n"),
    ("a.xml", "<?xml version=\"1.0\"?>\n<a/>\n"),
    ("a.xml", "<?xml version=\"1.0\"?><a/>"),
    ("a.tex", "\\documentclass{article}\n"),
];

#[test]
fn every_text_is_labelled_and_holds_the_original() {
    for (name, text) in TEXTS {
        let (labelled, receipt) = label(name, text);
        let what = format!("{name} {text:?}: {labelled:.200} {receipt:?}");
        assert!(receipt.is_complete() && receipt.is_as_asked() && receipt.manifest_bytes <= 3072, "{what}");
        assert_eq!(receipt.written.as_ref().unwrap().lines.join(" / "), SENTENCE, "{what}");
        assert!(labelled.len() - text.len() <= 12 * 1024, "{what}");
        let report = verify(&labelled);
        assert_eq!(
            (report.binding, report.signature, report.verdict, report.headline, report.says),
            (Binding::Intact, Signature::Ok, Verdict::Valid, Headline::AiMadeProven, Some(Statement::FullyAi)),
            "{what}: {report:#?}"
        );
        let [written] = &report.written[..] else { panic!("{what}: {report:#?}") };
        assert!(written.first && written.languages.len() == 2, "{what}");
        // Every byte of the original, in its order: what was added stands in one piece or in two.
        assert!(holds(&labelled, text), "{what}");
        // Nothing that shows stands in front of the notice but what must.
        let at = labelled.find(SENTENCE).unwrap();
        let before: String = labelled[..at].lines().filter(|line| !line.contains("C2PA MANIFEST")).collect();
        assert!(before.len() < 80, "{what}");
    }
}

/// Whether `original` is what is left of `labelled` without two pieces.
fn holds(labelled: &str, original: &str) -> bool {
    let (labelled, original) = (labelled.as_bytes(), original.as_bytes());
    let starts = (0..=original.len()).filter(|&at| labelled.starts_with(&original[..at]));
    starts.into_iter().any(|start| {
        (start..=original.len()).rev().any(|end| {
            let (middle, tail) = (&original[start..end], &original[end..]);
            labelled.ends_with(tail)
                && labelled.len() >= start + tail.len()
                && (middle.is_empty()
                    || labelled[start..labelled.len() - tail.len()].windows(middle.len()).any(|part| part == middle))
        })
    })
}

#[test]
fn a_label_of_plain_text_is_a_line_and_a_wrapper_and_the_rest_is_the_original() {
    for (name, text) in TEXTS.iter().filter(|(name, _)| name.ends_with("txt")) {
        let (labelled, _) = label(name, text);
        let mark = if text.starts_with('\u{feff}') { "\u{feff}" } else { "" };
        let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let visible = &labelled[..wrapper(&labelled)];
        assert_eq!(visible, format!("{mark}{SENTENCE}{eol}{eol}{}", text.trim_start_matches('\u{feff}')));
    }
}

/// A generator of random text that is the same in every run: xorshift.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn character(&mut self) -> char {
        let ranges: [(u32, u32); 12] = [
            (0x20, 0x7f),
            (0xa0, 0x180),
            (0x300, 0x370),
            (0x400, 0x530),
            (0x5d0, 0x700),
            (0x900, 0xe80),
            (0x1100, 0x1200),
            (0x3040, 0x3100),
            (0x4e00, 0x9fff),
            (0xac00, 0xd7a3),
            (0x1d15e, 0x1d1c1),
            (0x1f300, 0x1f700),
        ];
        let (from, to) = ranges[self.roll(ranges.len())];
        let offset = self.roll((to - from) as usize);
        char::from_u32(from + u32::try_from(offset).unwrap()).unwrap_or('\n')
    }

    /// One character in, out, or another.
    fn edited(&mut self, text: &str, at: usize) -> String {
        let next = text[at..].chars().next().unwrap();
        let other = loop {
            let other = self.character();
            if other != next {
                break other;
            }
        };
        let mut edited = text.to_owned();
        match self.roll(3) {
            0 => drop(edited.remove(at)),
            1 => edited.insert(at, 'x'),
            _ => edited.replace_range(at..at + next.len_utf8(), &other.to_string()),
        }
        edited
    }

    fn text(&mut self, most: usize) -> String {
        let len = 1 + self.roll(most);
        let mut text: String = (0..len).map(|_| if self.roll(12) == 0 { '\n' } else { self.character() }).collect();
        // What a text must start with to be one at all, and not another format by its first characters.
        text.insert(0, 'T');
        text
    }
}

#[test]
fn random_text_is_intact_and_every_edit_outside_the_wrapper_breaks_it() {
    let mut dice = Dice(0x7461_6e62_6121);
    let labeler = labeler();
    for round in 0..200 {
        let text = dice.text(400);
        let (labelled, receipt) = label_with(&labeler, "a.txt", &text).unwrap();
        assert!(receipt.is_complete(), "{round} {text:?} {receipt:?}");
        assert!(intact(&labelled), "{round} {text:?}");
        let end = wrapper(&labelled);
        assert_eq!(labelled[..end].strip_prefix(&format!("{SENTENCE}\n\n")), Some(text.as_str()), "{round}");
        let borders: Vec<_> = labelled[..end].char_indices().map(|(at, _)| at).collect();
        for _ in 0..8 {
            let at = borders[dice.roll(borders.len())];
            let edited = dice.edited(&labelled, at);
            let report = verify(&edited);
            assert!(
                report.binding == Binding::Broken && report.verdict == Verdict::Tampered,
                "{round} at {at}: {:?}",
                report.binding
            );
        }
    }
}

/// The same for texts whose manifest stands in a block or an element: that alone may change.
#[test]
fn random_markdown_code_and_pages_are_intact_and_every_edit_outside_of_the_block_is_noticed() {
    let mut dice = Dice(0x6d61_726b_646f);
    let labeler = labeler();
    for round in 0..60 {
        let words = dice.text(300);
        let front = format!("---\ntitle: a\n---\n{words}");
        let python = format!("#!/usr/bin/env python3\n# {}\n", words.replace(['\n', '\r'], "\n# "));
        let xml = format!("<?xml version=\"1.0\"?>\n<a><![CDATA[{}]]></a>", words.replace("]]>", ""));
        let escaped = words.replace('&', "&amp;").replace('<', "&lt;");
        let page =
            format!("<!doctype html>\n<html><head><meta charset=utf-8></head><body><p>{escaped}</p></body></html>\n");
        for (name, text) in [("a.md", &words), ("a.md", &front), ("a.py", &python), ("a.xml", &xml), ("a.html", &page)]
        {
            let (labelled, receipt) =
                label_with(&labeler, name, text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(receipt.is_complete(), "{round} {name} {text:?} {receipt:?}");
            assert!(intact(&labelled), "{round} {name} {text:?}");
            let (start, end) = match labelled.find("-----BEGIN C2PA") {
                Some(at) => {
                    let start = labelled[..at].rfind('\n').map_or(0, |at| at + 1);
                    (start, at + labelled[at..].find('\n').map_or(labelled.len() - at, |end| end + 1))
                }
                None => {
                    let start = labelled.find("<script type=\"application/c2pa\">").unwrap();
                    (start, start + labelled[start..].find("</script>").unwrap() + 9)
                }
            };
            // Without what was added, what is left is the original.
            let mut left = [&labelled[..start], &labelled[end..]].concat();
            match name {
                "a.html" => {
                    for (from, to) in [
                        ("<meta name=\"ai-", ">\n"),
                        ("<script type=\"application/ld", "</script>\n"),
                        ("<p id=", "</p>\n"),
                    ] {
                        let at = left.find(from).unwrap();
                        left.replace_range(at..at + left[at..].find(to).unwrap() + to.len(), "");
                    }
                    left = left.replacen("\n</head>", "</head>", 1);
                }
                _ => {
                    let at = left.find(SENTENCE).unwrap();
                    let from = left[..at].rfind('\n').map_or(0, |at| at + 1);
                    let mut to = at + left[at..].find('\n').unwrap() + 1;
                    to += usize::from(name == "a.md");
                    left.replace_range(from..to, "");
                }
            }
            // In front of a block at the end stands an empty line.
            assert_eq!(left.trim_end_matches('\n'), text.trim_end_matches('\n'), "{round} {name}");
            let outside: Vec<_> =
                labelled.char_indices().map(|(at, _)| at).filter(|at| !(start..end).contains(at)).collect();
            for _ in 0..6 {
                let at = outside[dice.roll(outside.len())];
                let edited = dice.edited(&labelled, at);
                if let Ok(report) = Verifier::new().anchors(anchors()).verify(&mut Cursor::new(&edited)) {
                    let noticed = report.binding != Binding::Intact && report.headline != Headline::AiMadeProven;
                    assert!(noticed, "{round} {name} at {at}: {:?} {:?}", report.binding, report.headline);
                }
            }
        }
    }
}

#[test]
fn a_text_that_is_not_in_form_c_keeps_its_bytes_and_holds_in_either_form() {
    let text = "e\u{301}cole, Й and й, 한국\n";
    let (labelled, receipt) = label("a.txt", text);
    assert!(labelled.contains(text) && receipt.remarks.iter().any(|remark| remark.contains("form C")), "{receipt:?}");
    assert!(intact(&labelled));
    assert!(verify(&labelled).findings.iter().any(|finding| finding.text.contains("not in Unicode's form C")));
    let (plain, receipt) = label("a.txt", "école, Й\n");
    assert!(receipt.remarks.is_empty(), "{receipt:?}");
    // The same text as another program may hand it on.
    let respelled = plain.replace("école", "e\u{301}cole");
    assert!(respelled != plain && intact(&respelled));
}

/// What a program does to a text that it cleans up or makes searchable.
#[test]
fn what_cleaning_up_a_text_would_destroy_is_counted() {
    let said = |text: &str| {
        let report = verify(&label("a.txt", text).0);
        assert_eq!(report.verdict, Verdict::Valid);
        let count = |words: &str| {
            let found = report.findings.iter().find(|finding| finding.text.contains(words));
            found.map(|finding| finding.value.parse::<u32>().unwrap())
        };
        (count("form KC"), count("belong to the words"))
    };
    assert_eq!(said("Plain words, қарай соқты.\n"), (None, None));
    assert_eq!(said("10\u{a0}km², ﬁne\n"), (Some(3), None));
    assert_eq!(said("\u{feff}👩\u{200d}👩\u{200d}👧 می\u{200c}خواهم ☝\u{fe0f} 葛\u{e0100}\n"), (None, Some(6)));
    // It is so: after either the label no longer holds.
    let (labelled, _) = label("a.txt", "10\u{a0}km² 👩\u{200d}👧\n");
    for (from, to) in [("\u{a0}", " "), ("²", "2"), ("\u{200d}", "")] {
        assert_eq!(verify(&labelled.replacen(from, to, 1)).binding, Binding::Broken, "{from:?}");
    }
    // Without a manifest that stands in such characters nothing is lost that was there.
    let (beside, _) =
        label_with(&labeler().policy(Policy::kazakhstan().with_manifest_beside_text(true)), "a.txt", "km²\n").unwrap();
    assert!(!verify(&beside).findings.iter().any(|finding| finding.text.contains("form KC")));
}

#[test]
fn words_stand_at_the_end_as_well_where_they_are_asked_for() {
    let labeler = labeler().policy(Policy::kazakhstan().prose_notice(ProsePlace::FirstAndLast));
    for (name, text) in TEXTS {
        let (labelled, receipt) = label_with(&labeler, name, text).unwrap();
        assert!(receipt.written.unwrap().at_the_end && receipt.incomplete.is_empty());
        assert_eq!(labelled.matches(SENTENCE).count(), 2, "{name} {text}");
        let report = verify(&labelled);
        let places: Vec<_> = report.written.iter().map(|written| written.first).collect();
        assert_eq!((report.verdict, places), (Verdict::Valid, vec![true, false]), "{name} {labelled}");
    }
}

#[test]
fn labelling_again_keeps_one_notice_and_the_history() {
    let labeler = labeler();
    for (name, text) in TEXTS {
        let (once, _) = label(name, text);
        let (twice, receipt) = label_with(&labeler, name, &once).unwrap();
        let what = format!("{name} {text:?} {receipt:?}");
        assert!(receipt.written.unwrap().kept, "{what}");
        assert_eq!(twice.matches(SENTENCE).count(), 1, "{what}");
        let report = verify(&twice);
        assert_eq!((report.verdict, report.manifest.unwrap().manifests), (Verdict::Valid, 2), "{what}");
        let (thrice, _) = label_with(&labeler, name, &twice).unwrap();
        let visible =
            |text: &str| text.lines().filter(|line| !line.contains("C2PA MANIFEST")).map(str::len).sum::<usize>();
        if !name.ends_with("txt") {
            assert_eq!((visible(&twice), visible(&thrice)), (visible(&once), visible(&once)), "{what}");
        }
        // Another wording takes the place of ours.
        let english = labeler_in(&["en"]);
        let (other, receipt) = label_with(&english, name, &once).unwrap_or_else(|error| panic!("{what} {error}"));
        assert!(!other.contains(SENTENCE) && other.contains("AI GENERATED"), "{what} {receipt:?} {other:.300}");
        assert_eq!(verify(&other).verdict, Verdict::Valid, "{what}");
    }
}

fn labeler_in(languages: &[&str]) -> Labeler {
    labeler().policy(Policy::kazakhstan().languages(languages).unwrap())
}

#[test]
fn a_label_that_was_pasted_elsewhere_is_found_and_does_not_hold() {
    let (labelled, _) = label("a.txt", "The wind came over the steppe.\n");
    // As a whole: the same text.
    assert!(intact(&labelled));
    let pasted = format!("> Somebody wrote:\n{labelled}\nAnd I say no.\n");
    let report = verify(&pasted);
    assert_eq!((report.binding, report.signature, report.verdict), (Binding::Broken, Signature::Ok, Verdict::Tampered));
    assert!(report.findings.iter().any(|finding| finding.technique == Technique::Notice), "the words are still read");
    // Only what is seen: half a label.
    let cleaned = labelled[..wrapper(&labelled)].to_owned();
    let report = verify(&cleaned);
    assert_eq!((report.verdict, report.headline), (Verdict::UnsignedOnly, Headline::AiMadeDeclared));
    // The invisible half alone under another text.
    let stolen = format!("I wrote this myself.{}", &labelled[wrapper(&labelled)..]);
    assert_eq!(verify(&stolen).verdict, Verdict::Tampered);
}

#[test]
fn the_notice_is_read_in_every_language() {
    for language in tanba::Language::ALL {
        let (labelled, _) = label_with(&labeler_in(&[language.tag()]), "a.txt", "Text.\n").unwrap();
        let report = verify(&labelled[..wrapper(&labelled)]);
        let [written] = &report.written[..] else { panic!("{language:?}") };
        assert!(written.languages.contains(language), "{written:?}");
        assert_eq!(report.headline, Headline::AiMadeDeclared);
    }
}

#[test]
fn own_words_are_written_as_they_are_and_read_back() {
    let words = ["*Made* by <Acme> & \"Sons\" | _assistant_ #1", "Second line, with a comma"];
    let labeler = labeler().policy(Policy::kazakhstan().wording(words).unwrap().with_row_in_tables(true));
    for (name, text) in TEXTS.iter().chain(&[("a.csv", "a,b\n1,2\n")]) {
        let (labelled, receipt) = label_with(&labeler, name, text).unwrap();
        assert!(receipt.is_complete(), "{name} {receipt:?}");
        assert_eq!(verify(&labelled).verdict, Verdict::Valid, "{name}");
    }
    // Words that would end the comment they stand in cannot stand there.
    let labeler = self::labeler().policy(Policy::kazakhstan().wording(["a */ b -- c"]).unwrap());
    for name in ["a.css", "a.xml"] {
        let (labelled, receipt) = label_with(&labeler, name, "a { }\n").unwrap();
        assert!(!receipt.is_complete() && receipt.remarks.iter().any(|remark| remark.contains("end of a comment")));
        assert_eq!(verify(&labelled).binding, Binding::Intact, "{name}");
    }
}

#[test]
fn a_table_has_no_words_unless_they_are_asked_for() {
    let (labelled, receipt) = label("a.csv", "a,b\n1,2\n");
    assert!(labelled.starts_with("a,b\n1,2\n\u{feff}") && receipt.written.is_none());
    assert!(receipt.incomplete[0].starts_with("no notice: a line of words would be a row"), "{receipt:?}");
    assert!(intact(&labelled));
    let row = labeler().policy(Policy::kazakhstan().with_row_in_tables(true));
    let (labelled, receipt) = label_with(&row, "a.csv", "a,b\n1,2\n").unwrap();
    assert!(labelled.starts_with(&format!("{SENTENCE}\na,b\n")) && receipt.is_complete());
    // Between tabs a comma is a comma; words with a quotation mark are quoted.
    let text = "a\tb\r\n1\t2\r\n";
    let (labelled, receipt) = label("a.tsv", text);
    assert!(labelled.starts_with(&format!("{text}\u{feff}")) && receipt.written.is_none() && intact(&labelled));
    assert!(receipt.remarks.iter().any(|remark| remark.contains("one more row")), "{receipt:?}");
    for (words, cell) in [("Made by AI, all", "Made by AI, all"), ("Made by \"AI\"", "\"Made by \"\"AI\"\"\"")] {
        let own = labeler().policy(Policy::kazakhstan().wording([words]).unwrap().with_row_in_tables(true));
        let (labelled, receipt) = label_with(&own, "a.tsv", text).unwrap();
        assert!(labelled.starts_with(&format!("{cell}\r\n{text}")) && receipt.is_complete(), "{labelled:.80}");
        assert_eq!(verify(&labelled).verdict, Verdict::Valid, "{words}");
    }
}

#[test]
fn json_and_short_messages_have_their_manifest_beside_them() {
    let error = label_with(&labeler(), "a.json", "{\"a\": 1}").unwrap_err();
    assert!(error.to_string().contains("no comments"), "{error}");
    let beside = labeler().policy(Policy::kazakhstan().with_manifest_beside_text(true));
    for (name, text, words) in [("a.json", "{\"a\": 1}", false), ("", "[1, 2]\n", false), ("a.txt", "Hello!", true)] {
        let (labelled, receipt) = label_with(&beside, name, text).unwrap();
        let store = receipt.sidecar.as_ref().expect("a store");
        assert_eq!((receipt.written.is_some(), receipt.is_complete()), (words, words), "{name} {receipt:?}");
        assert!(labelled.ends_with(text) && labelled.len() < text.len() + 100);
        let verifier = Verifier::new().anchors(anchors());
        let report = verifier.verify_with_manifest(&mut Cursor::new(&labelled), store).unwrap();
        assert_eq!(report.verdict, Verdict::Valid, "{name} {report:#?}");
        let report = verifier.verify_with_manifest(&mut Cursor::new(labelled + " "), store).unwrap();
        assert_eq!(report.verdict, Verdict::Tampered, "{name}");
    }
}

#[test]
fn front_matter_takes_the_aigc_label_once() {
    let labeler = labeler().policy(Policy::of(tanba::Profile::Cn));
    for text in [
        "# Steppe\n",
        "---\ntitle: a\nAIGC:\n  Label: \"2\"\n  ProduceID: x\ndate: b\n---\nText\n",
        "---\r\ntitle: a\r\n---\r\nText\r\n",
        "+++\na = 1\n+++\nText",
        "+++\na = 1\n[AIGC]\nLabel = '2'\nProduceID = 'x'\n[b]\nc = 1\n+++\nText",
    ] {
        let (labelled, receipt) = label_with(&labeler, "a.md", text).unwrap();
        assert!(receipt.record && receipt.is_complete(), "{receipt:?}");
        assert_eq!(labelled.matches("AIGC").count(), 1, "{labelled:.400}");
        let report = verify(&labelled);
        let aigc: Vec<_> = report.findings.iter().filter(|finding| finding.technique == Technique::Aigc).collect();
        assert!(aigc.len() == 1 && aigc[0].value.contains(&receipt.id), "{aigc:?}");
        assert_eq!(report.verdict, Verdict::Valid);
        let (twice, _) = label_with(&labeler, "a.md", &labelled).unwrap();
        assert_eq!((twice.matches("AIGC").count(), verify(&twice).verdict), (1, Verdict::Valid));
    }
}

/// Prints the front matter of each file as JSON, read as the sites that are made of such files read it.
const FRONT: &str = r"
import json, re, sys
for path in sys.argv[1:]:
    text = open(path, encoding='utf-8').read()
    matter = re.split(r'(?m)^(?:---|\+\+\+)\s*$', text)[1]
    if text.startswith('+++'):
        import tomllib
        print(json.dumps(tomllib.loads(matter)))
    else:
        import yaml
        print(json.dumps(yaml.safe_load(matter)))
";

#[test]
fn programs_read_the_aigc_label_as_a_mapping_of_seven_strings() {
    let folder = tempfile::tempdir().unwrap();
    let disclosure = Disclosure::generated("Acme").provider("ТОО «Ақ» O'Hara: 100% # \"1\"");
    let labeler = Labeler::new(&disclosure, &signer()).policy(Policy::of(tanba::Profile::Cn));
    let texts = [
        ("plain", "tomllib", "+++\na = 1\n[b]\nc = 1\n+++\nText\n"),
        ("table", "tomllib", "+++\na = 1\n[AIGC]\nLabel = '2'\nProduceID = 'x'\n[b]\nc = 1\n+++\nText\n"),
        ("none", "yaml", "# Steppe\n"),
        ("yaml", "yaml", "---\na: 1\nb:\n  c: 1\n---\nText\n"),
        ("crlf", "yaml", "---\r\na: 1\r\nb:\r\n  c: 1\r\n---\r\nText\r\n"),
    ];
    let mut seen = 0;
    for (name, module, text) in texts {
        let (labelled, receipt) = label_with(&labeler, "a.md", text).unwrap();
        let path = folder.path().join(format!("{name}.md"));
        std::fs::write(&path, labelled).unwrap();
        let Some(printed) = common::python(module, FRONT, &[path.to_str().unwrap()]) else { continue };
        let mut front: serde_json::Value = serde_json::from_str(&printed).unwrap();
        let label = front.as_object_mut().unwrap().remove("AIGC").unwrap();
        let producer = label["ContentProducer"].as_str().unwrap().to_owned();
        assert!(producer.starts_with("%D0%A2") && producer.ends_with("O'Hara:%20100%25%20#%20%221%22"), "{producer}");
        let wanted = serde_json::json!({
            "Label": "1", "ContentProducer": producer, "ProduceID": receipt.id, "ReservedCode1": "",
            "ContentPropagator": producer, "PropagateID": receipt.id, "ReservedCode2": "",
        });
        assert_eq!(label, wanted, "{name}");
        let rest = if name == "none" { serde_json::json!({}) } else { serde_json::json!({ "a": 1, "b": { "c": 1 } }) };
        assert_eq!(front, rest, "{name}");
        seen += 1;
    }
    // Python reads TOML by itself.
    assert!(seen >= 2, "{seen}");
}

#[test]
fn a_manifest_that_is_long_for_a_text_is_said_and_the_ways_out_are_short() {
    let long = |receipt: &Receipt| {
        let said: Vec<_> = receipt.remarks.iter().filter(|remark| remark.contains("nobody sees")).collect();
        assert!(said.iter().all(|said| said.contains("in a file beside") && said.contains("reference")), "{said:?}");
        said.len() == 1
    };
    let labeler = labeler();
    let (mut text, mut grown) = ("The wind came.\n".to_owned(), Vec::new());
    for round in 0..4 {
        let (labelled, receipt) = label_with(&labeler, "a.txt", &text).unwrap();
        let len = labelled.len() - wrapper(&labelled);
        assert_eq!(long(&receipt), len > 12 * 1024, "{round}: {len} bytes, {receipt:?}");
        assert!(intact(&labelled), "{round}");
        grown.push(len);
        text = labelled;
    }
    assert!(grown[0] <= 12 * 1024 && grown[1] > 12 * 1024 && grown[3] > 40_000, "{grown:?}");
    // A key whose certificate and signatures are long.
    let request = IdentityRequest::new("Tanba tests", "RSA", time::macros::datetime!(2026-01-01 0:00 UTC));
    let identity = Identity::generate(&request.algorithm(Algorithm::Ps256).days(3650).seed([9; 32])).unwrap();
    let signer = Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap();
    let labeler = Labeler::new(&Disclosure::generated("Acme Writer"), &signer);
    for name in ["a.txt", "a.csv"] {
        let (labelled, receipt) = label_with(&labeler, name, "a,b\n").unwrap();
        let len = labelled.len() - wrapper(&labelled);
        assert_eq!(long(&receipt), len > 12 * 1024, "{name}: {len} bytes, {receipt:?}");
        // A table has no notice, of which the manifest would speak.
        assert_eq!(long(&receipt), name == "a.txt", "{name}: {len} bytes");
        assert!(
            name == "a.csv" || receipt.remarks.iter().any(|remark| remark.contains(&format!(" {len} bytes"))),
            "{receipt:?}"
        );
    }
    let (text, receipt) = labeler.label_text("Text.").unwrap();
    assert!(long(&receipt) && text.len() > 12 * 1024, "{receipt:?}");
    // The ways out.
    for policy in
        [Policy::kazakhstan().with_manifest_beside_text(true), Policy::kazakhstan().with_reference_in_text(true)]
    {
        let labeler = Labeler::new(&Disclosure::generated("Acme Writer"), &signer).policy(policy);
        let (labelled, receipt) = label_with(&labeler, "a.txt", "Text.\n").unwrap();
        assert!(labelled.len() < 200 && receipt.sidecar.is_some() && !long(&receipt), "{receipt:?}");
    }
}

#[test]
fn what_is_no_utf_8_is_refused_with_its_place() {
    let mut sink = Cursor::new(Vec::new());
    let mut bytes = vec![b'a'; 5000];
    bytes.push(0xff);
    let error = labeler().label(&mut Cursor::new(bytes), &mut sink).unwrap_err();
    assert!(matches!(error, tanba::Error::Malformed { at: 5000, .. }), "{error:?}");
}

#[test]
fn a_stream_of_tokens_is_labelled_as_the_whole_text_is() {
    let mut dice = Dice(0x746f_6b65_6e73);
    let ids = || uuid::Uuid::from_u128(0x6f1f_7a1e_0f9a_4c1e_9d0e_1b2a_3c4d_5e6f);
    let labeler = labeler().clock(|| time::macros::datetime!(2026-11-27 12:00 UTC)).ids(ids);
    for round in 0..30 {
        // The second half of a composition begins a piece of its own as often as not.
        let text = dice.text(300) + "e\u{301}\u{323}\u{1112}\u{1161}\u{11ab}";
        let mut stream = labeler.stream().unwrap();
        let mut sent = stream.start().to_owned();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let borders: Vec<_> = rest.char_indices().map(|(at, _)| at).skip(1).chain([rest.len()]).take(7).collect();
            let (piece, after) = rest.split_at(borders[dice.roll(borders.len())]);
            stream.push(piece).unwrap();
            sent += piece;
            rest = after;
        }
        let (end, receipt) = stream.finish().unwrap();
        sent += &end;
        assert!(receipt.is_complete() && receipt.bytes == sent.len() as u64, "{receipt:?}");
        assert!(intact(&sent), "{round} {text:?}");
        // All but the bytes of the manifest, in which the engine puts salt.
        for other in [label_with(&labeler, "a.txt", &text).unwrap().0, labeler.label_text(&text).unwrap().0] {
            let visible = |text: &str| (text[..wrapper(text)].to_owned(), text.len());
            assert_eq!(visible(&sent), visible(&other), "{round}");
        }
    }
}

#[test]
fn a_stream_takes_no_second_manifest_and_says_what_its_policy_leaves_out() {
    let (labelled, _) = label("a.txt", "Text.\n");
    let whole = labeler();
    let mut stream = whole.stream().unwrap();
    let error = labelled.chars().map(|character| stream.push(&character.to_string())).find_map(Result::err);
    assert!(error.expect("refused").to_string().contains("already"));
    // What only looks like one is text.
    let (text, _) = whole.label_text("a \u{feff}\u{e0133}\u{e0122} b").unwrap();
    assert!(intact(&text));
    let both = labeler().policy(Policy::kazakhstan().prose_notice(ProsePlace::FirstAndLast));
    let (text, receipt) = both.label_text("Text.").unwrap();
    assert!(receipt.written.unwrap().at_the_end && text.matches(SENTENCE).count() == 2 && intact(&text));
    let beside = labeler().policy(Policy::kazakhstan().with_manifest_beside_text(true));
    let (text, receipt) = beside.label_text("Text.").unwrap();
    assert_eq!(text, format!("{SENTENCE}\n\nText."));
    let store = receipt.sidecar.expect("a store");
    let report = Verifier::new().anchors(anchors()).verify_with_manifest(&mut Cursor::new(text), &store).unwrap();
    assert_eq!(report.verdict, Verdict::Valid);
    let silent = labeler().policy(Policy::kazakhstan().with_manifest(false));
    let (text, receipt) = silent.label_text("Text.").unwrap();
    assert!(text == format!("{SENTENCE}\n\nText.") && !receipt.is_complete() && receipt.is_as_asked());
}

#[test]
fn the_name_of_a_text_tells_what_bytes_were_meant_to_be() {
    let refused = |name: &str, bytes: &[u8]| {
        labeler().label_named(name, &mut Cursor::new(bytes), &mut Cursor::new(Vec::new())).unwrap_err()
    };
    for name in ["a.txt", "a.md", "a.html"] {
        let error = refused(name, b"caf\xe9 au lait");
        assert!(
            matches!(error, Error::Malformed { at: 3, .. }) && error.to_string().contains("iconv"),
            "{name}: {error}"
        );
    }
    // Under another name, or none, it may be anything.
    assert!(matches!(refused("a.bin", b"caf\xe9 au lait"), Error::UnknownFormat));
    assert!(matches!(refused("", b"caf\xe9 au lait"), Error::UnknownFormat));
}

#[test]
fn a_short_message_names_the_manifest_that_stands_beside_it() {
    let policy = || Policy::kazakhstan().languages(&["ru"]).unwrap().with_reference_in_text(true);
    let short = labeler().policy(policy());
    let verifier = Verifier::new().anchors(anchors());
    let with_store = |text: &str, receipt: &Receipt| {
        verifier.verify_with_manifest(&mut Cursor::new(text), receipt.sidecar.as_ref().unwrap()).unwrap()
    };
    let names = |report: &Report| {
        report.findings.iter().filter(|finding| finding.text.to_string().contains("names a C2PA manifest")).count()
    };
    for (name, text) in TEXTS {
        let (labelled, receipt) = label_with(&short, name, text).unwrap();
        let reference = receipt.reference.clone().unwrap();
        assert_eq!(reference, format!("urn:c2pa:{}", receipt.id), "{name}");
        // As long as what people read, no longer: a manifest takes thousands.
        let line = format!("Создано ИИ · {reference}");
        assert!(labelled.contains(&line) && labelled.len() < text.len() + line.len() + 40, "{name}: {labelled}");
        assert!(receipt.remarks.iter().any(|remark| remark.contains("only declared")), "{name}: {receipt:?}");
        // Alone it is a notice and a name, and proves nothing.
        let alone = verify(&labelled);
        assert!(alone.manifest.is_none() && names(&alone) == 1, "{name}: {alone:#?}");
        assert_eq!((alone.headline, alone.says), (Headline::AiMadeDeclared, Some(Statement::FullyAi)), "{name}");
        assert_eq!(alone.written[0].lines, ["Создано ИИ"], "{name}");
        // With the manifest it names it is whole.
        let report = with_store(&labelled, &receipt);
        assert_eq!((report.verdict, report.headline), (Verdict::Valid, Headline::AiMadeProven), "{name}: {report:#?}");
        assert_eq!(report.manifest.unwrap().label, reference, "{name}");
        // Labelled again it has another name, and one only; and a manifest inside needs none.
        let (again, second) = label_with(&short, name, &labelled).unwrap();
        assert!(!again.contains(&reference) && again.matches("urn:c2pa:").count() == 1, "{name}: {again}");
        assert_eq!(with_store(&again, &second).verdict, Verdict::Valid, "{name}");
        let (inside, third) = label_with(&labeler().policy(Policy::kazakhstan()), name, &labelled).unwrap();
        assert!(third.reference.is_none() && !inside.contains(&reference), "{name}: {inside}");
        assert_eq!(verify(&inside).verdict, Verdict::Valid, "{name}");
    }
    // Another's manifest, for the same words, is not the one that is named.
    let (text, receipt) = label_with(&short, "a.txt", "Ветер стих.").unwrap();
    let (other, strange) = label_with(&short, "a.txt", "Ветер стих.").unwrap();
    let report = with_store(&text.replace(&receipt.id, &strange.id), &receipt);
    assert!(report.verdict != Verdict::Valid && report.binding == Binding::Broken, "{report:#?}");
    let report = with_store(&text, &strange);
    assert!(report.findings.iter().any(|it| it.text.to_string().contains("names another manifest")), "{report:#?}");
    assert_ne!(text, other);
    // Pieces of an answer come out the same; where there is no notice, or no manifest, nothing is named.
    let (streamed, receipt) = short.label_text("Ветер стих.").unwrap();
    assert_eq!(
        streamed,
        text.replace(&text[text.find("urn").unwrap()..text.find('\n').unwrap()], &receipt.reference.unwrap())
    );
    for policy in [policy().with_notice(false), policy().with_manifest(false)] {
        let (text, receipt) = label_with(&labeler().policy(policy), "a.txt", "Ветер стих.").unwrap();
        assert!(receipt.reference.is_none() && !text.contains("urn:c2pa"), "{text}");
    }
}
