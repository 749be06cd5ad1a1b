//! JPEG XL: ISO/IEC 18181-1 (codestream) and 18181-2 (container). A naked codestream is put into a container when it is
//! labelled.

use super::{Block, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Store, Survey};
use crate::{
    Error, Format, Result,
    container::bmff::{BoxHead, boxes, sized},
    geometry::{Orientation, Size},
    limits::Budget,
    notice::Raster,
    record,
    stream::{Source, be_u32, length, read_at, read_block, unpack},
};

pub(super) struct Jxl;

const FACTS: Facts = Facts {
    name: "JPEG XL",
    media_types: &["image/jxl"],
    extensions: &["jxl"],
    medium: Medium::Image,
    can_label: true,
    notice: Carries::No,
    binding: HardBinding::Data,
    limitations: "No visible notice: label the picture before it becomes a JPEG XL, or show the notice beside it.",
};

/// The signature box and the `ftyp` box of a container: 18181-2, 9.1 and 9.2.
const SIGNATURE: [u8; 12] = *b"\0\0\0\x0CJXL \r\n\x87\n";
const FILE_TYPE: [u8; 20] = *b"\0\0\0\x14ftypjxl \0\0\0\0jxl ";
const CODESTREAM: [u8; 2] = [0xFF, 0x0A];

/// Bytes of a codestream that hold its size and orientation.
const HEAD: u64 = 64;

impl Handler for Jxl {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&SIGNATURE) || head.starts_with(&CODESTREAM)
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let mut survey = Survey { media_type: FACTS.media_types[0], frames: 1, ..Survey::default() };
        let len = length(source)?;
        let Some(heads) = container(source, len, budget)? else {
            let head = read_at(source, Format::Jxl, 0, len.min(HEAD))?;
            return stored(&head, 0, survey);
        };
        for head in &heads {
            let at = head.range.start;
            match Part::of(head, source)? {
                Part::Store => {
                    let jumbf = read_block(source, Format::Jxl, at, head.range.end - at, budget)?;
                    survey.stores.push(Store { carrier: vec![head.range.clone()], jumbf });
                }
                Part::Xmp { packed } => {
                    let place = format!("{} box at byte {at}", if packed { "brob" } else { "xml" });
                    let bytes = content(head, packed, source, budget)?;
                    survey.xmp.push(Block { range: head.range.clone(), place, bytes });
                }
                Part::Exif { packed } => {
                    let place = format!("{} box at byte {at}", if packed { "brob" } else { "Exif" });
                    let bytes = content(head, packed, source, budget)?;
                    if let Some(tiff) = tiff(&bytes) {
                        survey.exif.push(Block { range: head.range.clone(), place, bytes: tiff.to_vec() });
                    }
                }
                Part::Other => {}
            }
        }
        // A codestream in parts has a sequence number before each: 18181-2, 9.9.
        let first = heads.iter().find(|head| head.is(b"jxlc") || head.is(b"jxlp"));
        let Some(first) = first else { return Err(Error::malformed(Format::Jxl, len, "there is no codestream")) };
        let start = first.body.start + if first.is(b"jxlp") { 4 } else { 0 };
        let end = first.body.end.min(start.saturating_add(HEAD)).max(start);
        let head = read_at(source, Format::Jxl, start, end - start)?;
        stored(&head, start, survey)
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let mut marked = Marked::default();
        if label.notice.is_some() {
            marked.remarks.push(format!("no notice: {}", FACTS.limitations));
        }
        let len = length(source)?;
        let heads = container(source, len, budget)?;
        if heads.is_none() && label.record.is_none() && label.store_len.is_none() {
            return Ok(marked);
        }
        let patch = &mut marked.patch;
        let at = match &heads {
            None => {
                patch.insert(0, [&SIGNATURE[..], &FILE_TYPE].concat());
                0
            }
            Some(heads) => place(heads)?,
        };
        // First among the edits at this place: those that follow may remove what stands there.
        if let Some(store_len) = label.store_len {
            patch.slot(at, store_len, Box::new(<[u8]>::to_vec));
        }
        survey.stores.iter().flat_map(|store| &store.carrier).for_each(|range| patch.delete(range.clone()));
        if let Some(record) = label.record {
            let mut replaced = false;
            let old = survey.xmp.first();
            let packet = sized(b"xml ", &record::merge(old.map(|block| &block.bytes[..]), record, budget)?);
            // New boxes go in before old ones are replaced: edits at one place are written in this order.
            match old {
                Some(block) => {
                    replaced = true;
                    patch.replace(block.range.clone(), packet);
                }
                None => patch.insert(at, packet),
            }
            let old = survey.exif.first();
            if let Some(new) = record::describe(old.map(|block| &block.bytes[..]), &record.alt_text, budget)? {
                let exif = sized(b"Exif", &[&[0; 4][..], &new].concat());
                match old {
                    Some(block) => {
                        replaced = true;
                        patch.replace(block.range.clone(), exif);
                    }
                    None => patch.insert(at, exif),
                }
            }
            for head in heads.iter().flatten().filter(|head| replaced && head.is(b"jbrd")) {
                // The way back to the JPEG needs the metadata as it was: 18181-2, 9.10.
                patch.delete(head.range.clone());
                marked.remarks.push("the JPEG that this file was made from cannot be restored any more".into());
            }
        }
        if heads.is_none() {
            let mut header = Vec::new();
            match u32::try_from(len + 8) {
                Ok(len) => header.extend([&len.to_be_bytes()[..], b"jxlc"].concat()),
                Err(_) => header.extend([&[0, 0, 0, 1][..], b"jxlc", &(len + 16).to_be_bytes()].concat()),
            }
            patch.insert(0, header);
        }
        Ok(marked)
    }

    fn picture(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Raster>> {
        Ok(None)
    }
}

