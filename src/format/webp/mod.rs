//! WebP: RFC 9649.

mod animation;
mod codec;
mod still;

use super::{Block, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Store, Survey};
use crate::{
    Error, Format, Result,
    container::riff::{self, Chunk, Riff},
    geometry::Size,
    limits::Budget,
    notice::{Raster, StoredNotice},
    patch::Patch,
    record,
    stream::{Source, length, read_at, read_block},
};

pub(super) struct WebP;

const FACTS: Facts = Facts {
    name: "WebP",
    media_types: &["image/webp"],
    extensions: &["webp"],
    medium: Medium::Image,
    can_label: true,
    notice: Carries::Reencoded,
    binding: HardBinding::Data,
    limitations: "lossless pictures stay bit-exact outside the notice; lossy ones are decoded and encoded again",
};

/// Flags of the `VP8X` chunk, RFC 9649 §2.7.1.
const ANIMATION: u8 = 0x02;
const XMP: u8 = 0x04;
const EXIF: u8 = 0x08;
const ALPHA: u8 = 0x10;

impl Handler for WebP {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let riff = walk(source, budget)?;
        // An odd strip would put the chroma samples of VP8 between others, and ANMF frames at odd offsets.
        let mut survey = Survey { media_type: "image/webp", frames: 1, strip_unit: 2, ..Survey::default() };
        survey.stored = Some(Canvas::read(source, &riff)?.size);
        let frames = riff.chunks.iter().filter(|chunk| chunk.id == *b"ANMF").count();
        survey.frames = u32::try_from(frames).unwrap_or(u32::MAX).max(1);
        for chunk in &riff.chunks {
            match &chunk.id {
                b"C2PA" => survey.stores.push(Store {
                    // As c2pa-rs counts it: header and data, without the padding byte.
                    carrier: vec![chunk.range()],
                    jumbf: data(source, chunk, budget)?,
                }),
                b"XMP " => survey.xmp.push(Block {
                    range: chunk.whole(),
                    place: format!("XMP chunk at byte {}", chunk.at),
                    bytes: data(source, chunk, budget)?,
                }),
                b"EXIF" => {
                    let mut bytes = data(source, chunk, budget)?;
                    // RFC 9649 wants bare TIFF; many writers keep the prefix of JPEG.
                    if bytes.starts_with(b"Exif\0\0") {
                        bytes.drain(..6);
                    }
                    let place = format!("EXIF chunk at byte {}", chunk.at);
                    survey.exif.push(Block { range: chunk.whole(), place, bytes });
                }
                _ => {}
            }
        }
        if let Some(exif) = survey.exif.first() {
            survey.orientation = record::orientation(&exif.bytes, budget);
        }
        let end = length(source)?;
        survey.trailer = (riff.end < end).then_some(riff.end..end);
        Ok(survey)
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let riff = walk(source, budget)?;
        let mut canvas = Canvas::read(source, &riff)?;
        let mut marked = Marked::default();
        for chunk in riff.chunks.iter().filter(|chunk| chunk.id == *b"C2PA") {
            marked.patch.delete(chunk.whole());
        }
        if let Some(notice) = label.notice {
            let notice = notice.stored(survey.orientation);
            draw(source, &riff, &mut canvas, &notice, &mut marked, budget)?;
        }
        let mut tail = Vec::new();
        if let Some(last) = riff.chunks.last().filter(|last| last.lacks_padding() && last.id != *b"C2PA") {
            // Behind the last chunk, whoever replaces it: its replacement is padded already.
            if !replaced(last, label, marked.noticed) {
                tail.push(0);
            }
        }
        if let Some(record) = label.record {
            let exif = survey.exif.first();
            if let Some(block) = record::describe(exif.map(|exif| exif.bytes.as_slice()), &record.alt_text, budget)? {
                put(&mut marked.patch, &mut tail, exif, *b"EXIF", &block)?;
                canvas.flags |= EXIF;
            }
            let xmp = survey.xmp.first();
            let packet = record::merge(xmp.map(|xmp| xmp.bytes.as_slice()), record, budget)?;
            put(&mut marked.patch, &mut tail, xmp, *b"XMP ", &packet)?;
            canvas.flags |= XMP;
        }
        marked.patch.insert(riff.end, tail);
        if let Some(store_len) = label.store_len {
            let head = riff::header(Format::WebP, *b"C2PA", store_len as u64)?;
            marked.patch.slot(riff.end, store_len, Box::new(move |store| [head.as_slice(), store].concat()));
            marked.patch.insert(riff.end, vec![0; store_len % 2]);
        }
        canvas.write(&mut marked.patch)?;
        let size = (riff.end - 8).saturating_add_signed(marked.patch.growth());
        let size = u32::try_from(size).map_err(|_| Error::unsupported(Format::WebP, "the result exceeds 4 GiB"))?;
        marked.patch.replace(4..8, size.to_le_bytes().to_vec());
        Ok(marked)
    }

    fn picture(&self, source: &mut dyn Source, survey: &Survey, budget: &mut Budget) -> Result<Option<Raster>> {
        let riff = walk(source, budget)?;
        let canvas = Canvas::read(source, &riff)?;
        still::first(source, &riff, canvas.size, survey.orientation, budget).map(Some)
    }

    fn rgba(&self, source: &mut dyn Source, _survey: &Survey, budget: &mut Budget) -> Result<Option<Vec<u8>>> {
        let riff = walk(source, budget)?;
        let picture = riff.chunks.iter().find(|chunk| chunk.id == *b"VP8L");
        // Frames of an animation stand deeper, and lossy pictures have other chunks.
        match picture {
            Some(picture) if frame_size(source, picture)?.1 => still::rgba(source, &riff, budget).map(Some),
            _ => Ok(None),
        }
    }
}

