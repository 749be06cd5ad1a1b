//! M4A and M4B: sound in MP4, by the brand that Apple gave it. The notice becomes samples of its own in front of those of the one track
//! of AAC; the tables say so, and no sample changes.

mod movie;
mod tables;

use std::ops::Range;

use super::{
    Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Stretch, Survey,
    film::{self, Items, tags, voice},
    listen,
};
use crate::{
    Error, Format, Result,
    container::bmff::{BoxHead, SizeField, boxes, brands, sized},
    limits::Budget,
    notice::{Audible, Heard, Sound, speech::Codec},
    patch::Patch,
    stream::{Source, length, read_block},
};
use movie::{Insertion, Movie};

pub(super) struct M4a;

const FACTS: Facts = Facts {
    name: "M4A",
    media_types: &["audio/mp4", "audio/x-m4a"],
    extensions: &["m4a", "m4b"],
    medium: Medium::Audio,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Bmff,
    limitations: "one track of AAC-LC at 16, 22.05, 24, 44.1 or 48 kHz, one or two channels, not in fragments",
};

/// Samples of a frame, and of the encoder's delay before the notice.
const BLOCK: u64 = 1024;

impl Handler for M4a {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        matches!(brands(head).first(), Some(b"M4A " | b"M4B " | b"M4P "))
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        Ok(super::movie::survey(source, Format::M4a, FACTS.media_types[0], budget)?.0)
    }

    fn hear(&self, source: &mut dyn Source, _survey: &Survey, audible: &Audible, budget: &mut Budget) -> Result<Heard> {
        let file = File::read(source, budget)?;
        let movie = Movie::read(&file.moov, file.moov_at(), budget)?;
        let clips = audible.coded(Codec::Aac, movie.config.rate).map_err(|why| {
            Error::unsupported(Format::M4a, format!("{why}; convert it to one of those, or label it as WAV or FLAC"))
        })?;
        let samples = voice::frames(&clips, 0, movie.config.stereo).len() as u64 * BLOCK;
        let rate = u64::from(movie.config.rate);
        let long = movie.milliseconds() > audible.every_ms.unwrap_or(u64::MAX);
        let heard = Heard::once(clips, samples.saturating_sub(BLOCK) * 1000 / rate, long);
        Ok(heard.beside(listen::programme(source, Format::M4a, budget)?))
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let mut file = File::read(source, budget)?;
        let items = Items::find(source, Format::M4a, &file.boxes, &file.moov, budget)?;
        let mut marked = Marked::default();
        let at = file.moov_at();
        let beside = tags::put(&mut file.moov, at, survey, label.record, Format::M4a, budget)?;
        let (patch, record) = (&mut marked.patch, beside.as_ref());
        let mut front = film::boxes(&file.boxes, file.ftyp_end, survey, label.store_len, record, patch, budget)?;
        let mut insertion = None;
        if let Some(heard) = label.heard {
            let movie = Movie::read(&file.moov, file.moov_at(), budget)?;
            let frames = voice::frames(&heard.coded, heard.softer, movie.config.stereo);
            let lens = frames.iter().map(|frame| u32::try_from(frame.len()).unwrap_or(0)).collect();
            let data = front.len() as u64 + 8;
            front.extend(sized(b"mdat", &frames.concat()));
            insertion = Some((Insertion::new(movie, lens), data));
            marked.noticed = true;
        }
        marked.patch.insert(file.front, front);
        file.write_moov(insertion, &items, &mut marked.patch, budget)?;
        items.beside(&mut marked.patch, budget)?;
        Ok(marked)
    }

    fn sound(
        &self,
        source: &mut dyn Source,
        _survey: &Survey,
        stretch: Stretch,
        budget: &mut Budget,
    ) -> Result<Option<Sound>> {
        listen::listen(source, Format::M4a, stretch, budget)
    }
}

/// What stands at the top of a file.
struct File {
    boxes: Vec<BoxHead>,
    ftyp_end: u64,
    /// Where new media data goes: before the first that is there, so that players need not look for it at the end.
    front: u64,
    moov_range: Range<u64>,
    /// The whole box.
    moov: Vec<u8>,
}

impl File {
    fn read(source: &mut dyn Source, budget: &mut Budget) -> Result<Self> {
        let len = length(source)?;
        let boxes = boxes(source, Format::M4a, 0..len, 0, budget)?;
        let find = |kind: &[u8; 4]| boxes.iter().find(|head| head.is(kind));
        let missing = |what: &str| Error::malformed(Format::M4a, 0, format!("there is no '{what}' box"));
        if find(b"moof").is_some() {
            let what =
                "it is in fragments: put it into one piece first (ffmpeg -i in -c copy -movflags +faststart out.m4a)";
            return Err(Error::unsupported(Format::M4a, what));
        }
        let ftyp_end = find(b"ftyp").ok_or_else(|| missing("ftyp"))?.range.end;
        let front = find(b"mdat").ok_or_else(|| missing("mdat"))?.range.start;
        let head = find(b"moov").ok_or_else(|| missing("moov"))?;
        if head.size == SizeField::ToEnd || boxes.iter().filter(|head| head.is(b"moov")).count() > 1 {
            return Err(Error::malformed(Format::M4a, head.range.start, "the 'moov' box is open-ended or not alone"));
        }
        let moov_range = head.range.clone();
        let moov = read_block(source, Format::M4a, moov_range.start, moov_range.end - moov_range.start, budget)?;
        Ok(Self { boxes, ftyp_end, front, moov_range, moov })
    }

    fn moov_at(&self) -> u64 {
        self.moov_range.start
    }

    /// Writes the movie box anew, with every offset moved as far as what stands before it grows. `insertion` is the notice, and where its
    /// samples are in what is put in front.
    fn write_moov(
        mut self,
        insertion: Option<(Insertion, u64)>,
        items: &Items,
        patch: &mut Patch,
        budget: &mut Budget,
    ) -> Result<()> {
        let insert = insertion.as_ref().map(|(insertion, _)| insertion);
        if let Some(insert) = insert {
            tags::lengthen(&mut self.moov, insert.lens.len() as u64 * BLOCK);
        }
        let old = self.moov_range.end - self.moov_at();
        // The length does not depend on the offsets.
        let new = movie::rebuilt(&self.moov, self.moov_at(), insert, &|offset| Some(offset), 0, budget)?.len() as u64;
        let moved = |offset: u64| {
            let moov =
                if self.moov_range.start < offset { i64::try_from(new).ok()? - i64::try_from(old).ok()? } else { 0 };
            offset.checked_add_signed(patch.growth_before(offset).checked_add(moov)?)
        };
        let far = || Error::unsupported(Format::M4a, "an offset in it would not fit any more");
        // The insertion itself stands at `front`, and is not counted up to there.
        let data = insertion.as_ref().map_or(0, |(_, within)| *within) + moved(self.front).ok_or_else(far)?;
        let mut moov = movie::rebuilt(&self.moov, self.moov_at(), insert, &moved, data, budget)?;
        items.in_movie(&mut moov, &moved, budget)?;
        patch.replace(self.moov_range.clone(), moov);
        Ok(())
    }
}
