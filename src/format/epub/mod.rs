//! EPUB 2 and 3: books.

mod lines;
mod mark;

use std::collections::HashMap;

use super::{
    Archive, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey, TextField,
    package::{self, Package},
};
use crate::{Format, Result, container::zip, limits::Budget, stream::Source};

pub(super) struct Epub;

const FACTS: Facts = Facts {
    name: "EPUB",
    media_types: &["application/epub+zip"],
    extensions: &["epub"],
    medium: Medium::Text,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Collection,
    limitations: "The notice stands on the first page of the spine. Signed and encrypted books are refused. Pictures inside are not looked at.",
};

impl Handler for Epub {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    /// The media type stands first, uncompressed: EPUB 3.3, 4.2.7.3.
    fn sniff(&self, head: &[u8]) -> bool {
        zip::first(head, b"mimetype").is_some_and(|kind| kind.trim_ascii() == FACTS.media_types[0].as_bytes())
    }

    fn archive(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Option<Archive>> {
        package::archive(source, Format::Epub, budget)
    }

    fn ends(&self) -> bool {
        false
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let mut package = Package::open(source, Format::Epub, budget)?;
        package.survey.media_type = FACTS.media_types[0];
        let Some(Book { root, first, .. }) = book(&mut package, budget)? else {
            package
                .survey
                .unread
                .push("the book's metadata: META-INF/container.xml does not say where they are".into());
            return Ok(package.survey);
        };
        package.leaves(&root, budget, |survey, leaf, _| match leaf.name.as_str() {
            // EPUB 3 has a property and its text, EPUB 2 a name and its content.
            "meta" => match (leaf.get("property"), leaf.get("name"), leaf.get("content")) {
                (Some(property), ..) => {
                    let key = property.to_owned();
                    leaf.field(key, survey);
                }
                (None, Some(name), Some(value)) => {
                    let (key, value) = (name.to_owned(), value.to_owned());
                    survey.texts.push(TextField { place: leaf.place, key, value });
                }
                _ => {}
            },
            "creator" | "contributor" | "publisher" | "title" | "description" | "rights" | "source" | "subject" => {
                let key = leaf.name.clone();
                leaf.field(key, survey);
            }
            _ => {}
        })?;
        if let Some(page) = first
            && let Some(text) = package.head(&page, budget)?
        {
            package.survey.lines = lines::of(&text, &page, budget);
        }
        Ok(package.survey)
    }

    fn members(
        &self,
        source: &mut dyn Source,
        _survey: &Survey,
        label: &Label,
        budget: &mut Budget,
    ) -> Result<Vec<String>> {
        let (package, changes, _) = mark::change(source, label, budget)?;
        Ok(package.names(&changes))
    }

    fn mark(&self, source: &mut dyn Source, _survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let (package, changes, marked) = mark::change(source, label, budget)?;
        package.patch(changes, label, marked, budget)
    }
}

/// Where the parts of a book stand.
struct Book {
    /// The package document.
    root: String,
    /// The first page of text in the reading order.
    first: Option<String>,
    /// EPUB 3.
    third: bool,
    /// Its pages have a fixed size.
    fixed: bool,
}

/// Of several renditions the first is the default: EPUB 3.3, 4.2.6.3.1.
fn book(package: &mut Package, budget: &mut Budget) -> Result<Option<Book>> {
    let mut root = None;
    package.leaves("META-INF/container.xml", budget, |_, leaf, _| {
        if leaf.name == "rootfile" && root.is_none() {
            root = leaf.get("full-path").map(str::to_owned);
        }
    })?;
    let Some(root) = root else { return Ok(None) };
    let (mut items, mut spine, mut third, mut fixed) = (Vec::new(), Vec::new(), true, false);
    // Looked at here for the order alone: what cannot be read is said where the metadata are.
    let said = package.survey.unread.len();
    package.leaves(&root, budget, |_, leaf, _| match leaf.name.as_str() {
        "item" => {
            let of = |name| leaf.get(name).unwrap_or_default().to_owned();
            if of("media-type") == "application/xhtml+xml" {
                items.push((of("id"), of("href")));
            }
        }
        "itemref" if leaf.get("linear") != Some("no") => spine.extend(leaf.get("idref").map(str::to_owned)),
        "package" => third = leaf.get("version").is_none_or(|version| !version.starts_with(['1', '2'])),
        "meta" if leaf.get("property") == Some("rendition:layout") => fixed = leaf.text.trim() == "pre-paginated",
        _ => {}
    })?;
    package.survey.unread.truncate(said);
    let items: HashMap<_, _> = items.iter().map(|(id, href)| (id.as_str(), href.as_str())).collect();
    let first = spine.iter().find_map(|id| items.get(id.as_str())).map(|href| resolve(&root, href));
    Ok(Some(Book { root, first, third, fixed }))
}

/// The name of the part that the package document calls so: a URL, with escapes (RFC 3986, 2.1).
fn resolve(root: &str, href: &str) -> String {
    let path = href.split(['#', '?']).next().unwrap_or_default();
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let code = (byte == b'%').then(|| std::str::from_utf8(behind.get(..2)?).ok()).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                bytes.push(code);
                rest = &behind[2..];
            }
            None => {
                bytes.push(byte);
                rest = behind;
            }
        }
    }
    let mut steps: Vec<_> = root.split('/').collect();
    steps.pop();
    let path = String::from_utf8_lossy(&bytes).into_owned();
    for step in path.split('/') {
        match step {
            ".." => drop(steps.pop()),
            "." | "" => {}
            step => steps.push(step),
        }
    }
    steps.join("/")
}
