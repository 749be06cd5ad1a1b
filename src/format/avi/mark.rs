//! The label in an AVI. Nothing before the pictures changes its length: tables point at them, some of them from the start of the file.

use crate::{
    Error, Format, Result,
    container::riff::{self, Chunk, Form, chunks_into},
    format::{Label, Marked, Survey},
    limits::Budget,
    patch::Patch,
    record::{self, Record},
    stream::{Source, le_u32, read_at},
};

/// The edits.
pub(super) fn mark(
    source: &mut dyn Source,
    forms: &[Form],
    survey: &Survey,
    label: &Label,
    budget: &mut Budget,
) -> Result<Marked> {
    let mut marked = Marked::default();
    let Some((first, more)) = forms.split_first() else { return Ok(marked) };
    whole(forms)?;
    let patch = &mut marked.patch;
    let film = films(source, first)?;
    let goes = |chunk: &Chunk| match &chunk.id {
        b"C2PA" => true,
        b"_PMX" | b"XMP " => label.record.is_some(),
        // GB 45438-2025 allows one.
        b"AIGC" => label.record.is_some_and(|record| record.aigc),
        _ => false,
    };
    for chunk in first.chunks.iter().filter(|chunk| goes(chunk)) {
        if chunk.at > film { patch.delete(chunk.whole()) } else { blank(patch, chunk) }
    }
    more.iter().flat_map(|form| &form.chunks).filter(|chunk| goes(chunk)).for_each(|chunk| blank(patch, chunk));
    if label.record.is_some_and(|record| record.aigc) {
        // Some writers put it among the texts.
        let texts = texts(source, first, budget)?;
        texts.iter().filter(|text| text.id == *b"AIGC").for_each(|text| blank(patch, text));
    }
    let mut tail = Vec::new();
    if first.chunks.last().is_some_and(|last| last.lacks_padding() && !(goes(last) && last.at > film)) {
        tail.push(0);
    }
    if let Some(record) = label.record {
        fields(survey, record, &mut tail, budget)?;
        // Somebody's comment stays.
        if !texts(source, first, budget)?.iter().any(|text| text.id == *b"ICMT") {
            let words = riff::chunk(Format::Avi, *b"ICMT", &[record.alt_text.as_bytes(), b"\0"].concat())?;
            tail.extend(riff::chunk(Format::Avi, *b"LIST", &[b"INFO", words.as_slice()].concat())?);
        }
    }
    patch.insert(first.end, tail);
    if let Some(store_len) = label.store_len {
        let head = riff::header(Format::Avi, *b"C2PA", store_len as u64)?;
        patch.slot(first.end, store_len, Box::new(move |store| [head.as_slice(), store].concat()));
        patch.insert(first.end, vec![0; store_len % 2]);
    }
    lengths(source, first, patch)?;
    if !more.is_empty() {
        shift(source, first, patch, budget)?;
    }
    Ok(marked)
}

/// What is cut off has no place behind it.
fn whole(forms: &[Form]) -> Result<()> {
    let cut = forms.iter().find(|form| form.cut.is_some()).and_then(|form| form.chunks.last());
    match cut {
        Some(last) => {
            let why = "the chunk says more than the file holds: it is cut off; repair it first, with `ffmpeg -c copy`";
            Err(Error::malformed(Format::Avi, last.at, why))
        }
        None => Ok(()),
    }
}

/// Offset of the list of pictures.
fn films(source: &mut dyn Source, form: &Form) -> Result<u64> {
    for chunk in form.chunks.iter().filter(|chunk| chunk.id == *b"LIST" && chunk.len >= 4) {
        if read_at(source, Format::Avi, chunk.at + 8, 4)? == b"movi" {
            return Ok(chunk.at);
        }
    }
    Err(Error::malformed(Format::Avi, 12, "there is no 'movi' list, in which the pictures stand"))
}

/// Makes room of a chunk that must stay as long as it is.
fn blank(patch: &mut Patch, chunk: &Chunk) {
    patch.replace(chunk.at..chunk.at + 4, b"JUNK".to_vec());
    patch.blank(chunk.data());
}

/// XMP, and China's label.
fn fields(survey: &Survey, record: &Record, tail: &mut Vec<u8>, budget: &mut Budget) -> Result<()> {
    let old = survey.xmp.first().map(|xmp| xmp.bytes.as_slice());
    // Where XMP has one already, it is replaced there.
    let inside = old.is_some_and(|old| memchr::memmem::find(old, b"AIGC").is_some());
    let packet = record::merge(old, &Record { aigc: record.aigc && inside, ..record.clone() }, budget)?;
    tail.extend(riff::chunk(Format::Avi, *b"_PMX", &packet)?);
    if record.aigc && !inside {
        tail.extend(riff::chunk(Format::Avi, *b"AIGC", record::aigc_json(record).as_bytes())?);
    }
    Ok(())
}