/// What a box of the container holds.
enum Part {
    Store,
    /// `packed`: with Brotli, in a `brob` box.
    Xmp {
        packed: bool,
    },
    Exif {
        packed: bool,
    },
    Other,
}

impl Part {
    fn of(head: &BoxHead, source: &mut dyn Source) -> Result<Self> {
        let len = head.body.end - head.body.start;
        Ok(match &head.kind {
            b"xml " => Self::Xmp { packed: false },
            b"Exif" => Self::Exif { packed: false },
            b"brob" if len >= 4 => match &read_at(source, Format::Jxl, head.body.start, 4)?[..] {
                b"xml " => Self::Xmp { packed: true },
                b"Exif" => Self::Exif { packed: true },
                _ => Self::Other,
            },
            b"jumb" => {
                // The description box: size, type, identifier, toggles (requestable, labelled), label.
                let start = read_at(source, Format::Jxl, head.body.start, len.min(30))?;
                let labelled = start.get(24).is_some_and(|toggles| toggles & 3 == 3);
                let c2pa = start.get(4..8) == Some(b"jumd") && labelled && start.get(25..30) == Some(b"c2pa\0");
                if c2pa { Self::Store } else { Self::Other }
            }
            _ => Self::Other,
        })
    }
}

/// The boxes; `None` for a naked codestream.
fn container(source: &mut dyn Source, len: u64, budget: &mut Budget) -> Result<Option<Vec<BoxHead>>> {
    if read_at(source, Format::Jxl, 0, len.min(2))? == CODESTREAM {
        return Ok(None);
    }
    boxes(source, Format::Jxl, 0..len, 0, budget).map(Some)
}

/// Where new boxes go: behind `ftyp`, and behind the level, which has to follow it (18181-2, 9.3).
fn place(heads: &[BoxHead]) -> Result<u64> {
    let missing = || Error::malformed(Format::Jxl, 12, "there is no 'ftyp' box");
    let index = heads.iter().position(|head| head.is(b"ftyp")).ok_or_else(missing)?;
    let level = heads.get(index + 1).filter(|head| head.is(b"jxll"));
    Ok(level.unwrap_or(&heads[index]).range.end)
}

fn content(head: &BoxHead, packed: bool, source: &mut dyn Source, budget: &mut Budget) -> Result<Vec<u8>> {
    let bytes = read_block(source, Format::Jxl, head.body.start, head.body.end - head.body.start, budget)?;
    if !packed {
        return Ok(bytes);
    }
    let max = budget.limits().max_metadata_bytes;
    let mut out = Vec::new();
    let packed = bytes.get(4..).unwrap_or_default();
    let wrong = |_| Error::malformed(Format::Jxl, head.range.start, "the Brotli data cannot be unpacked");
    let more = unpack(brotli::Decompressor::new(packed, 4096), max, &mut out).map_err(wrong)?;
    budget.metadata(out.len() as u64 + u64::from(more))?;
    Ok(out)
}

/// The TIFF structure behind its offset: 18181-2, 9.6.
fn tiff(exif: &[u8]) -> Option<&[u8]> {
    let start = usize::try_from(be_u32(exif, 0)?).ok()?.checked_add(4)?;
    exif.get(start..).filter(|tiff| tiff.starts_with(b"II*\0") || tiff.starts_with(b"MM\0*"))
}

