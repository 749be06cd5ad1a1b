//! The report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere, nothing to fetch.

mod chain;
mod escape;
mod section;
mod summary;

use std::fmt::Write as _;

use escape::{bdi, text};
use section::Section;

use super::{
    Headline, Report, ReportLanguage, SCHEMA, Thumbnail, say,
    words::{self, key},
};

/// Forbids everything that this page does not need: an injected script or address would do nothing.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Reports on files as one HTML page for people: it can be mailed, printed and kept.
///
/// Everything in it that comes from files is escaped, and the page fetches nothing. It is held in memory until it is
/// rendered: about 10 KB for each file, and its thumbnail.
///
/// ```
/// use tanba::{HtmlReport, ReportLanguage, Verifier};
/// let verifier = Verifier::new();
/// let mut file = std::io::Cursor::new(std::fs::read("fixtures/photo.jpg")?);
/// let report = verifier.verify(&mut file)?;
/// let thumbnail = verifier.thumbnail(&mut file, HtmlReport::THUMBNAIL)?;
/// let page = HtmlReport::new(ReportLanguage::Kk).add("photo.jpg", &report, thumbnail.as_ref()).render();
/// assert!(page.contains("ЖИ таңбасы табылмады"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct HtmlReport {
    language: ReportLanguage,
    files: Vec<Entry>,
    /// The time at which certificates were judged, of the first report.
    evaluated_at: Option<String>,
}

/// What the summary says of a file, and its section.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    headline: Headline,
    /// The headline in words.
    words: &'static str,
    system: Option<String>,
    section: String,
}

impl HtmlReport {
    /// The longest side of a thumbnail that the page has room for, in pixels.
    pub const THUMBNAIL: u32 = 320;

    /// A page without files.
    pub fn new(language: ReportLanguage) -> Self {
        Self { language, files: Vec::new(), evaluated_at: None }
    }

    /// Adds the report on a file that people know as `name`.
    pub fn add(&mut self, name: &str, report: &Report, thumbnail: Option<&Thumbnail>) -> &mut Self {
        let id = self.files.len() + 1;
        let section = Section { language: self.language, id, name, report, thumbnail }.render();
        self.evaluated_at.get_or_insert_with(|| report.evaluated_at.clone());
        let system = report.provenance.system.clone();
        let words = words::headline(report, self.language);
        self.files.push(Entry { name: name.to_owned(), headline: report.headline, words, system, section });
        self
    }

    /// Adds a file that could not be examined, and why.
    pub fn add_unexamined(&mut self, name: &str, why: &str) -> &mut Self {
        let section = section::unexamined(self.language, self.files.len() + 1, name, why);
        let headline = Headline::NotChecked;
        let words = self.language.headline(headline);
        self.files.push(Entry { name: name.to_owned(), headline, words, system: None, section });
        self
    }

    /// The page.
    pub fn render(&self) -> String {
        let language = self.language;
        let title = language.word(key!("Report on AI labels"));
        let mut page = String::new();
        let of = match self.files.as_slice() {
            [one] => format!(": {}", text(&one.name)),
            _ => String::new(),
        };
        let _ = write!(
            page,
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"robots\" content=\"noindex\">\n\
             <title>{title}{of}</title>\n<style>\n{}</style>\n</head>\n<body>\n<header class=\"page\">\n<h1 id=\"top\">{title}</h1>\n",
            language.tag(),
            include_str!("style.css"),
        );
        if let Some(at) = &self.evaluated_at {
            let day = language.say(&say!("Checked on {}", words::date(at, language)));
            let _ = writeln!(page, "<p class=\"quiet\">{}</p>", text(&day));
        }
        page.push_str("</header>\n<main>\n");
        if self.files.len() != 1 {
            page.push_str(&summary::summary(language, &self.files));
        }
        for file in &self.files {
            page.push_str(&file.section);
            if self.files.len() > 1 {
                let back = language.word(key!("To the list of files"));
                let _ = writeln!(page, "<p class=\"back\"><a href=\"#top\">{back}</a></p>");
            }
        }
        page.push_str("</main>\n<footer class=\"quiet\">\n");
        let mut facts = vec![format!("tanba {}", env!("CARGO_PKG_VERSION"))];
        facts.extend(self.evaluated_at.as_ref().map(|at| language.say(&say!("certificates judged as of {}", at))));
        facts.push(format!("{}: {SCHEMA}", language.word(key!("form of the report"))));
        let _ = writeln!(page, "<p>{}</p>\n</footer>\n</body>\n</html>", text(&facts.join(" · ")));
        page
    }
}

/// The name of a headline in style sheets.
fn class(headline: Headline) -> &'static str {
    match headline {
        Headline::AiMadeProven => "proven",
        Headline::AiMadeDeclared => "declared",
        Headline::Broken => "broken",
        Headline::NoLabel => "none",
        Headline::NotChecked => "unchecked",
    }
}

/// A picture for each headline that can be told from the others without colour.
fn icon(headline: Headline) -> String {
    let shapes = match headline {
        // A seal.
        Headline::AiMadeProven => {
            "<circle cx=\"12\" cy=\"9\" r=\"6\"/><path d=\"M8 14l-2 8 6-3 6 3-2-8M9.5 9l2 2 3.5-4\"/>"
        }
        // Somebody says so.
        Headline::AiMadeDeclared => "<path d=\"M3 4h18v12H11l-5 5v-5H3zM7.5 8.5h9M7.5 12h6\"/>",
        // A warning.
        Headline::Broken => "<path d=\"M12 3L2 21h20zM12 10v5M12 18v.5\"/>",
        // An empty label.
        Headline::NoLabel => {
            "<path stroke-dasharray=\"3 2.4\" d=\"M3 12l7-8h11v16H10z\"/><circle cx=\"11\" cy=\"12\" r=\".8\"/>"
        }
        // Not open to the eye.
        Headline::NotChecked => "<circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M5.6 18.4L18.4 5.6\"/>",
    };
    format!("<svg class=\"icon\" viewBox=\"0 0 24 24\" aria-hidden=\"true\">{shapes}</svg>")
}

/// The headline as a coloured band, with its picture.
fn band(headline: Headline, words: &str) -> String {
    format!("<p class=\"band {}\">{}<strong>{}</strong></p>\n", class(headline), icon(headline), words)
}

/// A heading of a part of a section.
fn heading(language: ReportLanguage, title: &str) -> String {
    format!("<h3>{}</h3>\n", language.word(title))
}

/// A list of sentences.
fn list<'a>(class: &str, lines: impl IntoIterator<Item = &'a String>) -> String {
    let items: String = lines.into_iter().map(|line| format!("<li>{}</li>\n", bdi(line))).collect();
    format!("<ul class=\"{class}\">\n{items}</ul>\n")
}
