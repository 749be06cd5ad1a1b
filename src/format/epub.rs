//! EPUB 2 and 3: books.

use super::{
    Archive, Carries, Facts, Handler, HardBinding, Medium, Survey, TextField,
    package::{self, Package},
};
use crate::{Format, Result, container::zip, limits::Budget, stream::Source};

pub(super) struct Epub;

const FACTS: Facts = Facts {
    name: "EPUB",
    media_types: &["application/epub+zip"],
    extensions: &["epub"],
    medium: Medium::Text,
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Data,
    limitations: "Manifest and metadata only: not the words, nor the pictures inside.",
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

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let mut package = Package::open(source, Format::Epub, budget)?;
        package.survey.media_type = FACTS.media_types[0];
        // Of several renditions the first is the default: EPUB 3.3, 4.2.6.3.1.
        let mut root = None;
        package.leaves("META-INF/container.xml", budget, |_, leaf, _| {
            if leaf.name == "rootfile" && root.is_none() {
                root = leaf.get("full-path").map(str::to_owned);
            }
        })?;
        let Some(root) = root else {
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
        Ok(package.survey)
    }
}