/// Size and orientation: 18181-1, annexes D.2 and D.3.
fn stored(head: &[u8], at: u64, mut survey: Survey) -> Result<Survey> {
    let cut = || Error::malformed(Format::Jxl, at, "the codestream header is cut off or wrong");
    let rest = head.strip_prefix(&CODESTREAM).ok_or_else(cut)?;
    let mut bits = Bits { bytes: rest, at: 0 };
    let size = bits.size().ok_or_else(cut)?;
    let default = bits.take(1).ok_or_else(cut)? == 1;
    let extra = !default && bits.take(1).ok_or_else(cut)? == 1;
    if extra {
        survey.orientation = Orientation::from_exif(bits.take(3).ok_or_else(cut)? + 1);
    }
    survey.stored = Some(size);
    Ok(survey)
}

/// Bits from the least significant one.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for index in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value |= u32::from(byte >> (self.at % 8) & 1) << index;
            self.at += 1;
        }
        Some(value)
    }

    fn size(&mut self) -> Option<Size> {
        let small = self.take(1)? == 1;
        let height = self.side(small)?;
        let (numerator, denominator) = match self.take(3)? {
            0 => return Some(Size { width: self.side(small)?, height }),
            1 => (1, 1),
            2 => (12, 10),
            3 => (4, 3),
            4 => (3, 2),
            5 => (16, 9),
            6 => (5, 4),
            _ => (2, 1),
        };
        let width = u64::from(height) * numerator / denominator;
        Some(Size { width: u32::try_from(width).ok()?, height })
    }

    fn side(&mut self, small: bool) -> Option<u32> {
        if small {
            return Some((self.take(5)? + 1) * 8);
        }
        let bits = [9, 13, 18, 30][self.take(2)? as usize];
        Some(self.take(bits)? + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{corpus, mark, survey};

    /// The shortest store that calls itself one.
    fn store() -> Vec<u8> {
        sized(b"jumb", &sized(b"jumd", &[&[0; 16][..], &[3], b"c2pa\0"].concat()))
    }

    #[test]
    fn a_store_goes_into_the_container_and_is_replaced() {
        let Some(bytes) = corpus("unlabelled/sample1.jxl") else { return };
        let found = survey(&Jxl, &bytes).unwrap();
        assert!(found.stores.is_empty());
        let size = found.stored.unwrap();
        let (marked, _) = mark(&Jxl, &bytes, None, None, Some(&store())).unwrap();
        let found = survey(&Jxl, &marked).unwrap();
        assert_eq!((found.stored, found.stores[0].jumbf.clone()), (Some(size), store()));
        let range = 32..32 + store().len() as u64;
        assert_eq!(found.stores[0].carrier.as_slice(), std::slice::from_ref(&range));
        let (again, _) = mark(&Jxl, &marked, None, None, Some(&store())).unwrap();
        assert_eq!(again, marked);
        let (bare, _) = mark(&Jxl, &again, None, None, None).unwrap();
        assert_eq!(bare, bytes);
    }

    #[test]
    fn a_naked_codestream_is_wrapped() {
        // 8 × 16 pixels, all defaults; what follows the header does not matter here.
        let naked = [0xFF, 0x0A, 0b0000_0011, 0b0000_0010, 7, 7];
        assert_eq!(survey(&Jxl, &naked).unwrap().stored.unwrap().height, 16);
        let (marked, _) = mark(&Jxl, &naked, None, None, Some(&store())).unwrap();
        let found = survey(&Jxl, &marked).unwrap();
        assert_eq!(found.stores.len(), 1);
        assert!(marked.ends_with(&naked));
        assert_eq!(mark(&Jxl, &naked, None, None, None).unwrap().0, naked);
    }

    #[test]
    fn damaged_files_neither_panic_nor_hang() {
        let Some(bytes) = corpus("unlabelled/sample1.jxl") else { return };
        let (marked, _) = mark(&Jxl, &bytes[..], None, None, Some(&store())).unwrap();
        let mut cases = 0;
        for at in 0..400 {
            for change in [0x01, 0x10, 0x80, 0xFF, 0x55] {
                let mut bent = marked[..2000].to_vec();
                bent[at] ^= change;
                let _ = mark(&Jxl, &bent, None, None, Some(&store()));
                cases += 1;
            }
            let _ = mark(&Jxl, &marked[..at], None, None, Some(&store()));
            cases += 1;
        }
        assert_eq!(cases, 2400);
    }
}
