//! Imports run one way (architecture, "Rooms"), the engine is named in one folder, and files stay small.

use std::{fs, path::Path};

/// A room may not name these.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "policy",
        &["notice", "record", "manifest", "container", "patch", "stream", "labeler", "verifier", "files", "ffmpeg"],
    ),
    (
        "notice",
        &["format", "record", "manifest", "container", "patch", "stream", "labeler", "verifier", "files", "ffmpeg"],
    ),
    ("record", &["manifest", "notice", "patch", "labeler", "verifier", "files", "ffmpeg"]),
    ("container", &["policy", "notice", "record", "manifest", "labeler", "verifier", "files", "ffmpeg"]),
    ("patch.rs", &["policy", "notice", "record", "manifest", "container", "labeler", "verifier", "files", "ffmpeg"]),
    (
        "stream.rs",
        &["policy", "notice", "record", "manifest", "container", "patch", "labeler", "verifier", "files", "ffmpeg"],
    ),
    (
        "geometry.rs",
        &["policy", "notice", "record", "manifest", "container", "patch", "labeler", "verifier", "files", "ffmpeg"],
    ),
    ("format", &["manifest", "labeler", "verifier", "files", "report", "ffmpeg"]),
    ("manifest", &["notice", "container", "labeler", "verifier", "files", "ffmpeg"]),
    ("report", &["container", "patch", "labeler", "verifier", "files", "ffmpeg"]),
    ("ffmpeg", &["policy", "record", "manifest", "container", "patch", "labeler", "verifier", "files", "report"]),
];

/// Format files that only `format/` and the pipelines may know; the enum `Format` and its survey are vocabulary.
const FORMATS: &[&str] = &[
    "jpeg",
    "png",
    "gif",
    "webp",
    "tiff",
    "avif",
    "heif",
    "jxl",
    "svg",
    "wav",
    "avi",
    "m4a",
    "mov",
    "mp4",
    "matroska",
    "ogg",
    "flac",
    "aac",
    "mp3",
    "movie",
    "tags",
    "sidecar",
    "pdf",
    "ooxml",
    "opendocument",
    "epub",
    "html",
    "subtitles",
    "text",
    "package",
];

/// Every Rust file under `src/`, with its path from there.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, root: &Path, into: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                into.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &root, &mut files);
    files.sort();
    assert!(files.len() > 30, "only {} files seen", files.len());
    files
}

/// The part of a file that is compiled into the library: what stands before its tests, without comments. The medium is
/// vocabulary of every room, wherever it is declared; `format::testing` is there in tests only.
fn code(text: &str) -> String {
    let text = text.replace("format::Medium", "Medium").replace("format::testing", "testing");
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// First names of paths that start with `crate::`, grouped imports too.
fn imports(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            names.extend(top_level(group));
        } else {
            names.push(first_name(rest));
        }
    }
    names
}

/// The first names of the items of a group, up to its closing brace.
fn top_level(group: &str) -> Vec<String> {
    let (mut depth, mut item, mut names) = (0, String::new(), Vec::new());
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(first_name(std::mem::take(&mut item).trim())),
            _ => {}
        }
        if depth == 0 && character != ',' {
            item.push(character);
        }
    }
    names.push(first_name(item.trim()));
    names
}

fn first_name(path: &str) -> String {
    path.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

#[test]
fn imports_run_one_way() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let room = name.split('/').next().unwrap();
        let Some((_, forbidden)) = FORBIDDEN.iter().find(|(of, _)| *of == room) else { continue };
        for import in imports(&code(&text)) {
            if forbidden.contains(&import.as_str()) {
                wrong.push(format!("src/{name} names crate::{import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_the_list_of_formats_knows_their_files() {
    for (name, text) in sources() {
        if name.starts_with("format/") {
            continue;
        }
        for format in FORMATS {
            let path = format!("format::{format}::");
            assert!(!code(&text).contains(&path), "src/{name} names {path}");
        }
    }
}

#[test]
fn the_engine_is_named_in_one_folder() {
    let mut seen = 0;
    for (name, text) in sources() {
        let named = code(&text).contains("c2pa::");
        assert!(!named || name.starts_with("manifest/"), "src/{name} names the c2pa crate");
        seen += usize::from(named);
    }
    assert!(seen > 0, "nothing names the c2pa crate: this test looks for the wrong thing");
}

#[test]
fn the_command_line_uses_the_public_api_only() {
    for (name, text) in sources() {
        if name.starts_with("cli/") || name == "main.rs" {
            assert!(!text.contains("c2pa::") && !text.contains("use crate::"), "src/{name} reaches behind the library");
        }
    }
}

#[test]
fn the_parser_of_imports_sees_groups() {
    let code =
        "use crate::{\n    Error, format::{Label, Survey},\n    stream::Source,\n};\nlet x = crate::patch::fill();";
    assert_eq!(imports(code), ["Error", "format", "stream", "", "patch"]);
}

/// `fuzz/` is a workspace of its own, which nothing here builds: its files are read as text.
#[test]
fn every_format_is_fuzzed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let mut targets = String::new();
    for entry in fs::read_dir(folder.join("targets")).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|extension| extension == "rs") {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            assert!(
                manifest.contains(&format!("path = \"targets/{name}\"")),
                "fuzz/Cargo.toml has no target for {name}"
            );
            targets += &code(&fs::read_to_string(entry).unwrap());
        }
    }
    for format in tanba::Format::ALL {
        let name = format!("Format::{format:?}");
        let named = targets.match_indices(&name).any(|(at, _)| {
            let next = targets[at + name.len()..].chars().next();
            next.is_some_and(|next| !next.is_alphanumeric())
        });
        assert!(named, "no target of fuzz/ takes {name}");
    }
}
