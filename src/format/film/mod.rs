//! Films of ISO BMFF (MP4, MOV): an opening card and the spoken notice become the first samples of their tracks, a caption track says
//! the same for the rest, and no sample of the film changes.

pub(super) mod asc;
mod caption;
mod file;
mod fragments;
mod items;
mod movie;
mod picture;
mod remake;
mod scene;
mod splice;
pub(super) mod tables;
pub(super) mod tags;
pub(super) mod voice;

use super::{Format, Label, Marked, Survey};
use crate::{
    Error, Result,
    container::bmff::{BoxHead, C2PA_UUID, XMP_UUID, sized, store_box},
    geometry::Size,
    limits::Budget,
    notice::{Audible, Heard},
    patch::Patch,
    record::{self, Record},
    stream::Source,
};
use caption::Caption;
use file::File;
pub(super) use items::Items;
use movie::{Movie, Walk};
use remake::Remake;
use splice::Splice;

pub(crate) use scene::Scene;
pub(super) use scene::{captions, scene};

/// Samples of a frame of AAC.
const BLOCK: u64 = voice::BLOCK;

/// What is put in front of a film.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    /// Size of the picture that it is drawn for, as shown; `None` where the film has no picture, and is only heard.
    pub(crate) frame: Option<Size>,
    /// How long it is seen, in milliseconds.
    pub(crate) ms: u64,
    /// What is said with it; `None` where the sound has no clip.
    pub(crate) heard: Option<Heard>,
    /// Whether the film has sound.
    pub(crate) has_sound: bool,
    /// The words of the caption track and the tags of their languages; filled in by who knows them.
    pub(crate) captions: Vec<String>,
    pub(crate) languages: Vec<&'static str>,
    splice: Splice,
}

/// What can be put in front of this film.
///
/// # Errors
///
/// [`Error::Unsupported`] for films that a card cannot be put in front of, with what would work instead.
pub(super) fn card(source: &mut dyn Source, format: Format, audible: &Audible, budget: &mut Budget) -> Result<Card> {
    let file = File::read(source, format, budget)?;
    let movie = Movie::read(&file.moov, file.moov_range.start, &mut Walk { format, budget })?;
    if file.fragments || movie.fragments {
        let what = "it is in fragments, and an opening card goes in front of a film in one piece: put it into one first \
                    (ffmpeg -i in.mp4 -c copy -movflags +faststart out.mp4), or ask for no notice";
        return Err(Error::unsupported(format, what));
    }
    let splice = Splice::plan(&movie, audible, source, format, budget)?;
    let spoken = splice.spoken().map(|(span, clips)| Heard { spans: vec![span], ..Heard::once(clips, 1, false) });
    let frame = splice.screen.as_ref().and_then(|screen| {
        let (width, height) = screen.sps.shown()?;
        Some(screen.orientation.shown(Size { width, height }))
    });
    if frame.is_none() && spoken.is_none() {
        let what = "it has neither a film of H.264 nor sound of AAC-LC at a rate with a spoken clip; convert it first";
        return Err(Error::unsupported(format, what));
    }
    let (captions, languages) = (Vec::new(), Vec::new());
    let has_sound = movie.tracks.iter().any(|track| track.handler == *b"soun");
    Ok(Card { has_sound, frame, ms: splice.ms(&movie), heard: spoken, captions, languages, splice })
}

/// The edits that put the label into a film.
pub(super) fn mark(
    source: &mut dyn Source,
    survey: &Survey,
    format: Format,
    label: &Label,
    budget: &mut Budget,
) -> Result<Marked> {
    let mut file = File::read(source, format, budget)?;
    let items = Items::find(source, format, &file.boxes, &file.moov, budget)?;
    let mut marked = Marked::default();
    let beside = tags::put(&mut file.moov, file.moov_range.start, survey, label.record, format, budget)?;
    let mut front =
        boxes(&file.boxes, file.ftyp_end, survey, label.store_len, beside.as_ref(), &mut marked.patch, budget)?;
    let movie = Movie::read(&file.moov, file.moov_range.start, &mut Walk { format, budget })?;
    let mut work = Work { file: &file, movie: &movie, front: 0, changes: Vec::new(), caption: None };
    if let Some(card) = label.card {
        let (data, changes) = card.splice.changes(&movie, label.notice, format)?;
        work.changes = changes;
        work.front = front.len() as u64 + 8;
        work.caption = card.caption(&movie, format, data.len() as u64);
        let captions = work.caption.iter().flat_map(|caption| caption.samples.concat());
        let data: Vec<u8> = data.into_iter().chain(captions).collect();
        front.extend(sized(b"mdat", &data));
        marked.noticed = true;
    }
    marked.patch.insert(file.front, front);
    work.write(label.card.map(|card| &card.splice), &items, &mut marked.patch, budget)?;
    items.beside(&mut marked.patch, budget)?;
    if file.fragments {
        fragments::moved(&file, source, &mut marked.patch, budget)?;
    }
    Ok(marked)
}