/// Whether the chunk is written anew, and padded then.
fn replaced(chunk: &Chunk, label: &Label, noticed: bool) -> bool {
    match &chunk.id {
        b"VP8 " | b"VP8L" | b"ALPH" | b"ANMF" => noticed,
        b"XMP " => label.record.is_some(),
        _ => false,
    }
}

/// Replaces `old`, or adds to what comes last.
fn put(patch: &mut Patch, tail: &mut Vec<u8>, old: Option<&Block>, id: [u8; 4], data: &[u8]) -> Result<()> {
    let chunk = riff::chunk(Format::WebP, id, data)?;
    match old {
        Some(old) => patch.replace(old.range.clone(), chunk),
        None => tail.extend(chunk),
    }
    Ok(())
}

fn draw(
    source: &mut dyn Source,
    riff: &Riff,
    canvas: &mut Canvas,
    notice: &StoredNotice,
    marked: &mut Marked,
    budget: &mut Budget,
) -> Result<()> {
    // RFC 9649 §2.7.1.2: a lossless or lossy frame is at most 16,384 or 16,383 pixels on a side.
    if notice.frame.width.max(notice.frame.height) > 16_383 {
        marked.remarks.push("no notice: the picture has more than 16,383 pixels on a side, too many to encode".into());
        return Ok(());
    }
    if canvas.flags & ANIMATION != 0 {
        animation::draw(source, riff, canvas, notice, marked, budget)?;
    } else {
        still::draw(source, riff, canvas, notice, marked, budget)?;
    }
    if marked.noticed {
        canvas.size = notice.frame;
    }
    Ok(())
}

/// What the `VP8X` chunk says, or would say.
struct Canvas {
    flags: u8,
    size: Size,
    /// The three bytes after the flags, kept as they are.
    reserved: [u8; 3],
    /// The chunk, and the flags and size it has now.
    stands: Option<(Chunk, u8, Size)>,
}

