//! Every sentence that a report can say has its translations.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{ReportLanguage, kk, ru, table::Table};
use crate::{
    Verifier,
    report::{Report, Said, said::Hole},
};

const TABLES: [(&str, &[Table]); 2] = [("ru", ru::TABLES), ("kk", kk::TABLES)];

/// Sentences under `record/` and `manifest/` that no report says: those of errors and of other commands.
const NOT_OF_REPORTS: &[&str] = &[
    // What others write, and we look for.
    "AI generated image",
    "Black Forest Labs",
    "ByteDance Volcano Engine",
    "Edited with Google AI",
    "Made with Google AI",
    "NovelAI generated image",
    "Samsung Galaxy AI",
    "Stable Diffusion ",
    "Stable Diffusion XL",
    "beijing volcano engine",
    "bing image creator",
    "black forest labs",
    "made with suno",
    "made with suno studio",
    "xai grok imagine",
    // A place, which stays as it is.
    "EXIF LearningOptOutIn in {}",
];

/// Files of `manifest/` whose sentences stand in errors, not in findings.
const NOT_JUDGING: &[&str] = &[
    "claim.rs",
    "certificate.rs",
    "doctor.rs",
    "draft.rs",
    "identity.rs",
    "key.rs",
    "signer.rs",
    "template.rs",
    "trust.rs",
    "verify.rs",
];

/// A sentence has a letter outside its holes that is not the same in every language.
fn has_words(template: &str) -> bool {
    template.replace("{}", "").chars().any(char::is_alphabetic)
}

/// Fails with the rows that a table lacks, ready to be pasted into it.
#[track_caller]
fn complete<'a>(wanted: impl IntoIterator<Item = &'a str>, seen: usize) {
    let wanted: BTreeSet<&str> = wanted.into_iter().filter(|template| has_words(template)).collect();
    assert!(wanted.len() >= seen, "only {} sentences seen", wanted.len());
    let mut missing = String::new();
    for (name, tables) in TABLES {
        let table: Vec<_> = tables.iter().copied().flatten().collect();
        let rows = wanted.iter().filter(|template| !table.iter().any(|(key, _)| key == *template));
        let rows: String = rows.map(|template| format!("    ({template:?}, \"\"),\n")).collect();
        if !rows.is_empty() {
            missing.push_str(&format!("missing in src/report/words/{name}.rs or {name}/findings.rs:\n{rows}"));
        }
    }
    assert!(missing.is_empty(), "\n{missing}");
}

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, into),
                false => into.push(path),
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    let rust = paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let text = rust.map(|path| {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        (name, code(&fs::read_to_string(path).unwrap()))
    });
    text.filter(|(name, _)| !name.contains("tests")).collect()
}

/// What is compiled into the library: no tests, no comments.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The string literals of `code`, each with the code before it.
fn literals(code: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let bytes = code.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            // A quotation mark as a character, and raw strings, which hold no sentences here.
            b'\'' if code[at..].starts_with("'\"'") => at += 3,
            b'r' if code[at..].starts_with("r#\"") => at += code[at + 3..].find("\"#").unwrap() + 5,
            b'"' => {
                let start = at;
                at += 1;
                while bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
                // What Rust unescapes in a literal, JSON does too; but for line continuations and `\u{…}`.
                if let Ok(text) = serde_json::from_str(&code[start..at]) {
                    found.push((code[..start].trim_end(), text));
                }
            }
            _ => at += 1,
        }
    }
    found
}

#[test]
fn every_sentence_of_the_code_is_translated() {
    let sources = sources();
    let marked = sources.iter().flat_map(|(_, code)| literals(code));
    let marked = marked.filter(|(before, _)| before.ends_with("say!(") || before.ends_with("key!("));
    let marked: Vec<String> = marked.map(|(_, text)| text).collect();
    complete(marked.iter().map(String::as_str), 200);
}

/// Findings may have their sentences as plain literals, or put together with `format!`: those look like sentences.
#[test]
fn every_sentence_that_is_no_template_is_translated() {
    let mut found = BTreeSet::new();
    for (name, code) in sources() {
        let judges = ["record/", "manifest/", "policy/rules.rs", "report/profile.rs"];
        let judges = judges.iter().any(|room| name.starts_with(room));
        if !judges || NOT_JUDGING.iter().any(|file| name.ends_with(file)) {
            continue;
        }
        for (_, text) in literals(&code) {
            let words = text.split(' ').filter(|word| word.chars().all(char::is_alphabetic)).count();
            if words >= 3 && text.is_ascii() && !text.contains(['<', '"']) && !NOT_OF_REPORTS.contains(&text.as_str()) {
                found.insert(holes_unnamed(&text));
            }
        }
    }
    complete(found.iter().map(String::as_str), 40);
}

/// `"{why:?} at {at}"` → `"{} at {}"`.
fn holes_unnamed(text: &str) -> String {
    let mut parts = text.split('{');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + "{}" + part.split_once('}').map_or("", |(_, rest)| rest))
}

