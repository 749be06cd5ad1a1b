//! The record and the manifest as tags of sound.

use crate::{
    Error, Format, Result,
    container::{
        id3::{self, Content, Frame, edit::Edit, text::Value},
        vorbis,
    },
    format::{Label, Survey},
    limits::Budget,
    patch::Patch,
    record::{self, Record},
    stream::Source,
};

/// What stands in front of a store in `GEOB`, as c2pa-rs writes it.
const STORE: (&str, &str, &str) = ("application/c2pa", "c2pa", "c2pa manifest store");

/// Puts the label into the ID3v2 tag at the start of the file; `whole`: the record too, not the manifest alone.
pub(in super::super) fn id3(
    source: &mut dyn Source,
    format: Format,
    survey: &Survey,
    label: &Label,
    whole: bool,
    patch: &mut Patch,
    budget: &mut Budget,
) -> Result<()> {
    let tag = id3::read(source, format, 0, budget)?;
    let mut edit = Edit::new(format, tag.as_ref());
    let record = label.record.filter(|_| whole);
    for frame in tag.iter().flat_map(|tag| &tag.frames) {
        if goes(source, format, frame, record, budget)? {
            edit.remove(frame);
        }
    }
    if let Some(record) = record {
        let old = survey.xmp.first().map(|xmp| xmp.bytes.as_slice());
        // GB 45438-2025 allows one: where XMP has one already, it is replaced there.
        let inside = old.is_some_and(|old| memchr::memmem::find(old, b"AIGC").is_some());
        for (name, text) in record::fields(&Record { aigc: record.aigc && !inside, ..record.clone() }) {
            edit.text(name, &text)?;
        }
        let packet = record::merge(old, &Record { aigc: record.aigc && inside, ..record.clone() }, budget)?;
        edit.private("XMP", &packet)?;
    }
    if let Some(len) = label.store_len {
        edit.object(STORE.0, STORE.1, STORE.2, len)?;
    }
    edit.write(patch)
}

/// Whether a frame is an older store, or holds what the record says anew.
fn goes(
    source: &mut dyn Source,
    format: Format,
    frame: &Frame,
    record: Option<&Record>,
    budget: &mut Budget,
) -> Result<bool> {
    if !matches!(&frame.id, b"GEOB" | b"PRIV" | b"TXXX") {
        return Ok(false);
    }
    let Content::Bytes(content) = frame.read(source, format, budget)? else { return Ok(false) };
    Ok(match id3::text::parse(frame.id, &content) {
        Some(Value::Object { media_type, .. }) => super::sound::STORE.contains(&media_type.as_str()),
        Some(Value::Private { owner, .. }) => owner == "XMP" && record.is_some(),
        Some(Value::Text { about, .. }) => record.is_some_and(|record| record::replaces(&about, record)),
        _ => false,
    })
}

/// A block of comments with the record in it. `old` is the one that stands there; `at` its offset in the file.
pub(in super::super) fn comments(format: Format, old: Option<(&[u8], u64)>, record: &Record) -> Result<Vec<u8>> {
    let fields = record::fields(record);
    let made = match old {
        Some((old, _)) => vorbis::edited(old, |key| record::replaces(key, record), &fields),
        None => vorbis::block(concat!("tanba ", env!("CARGO_PKG_VERSION")), &fields),
    };
    let at = old.map_or(0, |(_, at)| at);
    made.ok_or_else(|| {
        Error::malformed(format, at, "the comments cannot be read to their end, so nothing can be added to them")
    })
}