impl Canvas {
    fn read(source: &mut dyn Source, riff: &Riff) -> Result<Self> {
        let first = riff.chunks.first().ok_or_else(|| Error::malformed(Format::WebP, 12, "no chunks"))?;
        if first.id == *b"VP8X" {
            let data = read_at(source, Format::WebP, first.at + 8, first.len.min(10))?;
            let &[flags, a, b, c, w0, w1, w2, h0, h1, h2] = data.as_slice() else {
                return Err(Error::malformed(Format::WebP, first.at, "the VP8X chunk is too short"));
            };
            let side = |bytes| u32::from_le_bytes(bytes) + 1;
            let size = Size { width: side([w0, w1, w2, 0]), height: side([h0, h1, h2, 0]) };
            return Ok(Self { flags, size, reserved: [a, b, c], stands: Some((first.clone(), flags, size)) });
        }
        let (size, alpha) = frame_size(source, first)?;
        let flags = if alpha { ALPHA } else { 0 };
        Ok(Self { flags, size, reserved: [0; 3], stands: None })
    }

    /// Puts the chunk where it is needed and not there, or not right.
    fn write(&self, patch: &mut Patch) -> Result<()> {
        let ([w0, w1, w2, _], [h0, h1, h2, _]) =
            ((self.size.width - 1).to_le_bytes(), (self.size.height - 1).to_le_bytes());
        let [a, b, c] = self.reserved;
        let data = [self.flags, a, b, c, w0, w1, w2, h0, h1, h2];
        match &self.stands {
            Some((_, flags, size)) if (*flags, *size) == (self.flags, self.size) => {}
            Some((chunk, ..)) => patch.replace(chunk.at + 8..chunk.at + 18, data.to_vec()),
            None if self.flags & !ALPHA == 0 => {}
            // Not an insertion at 12: the picture that begins there may be replaced.
            None => {
                let chunk = riff::chunk(Format::WebP, *b"VP8X", &data)?;
                patch.replace(8..12, [b"WEBP".as_slice(), &chunk].concat());
            }
        }
        Ok(())
    }
}

/// Size of a `VP8 ` or `VP8L` chunk's picture, and whether it says that it has alpha.
fn frame_size(source: &mut dyn Source, chunk: &Chunk) -> Result<(Size, bool)> {
    let head = read_at(source, Format::WebP, chunk.at + 8, chunk.len.min(10))?;
    match (&chunk.id, head.as_slice()) {
        // RFC 6386 §9.1: frame tag, start code, 14 bits of width and of height.
        (b"VP8 ", &[_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1]) => {
            let side = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3FFF);
            let size = Size { width: side([w0, w1]), height: side([h0, h1]) };
            if size.width == 0 || size.height == 0 {
                return Err(Error::malformed(Format::WebP, chunk.at, "the picture has no pixels"));
            }
            Ok((size, false))
        }
        // RFC 9649 §3.4: signature, 14 bits of width − 1 and of height − 1, alpha.
        (b"VP8L", &[0x2F, a, b, c, d, ..]) => {
            let bits = u32::from_le_bytes([a, b, c, d]);
            let size = Size { width: (bits & 0x3FFF) + 1, height: (bits >> 14 & 0x3FFF) + 1 };
            Ok((size, bits >> 28 & 1 == 1))
        }
        (b"VP8 " | b"VP8L", _) => Err(Error::malformed(Format::WebP, chunk.at, "the picture's header is wrong")),
        _ => Err(Error::malformed(Format::WebP, chunk.at, "the first chunk is none of VP8, VP8L and VP8X")),
    }
}

fn walk(source: &mut dyn Source, budget: &mut Budget) -> Result<Riff> {
    let riff = riff::walk(source, Format::WebP, budget)?;
    if riff.form != *b"WEBP" {
        return Err(Error::malformed(Format::WebP, 8, "the RIFF form is not WEBP"));
    }
    Ok(riff)
}

fn data(source: &mut dyn Source, chunk: &Chunk, budget: &mut Budget) -> Result<Vec<u8>> {
    read_block(source, Format::WebP, chunk.at + 8, chunk.len, budget)
}

#[cfg(test)]
mod tests;