/// What stands under `fixtures/` and, where it is, in the corpus, examined for real.
fn reports() -> Vec<(PathBuf, Report)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let below = fs::read_dir(&fixtures).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut folders: Vec<_> = below.chain([fixtures.clone()]).collect();
    match std::env::var_os("TANBA_CORPUS") {
        Some(corpus) => folders.extend(["wild", "labelled"].map(|folder| Path::new(&corpus).join(folder))),
        None => {
            assert!(std::env::var_os("CI").is_none(), "the corpus must be there in CI");
            eprintln!("skipped: no corpus (set TANBA_CORPUS)");
        }
    }
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    // The notice is looked for elsewhere: here it would cost the time of all the rest.
    let verifier = Verifier::new().look_for_notice(false);
    let report = |path: PathBuf| Some((path.clone(), verifier.verify_file(&path).ok()?));
    files.filter(|path| path.is_file()).filter_map(report).collect()
}

#[test]
fn what_real_files_say_is_translated() {
    let reports = reports();
    assert!(reports.len() > 20, "{} files", reports.len());
    let mut wanted = BTreeSet::new();
    for (path, report) in &reports {
        for finding in &report.findings {
            collect(&finding.said, path, &mut wanted);
        }
        report.unexamined.iter().for_each(|said| collect(said, path, &mut wanted));
    }
    complete(wanted.iter().map(String::as_str), 8);
    for (path, report) in &reports {
        says_the_same_when_read_back(path, report);
    }
}

/// The templates of a sentence, and of the sentences in its holes; a text without template stands for itself, unless it is
/// recognised in every language.
fn collect(said: &Said, path: &Path, into: &mut BTreeSet<String>) {
    match &said.plain {
        Some(plain) => {
            let known = [ReportLanguage::Ru, ReportLanguage::Kk];
            if known.iter().any(|language| language.translate(plain) == *plain) {
                eprintln!("no template in {}: {plain}", path.display());
                into.insert(plain.clone());
            }
        }
        None => drop(into.insert(said.template.to_owned())),
    }
    for hole in &said.holes {
        if let Hole::Said(said) = hole {
            collect(said, path, into);
        }
    }
}

fn says_the_same_when_read_back(path: &Path, report: &Report) {
    let json = serde_json::to_string(report).unwrap();
    let back: Report = serde_json::from_str(&json).unwrap();
    for language in ReportLanguage::ALL {
        assert_eq!(report.explain(*language), back.explain(*language), "{}", path.display());
    }
}

#[test]
fn translations_keep_the_holes_and_judge_nobody() {
    for (name, tables) in TABLES {
        let mut keys = BTreeSet::new();
        for (key, word) in tables.iter().copied().flatten() {
            assert!(keys.insert(key), "{name}: {key:?} stands there twice");
            assert!(!word.trim().is_empty(), "{name}: {key:?} has no translation");
            let mut named: Vec<_> = (0..9).filter(|hole| word.contains(&format!("{{{hole}}}"))).collect();
            named.dedup();
            let holes = word.matches("{}").count() + named.len();
            assert_eq!(holes, key.matches("{}").count(), "{name}: {word:?}");
            let text = word.to_lowercase();
            for banned in
                ["authentic", "human-made", "compliant", "подлинн", "түпнұсқа", "соответствует закону", "заңға сай"]
            {
                assert!(!text.contains(banned), "{name}: {word:?}");
            }
            // Letters of another alphabet that look the same, and a word left in English.
            let latin = |part: &str| part.chars().any(|letter| letter.is_ascii_alphabetic());
            let cyrillic = |part: &str| part.chars().any(|letter| ('\u{400}'..'\u{530}').contains(&letter));
            for part in word.split(|letter: char| !letter.is_alphanumeric()) {
                assert!(!(latin(part) && cyrillic(part)), "{name}: {part:?} in {word:?} mixes alphabets");
            }
        }
    }
}

/// The readers of formats say what they did not read in sentences of their own, without holes: they are known again by their
/// templates.
#[test]
fn what_was_not_read_is_said_in_every_language() {
    let said = [
        "title in the Vorbis comments was not read: 70000 bytes are too long for a text",
        "the ID3v2 tag was not read to its end: at byte 20, the frame is cut off",
        "the data chunk at byte 36 says 100 bytes, and the file ends after 20 of them; the rest is missing",
        "the PDF is encrypted: nothing in it was read",
        "the file was walked up to byte 900 only: a box of 3 bytes",
        "no element can be read at byte 77; what follows was not read",
    ];
    for language in [ReportLanguage::Ru, ReportLanguage::Kk] {
        for sentence in said {
            let translated = language.translate(sentence);
            assert!(translated != sentence && !translated.contains("not read"), "{language:?}: {translated}");
        }
    }
}
