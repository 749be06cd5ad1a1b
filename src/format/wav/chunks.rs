//! The chunks around the samples: lengths, positions that the notice moves, and the record.

use crate::{
    Error, Format, Result,
    container::riff::{self, Chunk, Form, chunks_into},
    format::Survey,
    limits::Budget,
    notice::Heard,
    patch::Patch,
    record::{self, Record},
    stream::{Source, le_u32, read_at, read_block},
};

/// Lengths and counts that are not known yet, or stand in `ds64`.
const UNKNOWN: u32 = u32::MAX;

/// Moves the positions that chunks hold: cue points, loops, and the time of day of the first sample. Says which could not be moved.
pub(super) fn shift(
    source: &mut dyn Source,
    form: &Form,
    heard: &Heard,
    patch: &mut Patch,
    budget: &mut Budget,
) -> Result<Option<String>> {
    let mut remark = None;
    for chunk in &form.chunks {
        let start = chunk.data().start;
        match &chunk.id {
            // Multimedia Programming Interface 1.0: a count, then 24 bytes each.
            b"cue " => {
                let bytes = read_block(source, Format::Wav, start, chunk.len, budget)?;
                for (index, cue) in (0..).zip(bytes.get(4..).unwrap_or_default().chunks_exact(24)) {
                    if cue.get(8..12) == Some(b"data") {
                        move_number(patch, heard, &bytes, start, 4 + index * 24 + 4);
                        move_number(patch, heard, &bytes, start, 4 + index * 24 + 20);
                    }
                }
            }
            // 36 bytes, then 24 for each loop, in which start and end are the third and fourth number.
            b"smpl" => {
                let bytes = read_block(source, Format::Wav, start, chunk.len, budget)?;
                for index in 0..bytes.get(36..).unwrap_or_default().len() / 24 {
                    move_number(patch, heard, &bytes, start, 36 + index * 24 + 8);
                    move_number(patch, heard, &bytes, start, 36 + index * 24 + 12);
                }
            }
            // EBU Tech 3285: the original's first sample keeps its time of day.
            b"bext" if chunk.len >= 346 => {
                let bytes = read_at(source, Format::Wav, start + 338, 8)?;
                let time = bytes.try_into().map(u64::from_le_bytes).unwrap_or_default();
                let earlier = time.saturating_sub(heard.samples.len() as u64);
                // Zero is a time that was never set as well.
                if (1..heard.samples.len() as u64).contains(&time) {
                    remark = Some(format!(
                        "the time of the first sample in its 'bext' chunk was {time} samples after midnight, which is less than the \
                         warning takes: it is midnight now, and what follows the warning is {} samples later than it was",
                        heard.samples.len() as u64 - time
                    ));
                }
                patch.replace(start + 338..start + 346, earlier.to_le_bytes().to_vec());
            }
            _ => {}
        }
    }
    Ok(remark)
}

/// Moves the position that stands at `at` of the chunk's data.
fn move_number(patch: &mut Patch, heard: &Heard, bytes: &[u8], start: u64, at: usize) {
    let Some(position) = le_u32(bytes, at) else { return };
    let moved = u64::from(position).saturating_add(heard.shift(position.into()));
    let moved = u32::try_from(moved).unwrap_or(position);
    patch.replace(start + at as u64..start + at as u64 + 4, moved.to_le_bytes().to_vec());
}

