//! The record as user-defined metadata (OpenDocument 1.3 part 3, 4.3.2.18).

use std::ops::ControlFlow;

use super::space;
use crate::{
    Result,
    container::xml::escape,
    format::package::{Changes, Package, Step, scan},
    limits::Budget,
    record::{self, Record},
};

const META: &str = "meta.xml";
const MANIFEST: &str = "META-INF/manifest.xml";

pub(super) fn write(package: &mut Package, changes: &mut Changes, record: &Record, budget: &mut Budget) -> Result<()> {
    if !package.has(META) {
        let office = space("office");
        let content = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document-meta xmlns:office=\"{office}\" office:version=\"1.3\">\
             <office:meta>{}</office:meta></office:document-meta>",
            fields(record)
        );
        changes.add(META, content);
        return list(package, changes, budget);
    }
    let part = package.part(META, budget)?;
    let mut done = false;
    let end = scan(&part.text, budget, |step, around| {
        match (step, around) {
            (Step::Close(field, close), [_, _])
                if field.is("user-defined")
                    && field.get("name").is_some_and(|name| record::replaces(&name, record)) =>
            {
                changes.replace(&part, field.tag.start..close.end, "");
            }
            (Step::Close(meta, close), [_]) if meta.is("meta") => {
                changes.last_in(&part, meta, &close, &fields(record));
                done = true;
                return ControlFlow::Break(());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    if done { Ok(()) } else { Err(package.no_place(&part, end.err())) }
}

fn fields(record: &Record) -> String {
    let meta = space("meta");
    let field = |(name, text): (&str, String)| {
        format!(
            "<meta:user-defined xmlns:meta=\"{meta}\" meta:name=\"{name}\" meta:value-type=\"string\">{}</meta:user-defined>",
            escape(&text)
        )
    };
    record::fields(record).into_iter().map(field).collect()
}

/// The manifest of the package (part 2, 3.2) names every part but those of its own folder.
fn list(package: &mut Package, changes: &mut Changes, budget: &mut Budget) -> Result<()> {
    let part = package.part(MANIFEST, budget)?;
    let space = space("manifest");
    let entry = format!(
        "<manifest:file-entry xmlns:manifest=\"{space}\" manifest:full-path=\"{META}\" manifest:media-type=\"text/xml\"/>"
    );
    let mut done = false;
    let end = scan(&part.text, budget, |step, around| {
        if let (Step::Close(root, close), []) = (step, around) {
            changes.last_in(&part, root, &close, &entry);
            done = true;
        }
        ControlFlow::Continue(())
    });
    if done { Ok(()) } else { Err(package.no_place(&part, end.err())) }
}
