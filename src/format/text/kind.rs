//! What a text is written in, and how a comment is written there. Told by the name of the file, or else by its first characters.

use serde::de::IgnoredAny;

/// What stands around a comment of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// CSV and TSV; with what stands between two cells.
    Table(char),
    Markdown,
    Xml,
    /// JSON, which has no comments.
    Json,
    /// Source code, settings, and whatever else has comments of one line.
    Code(Comment),
}

const HASH: Comment = Comment { open: "# ", close: "" };
const SLASHES: Comment = Comment { open: "// ", close: "" };
const DASHES: Comment = Comment { open: "-- ", close: "" };
const SEMICOLON: Comment = Comment { open: "; ", close: "" };
const PERCENT: Comment = Comment { open: "% ", close: "" };
const STAR: Comment = Comment { open: "/* ", close: " */" };

/// Comments by extension, or by the whole name where that is what tells.
const COMMENTS: &[(Comment, &[&str])] = &[
    (
        HASH,
        &[
            "py",
            "pyi",
            "pyw",
            "rb",
            "sh",
            "bash",
            "zsh",
            "fish",
            "pl",
            "pm",
            "r",
            "jl",
            "nim",
            "yaml",
            "yml",
            "toml",
            "conf",
            "cfg",
            "properties",
            "cmake",
            "mk",
            "makefile",
            "dockerfile",
            "tcl",
            "ps1",
            "ex",
            "exs",
            "tf",
            "graphql",
            "gql",
            "awk",
            "sed",
            "nix",
            "gitignore",
            "env",
        ],
    ),
    (
        SLASHES,
        &[
            "rs", "c", "h", "cc", "cpp", "cxx", "hpp", "hh", "java", "js", "mjs", "cjs", "jsx", "ts", "tsx", "go",
            "swift", "kt", "kts", "scala", "dart", "cs", "fs", "zig", "groovy", "gradle", "proto", "json5", "jsonc",
            "scss", "less", "sol", "v", "sv", "m", "mm",
        ],
    ),
    (DASHES, &["sql", "lua", "hs", "elm", "adb", "ads", "vhd", "vhdl"]),
    (SEMICOLON, &["ini", "lisp", "el", "clj", "cljs", "scm", "rkt", "asm", "s"]),
    (PERCENT, &["tex", "sty", "cls", "bib", "erl", "hrl"]),
    (STAR, &["css"]),
];

impl Kind {
    pub(super) fn of(text: &str, extension: Option<&str>) -> Self {
        let extension = extension.unwrap_or_default();
        if let Some((comment, _)) = COMMENTS.iter().find(|(_, names)| names.contains(&extension)) {
            return Self::Code(*comment);
        }
        let start = text.trim_start_matches('\u{feff}');
        match extension {
            "txt" | "text" => Self::Plain,
            "csv" => Self::Table(','),
            "tsv" | "tab" => Self::Table('\t'),
            "md" | "markdown" => Self::Markdown,
            "xml" | "xsd" | "xsl" | "xslt" | "rss" | "atom" | "plist" | "gpx" | "kml" => Self::Xml,
            "json" | "geojson" | "ipynb" | "webmanifest" | "jsonl" | "ndjson" => Self::Json,
            _ if super::front::matter(text).is_some() => Self::Markdown,
            _ if start.starts_with("<?xml") => Self::Xml,
            _ if start.starts_with("#!") => Self::Code(interpreter(start)),
            _ if is_json(start) => Self::Json,
            _ => Self::Plain,
        }
    }

    /// The media type, where it is another than the content alone tells.
    pub(super) fn media_type(extension: &str) -> Option<&'static str> {
        Some(match extension {
            "csv" => "text/csv",
            "tsv" | "tab" => "text/tab-separated-values",
            "md" | "markdown" => "text/markdown",
            "yaml" | "yml" => "application/yaml",
            "toml" => "application/toml",
            "css" => "text/css",
            "js" | "mjs" | "cjs" => "text/javascript",
            "tex" => "application/x-tex",
            "json" | "geojson" => "application/json",
            "xml" => "application/xml",
            _ => return None,
        })
    }
}

/// The comments of the language that the first line of a script names.
fn interpreter(text: &str) -> Comment {
    let line = text.lines().next().unwrap_or_default();
    let name =
        line.trim_start_matches("#!").split(['/', ' ', '\t']).rfind(|word| !word.is_empty() && !word.starts_with('-'));
    match name.unwrap_or_default() {
        "node" | "deno" | "bun" | "swift" | "rust-script" | "scala" | "groovy" => SLASHES,
        "lua" | "runghc" | "runhaskell" => DASHES,
        "sbcl" | "guile" | "racket" => SEMICOLON,
        "escript" => PERCENT,
        _ => HASH,
    }
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_and_else_the_start() {
        let of = |text, name: &str| Kind::of(text, Some(name).filter(|name| !name.is_empty()));
        for (text, name, kind) in [
            ("a,b\n", "csv", Kind::Table(',')),
            ("a,b\n", "", Kind::Plain),
            ("# Title\n", "md", Kind::Markdown),
            ("---\ntitle: a\n---\nText", "", Kind::Markdown),
            ("---\ntitle: a\n---\nText", "yaml", Kind::Code(HASH)),
            ("---\ntitle: a\n---\nText", "txt", Kind::Plain),
            ("fn main() {}", "rs", Kind::Code(SLASHES)),
            ("#!/usr/bin/env python3\n", "", Kind::Code(HASH)),
            ("#!/usr/bin/env -S node --harmony\n", "", Kind::Code(SLASHES)),
            ("#!/usr/bin/node\n", "", Kind::Code(SLASHES)),
            ("\u{feff}<?xml version=\"1.0\"?><a/>", "", Kind::Xml),
            ("{\"a\": [1]}", "", Kind::Json),
            ("[1] A footnote, not JSON", "", Kind::Plain),
            ("{\"a\": [1]}", "txt", Kind::Plain),
            ("a { }", "css", Kind::Code(STAR)),
        ] {
            assert_eq!(of(text, name), kind, "{text} {name}");
        }
    }
}