/// The caption track to be.
struct Added<'a> {
    caption: Caption<'a>,
    place: caption::Place,
    samples: Vec<Vec<u8>>,
    /// From the start of what is put in front.
    at: u64,
}

impl Card {
    /// `None` where there is nothing to read, or where the film is longer than such a track can say.
    fn caption(&self, movie: &Movie, format: Format, at: u64) -> Option<Added<'_>> {
        let frame = self.frame.filter(|_| !self.captions.is_empty())?;
        let caption = Caption { lines: &self.captions, languages: &self.languages };
        let lasts = movie.tracks.iter().map(|track| track.lasts(movie.scale)).max()?;
        let place = caption::Place {
            number: remake::free_number(movie.tracks.iter().map(|track| track.id))?,
            scale: movie.scale,
            card: u32::try_from(self.splice.length.at(movie.scale)).ok()?,
            rest: u32::try_from(lasts).ok()?,
            frame,
            quicktime: format == Format::Mov,
        };
        Some(Added { samples: caption::samples(&caption), caption, place, at })
    }
}

/// What the movie box is made from.
struct Work<'a> {
    /// With the record in its movie box.
    file: &'a File,
    movie: &'a Movie,
    /// Bytes before the first new sample in what is put in front.
    front: u64,
    changes: Vec<tables::Change>,
    caption: Option<Added<'a>>,
}

impl Work<'_> {
    /// Writes the movie box anew, once beside the old one, with every offset moved as far as what stands before it grows.
    fn write(self, splice: Option<&Splice>, items: &Items, patch: &mut Patch, budget: &mut Budget) -> Result<()> {
        let (file, at) = (self.file, self.file.moov_range.start);
        let mut walk = Walk { format: file.format, budget };
        let length = |scale| splice.map_or(0, |splice| splice.length.at(scale));
        let (in_movie, in_chapters) = (length(self.movie.scale), length(10_000_000));
        let old = file.moov_range.end - at;
        let mut wide = false;
        loop {
            let added = |data: u64, wide: bool| {
                self.caption.as_ref().map(|added| {
                    let lens: Vec<_> =
                        added.samples.iter().map(|sample| u32::try_from(sample.len()).unwrap_or(0)).collect();
                    let data = added.at.saturating_add(data);
                    (added.place.number, caption::track(&added.caption, &added.place, &lens, data, wide))
                })
            };
            // Its length does not depend on the offsets, only on their width.
            let remake = Remake { changes: &self.changes, in_movie, in_chapters, added: added(0, wide), wide };
            let mut made = remake.moov(&file.moov, at, &mut walk)?;
            let new = made.moov.len() as u64;
            let moved = |offset: u64| {
                let moov = if at < offset { i64::try_from(new).ok()? - i64::try_from(old).ok()? } else { 0 };
                offset.checked_add_signed(patch.growth_before(offset).checked_add(moov)?)
            };
            let too_far = || Error::unsupported(file.format, "an offset in it would not fit any more");
            // What is put in stands at `front`, and is not counted up to there.
            let data = self.front + moved(file.front).ok_or_else(too_far)?;
            match made.place(data, &moved, added(data, wide).map(|(_, track)| track)) {
                Some(()) => {
                    items.in_movie(&mut made.moov, &moved, walk.budget)?;
                    patch.replace(file.moov_range.clone(), made.moov);
                    return Ok(());
                }
                None if wide => return Err(too_far()),
                // Some offset needs more than 32 bits now.
                None => wide = true,
            }
        }
    }
}

/// Removes the old manifest, makes room for the new one, and puts the packet of XMP where the old one stands; returns what has to
/// go in front of the media data instead.
pub(super) fn boxes(
    boxes: &[BoxHead],
    ftyp_end: u64,
    survey: &Survey,
    store_len: Option<usize>,
    record: Option<&Record>,
    patch: &mut Patch,
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    if let Some(store_len) = store_len {
        patch.slot(ftyp_end, store_len, Box::new(store_box));
    }
    for head in boxes.iter().filter(|head| head.uuid == Some(C2PA_UUID)) {
        patch.delete(head.range.clone());
    }
    let Some(record) = record else { return Ok(Vec::new()) };
    let packet = record::merge(survey.xmp.first().map(|xmp| xmp.bytes.as_slice()), record, budget)?;
    let packet = sized(b"uuid", &[&XMP_UUID[..], &packet].concat());
    match boxes.iter().find(|head| head.uuid == Some(XMP_UUID)) {
        Some(old) => {
            patch.replace(old.range.clone(), packet);
            Ok(Vec::new())
        }
        None => Ok(packet),
    }
}