/// XMP, China's label, and the words as a comment.
pub(super) fn record(
    source: &mut dyn Source,
    form: &Form,
    survey: &Survey,
    record: &Record,
    patch: &mut Patch,
    tail: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<()> {
    let packets: Vec<_> = form.chunks.iter().filter(|chunk| matches!(&chunk.id, b"_PMX" | b"XMP ")).collect();
    let old = survey.xmp.first().map(|xmp| xmp.bytes.as_slice());
    // GB 45438-2025 allows one: where XMP has one already, it is replaced there.
    let inside = old.is_some_and(|old| memchr::memmem::find(old, b"AIGC").is_some());
    let packet = record::merge(old, &Record { aigc: record.aigc && inside, ..record.clone() }, budget)?;
    let packet = riff::chunk(Format::Wav, *b"_PMX", &packet)?;
    match packets.first() {
        Some(old) => patch.replace(old.whole(), packet),
        None => tail.extend(packet),
    }
    if record.aigc {
        form.chunks.iter().filter(|chunk| chunk.id == *b"AIGC").for_each(|old| patch.delete(old.whole()));
        if !inside {
            tail.extend(riff::chunk(Format::Wav, *b"AIGC", record::aigc_json(record).as_bytes())?);
        }
    }
    comment(source, form, record, patch, tail, budget)
}

/// The words in the INFO list, unless somebody's comment stands there.
fn comment(
    source: &mut dyn Source,
    form: &Form,
    record: &Record,
    patch: &mut Patch,
    tail: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<()> {
    let words = riff::chunk(Format::Wav, *b"ICMT", &[record.alt_text.as_bytes(), b"\0"].concat())?;
    let mut list = None;
    for chunk in form.chunks.iter().filter(|chunk| chunk.id == *b"LIST" && chunk.len >= 4) {
        if read_at(source, Format::Wav, chunk.at + 8, 4)? == b"INFO" {
            list = Some(chunk);
            break;
        }
    }
    let Some(list) = list else {
        tail.extend(riff::chunk(Format::Wav, *b"LIST", &[b"INFO", words.as_slice()].concat())?);
        return Ok(());
    };
    let mut fields = Vec::new();
    // A list that is damaged stays as it is.
    let read = chunks_into(source, Format::Wav, list.at + 12..list.data().end, &mut fields, budget);
    let whole =
        matches!(read, Ok(())) && fields.last().map_or(list.at + 12, |field: &Chunk| field.end) == list.data().end;
    match read {
        Err(error @ (Error::Io(_) | Error::Limit { .. })) => return Err(error),
        _ if !whole || list.len % 2 == 1 || fields.iter().any(|field| field.id == *b"ICMT") => {}
        _ => {
            patch.replace(list.at + 4..list.at + 8, length32(list.len + words.len() as u64)?);
            patch.insert(list.data().end, words);
        }
    }
    Ok(())
}

fn length32(len: u64) -> Result<Vec<u8>> {
    let what = "the result would be longer than 4 GiB, which WAV cannot say: convert the file to RF64 first";
    let len = u32::try_from(len).map_err(|_| Error::unsupported(Format::Wav, what))?;
    Ok(len.to_le_bytes().to_vec())
}

/// Lengths of the file and of the samples, in RF64 as well; streams that never learnt theirs get them. `placed` is what the notice
/// takes in bytes, all times together.
pub(super) fn sizes(
    source: &mut dyn Source,
    form: &Form,
    placed: Option<(u64, &Heard)>,
    patch: &mut Patch,
) -> Result<()> {
    let wide = form.chunks.iter().find(|chunk| chunk.id == *b"ds64" && chunk.len >= 24).map(|chunk| chunk.data().start);
    let field = |source: &mut dyn Source, at: u64| -> Result<u32> {
        Ok(le_u32(&read_at(source, Format::Wav, at, 4)?, 0).unwrap_or_default())
    };
    let data = form.chunks.iter().find(|chunk| chunk.id == *b"data");
    if let Some(last) = form.chunks.last().filter(|last| data.is_none_or(|data| data.at != last.at)) {
        let said = field(source, last.at + 4)?;
        if u64::from(said) != last.len && !(wide.is_some() && said == UNKNOWN) {
            // What is put behind it would be a part of it.
            let why = format!(
                "the last chunk says that it holds {said} bytes, and there are {}; repair its length",
                last.len
            );
            return Err(Error::malformed(Format::Wav, last.at, why));
        }
    }
    if let Some(data) = data {
        let len = data.len + placed.map_or(0, |(bytes, _)| bytes);
        match wide {
            Some(wide) if field(source, data.at + 4)? == UNKNOWN => {
                patch.replace(wide + 8..wide + 16, len.to_le_bytes().to_vec());
            }
            _ => patch.replace(data.at + 4..data.at + 8, length32(len)?),
        }
    }
    if let Some((_, heard)) = placed {
        let more = heard.samples.len() as u64 * heard.places.len() as u64;
        if let Some(wide) = wide {
            let count =
                read_at(source, Format::Wav, wide + 16, 8)?.try_into().map(u64::from_le_bytes).unwrap_or_default();
            if let Some(count) = count.checked_add(more).filter(|_| count > 0 && count < u64::MAX) {
                patch.replace(wide + 16..wide + 24, count.to_le_bytes().to_vec());
            }
        }
        if let Some(fact) = form.chunks.iter().find(|chunk| chunk.id == *b"fact" && chunk.len >= 4) {
            let at = fact.data().start;
            let count = field(source, at)?;
            // A stream's count that was never filled in says nothing, and nobody goes by it.
            if (1..UNKNOWN).contains(&count)
                && let Ok(count) = u32::try_from(u64::from(count) + more)
            {
                patch.replace(at..at + 4, count.to_le_bytes().to_vec());
            }
        }
    }
    let size = (form.end - 8).saturating_add_signed(patch.growth());
    match wide {
        Some(wide) if field(source, 4)? == UNKNOWN => patch.replace(wide..wide + 8, size.to_le_bytes().to_vec()),
        _ => patch.replace(4..8, length32(size)?),
    }
    Ok(())
}