/// The texts in lists of the first level and of the head; those of a damaged list as far as they can be read.
fn texts(source: &mut dyn Source, form: &Form, budget: &mut Budget) -> Result<Vec<Chunk>> {
    let mut lists = form.chunks.clone();
    for list in &form.chunks {
        lists.extend(inside(source, list, b"hdrl", budget)?);
    }
    let mut found = Vec::new();
    for list in lists.iter().filter(|list| list.id == *b"LIST" && list.len >= 4) {
        if read_at(source, Format::Avi, list.at + 8, 4)? != b"INFO" {
            continue;
        }
        let read = chunks_into(source, Format::Avi, list.at + 12..list.data().end, &mut found, budget);
        if let Err(error @ (Error::Io(_) | Error::Limit { .. })) = read {
            return Err(error);
        }
    }
    Ok(found)
}

/// The chunks in a list of this kind; none in another.
fn inside(source: &mut dyn Source, list: &Chunk, kind: &[u8], budget: &mut Budget) -> Result<Vec<Chunk>> {
    if list.id != *b"LIST" || list.len < 4 || read_at(source, Format::Avi, list.at + 8, 4)? != kind {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    match chunks_into(source, Format::Avi, list.at + 12..list.data().end, &mut found, budget) {
        Err(error @ (Error::Io(_) | Error::Limit { .. })) => Err(error),
        Ok(()) | Err(_) => Ok(found),
    }
}

fn length32(len: u64) -> Result<Vec<u8>> {
    let what = "its first part would be longer than 4 GiB, which AVI cannot say; write it as OpenDML, in parts, first";
    let len = u32::try_from(len).map_err(|_| Error::unsupported(Format::Avi, what))?;
    Ok(len.to_le_bytes().to_vec())
}

/// The length of the first part, and of a last chunk that never learnt its own.
fn lengths(source: &mut dyn Source, first: &Form, patch: &mut Patch) -> Result<()> {
    if let Some(last) = first.chunks.last() {
        let said = le_u32(&read_at(source, Format::Avi, last.at + 4, 4)?, 0).unwrap_or_default();
        if u64::from(said) != last.len {
            patch.replace(last.at + 4..last.at + 8, length32(last.len)?);
        }
    }
    patch.replace(4..8, length32((first.end - 8).saturating_add_signed(patch.growth()))?);
    Ok(())
}

/// Moves what OpenDML's indexes say of the further parts: OpenDML 1.02, 3.
fn shift(source: &mut dyn Source, first: &Form, patch: &mut Patch, budget: &mut Budget) -> Result<()> {
    let growth = patch.growth();
    let moved =
        |offset: u64| (offset >= first.end).then(|| offset.saturating_add_signed(growth).to_le_bytes().to_vec());
    for index in indexes(source, first, budget)? {
        // Entries of four numbers, an index of indexes, how many.
        let head = read_at(source, Format::Avi, index.data().start, 24.min(index.len))?;
        let (Some([4, 0, _, 0]), Some(count)) = (head.get(..4), le_u32(&head, 4)) else { continue };
        for number in 0..u64::from(count).min(index.len.saturating_sub(24) / 16) {
            budget.part()?;
            let at = index.data().start + 24 + number * 16;
            let part = offset(source, at)?;
            if let Some(offset) = moved(part) {
                patch.replace(at..at + 8, offset);
                base(source, part, &moved, patch)?;
            }
        }
    }
    Ok(())
}

/// Moves the offset from which the index of a part counts: behind its head, its kind, a count and a name.
fn base(source: &mut dyn Source, part: u64, moved: &dyn Fn(u64) -> Option<Vec<u8>>, patch: &mut Patch) -> Result<()> {
    let head = read_at(source, Format::Avi, part, 12)?;
    // `ix00`, and an index of chunks.
    if !head.starts_with(b"ix") || head.get(11) != Some(&1) {
        return Err(Error::malformed(Format::Avi, part, "the index of a part is not where another index says"));
    }
    if let Some(moved) = moved(offset(source, part + 20)?) {
        patch.replace(part + 20..part + 28, moved);
    }
    Ok(())
}

fn offset(source: &mut dyn Source, at: u64) -> Result<u64> {
    Ok(read_at(source, Format::Avi, at, 8)?.try_into().map(u64::from_le_bytes).unwrap_or_default())
}

/// The indexes of indexes, one a stream: `hdrl` holds lists `strl`, which hold them.
fn indexes(source: &mut dyn Source, form: &Form, budget: &mut Budget) -> Result<Vec<Chunk>> {
    let mut found = Vec::new();
    for list in &form.chunks {
        for stream in inside(source, list, b"hdrl", budget)? {
            let chunks = inside(source, &stream, b"strl", budget)?;
            found.extend(chunks.into_iter().filter(|chunk| chunk.id == *b"indx"));
        }
    }
    Ok(found)
}
