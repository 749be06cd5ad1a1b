//! One file per format; this file is the list, and what every format has in common.

mod aac;
mod avi;
mod avif;
mod decode;
mod epub;
mod facts;
mod film;
mod flac;
mod frames;
mod gif;
mod heif;
mod html;
mod jpeg;
mod jxl;
mod listen;
mod m4a;
mod matroska;
mod mov;
mod movie;
mod mp3;
mod mp4;
mod mpegts;
mod ogg;
mod ooxml;
mod opendocument;
mod package;
mod parts;
mod pdf;
mod png;
mod sidecar;
#[cfg(test)]
mod splices;
mod subtitles;
mod survey;
mod svg;
mod tags;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod tiff;
mod wav;
mod webp;

use std::{any::Any, fmt, ops::Range};

pub use facts::Carries;
pub(crate) use facts::{Facts, HardBinding};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    container::id3,
    geometry::{Rect, Size},
    limits::Budget,
    notice::{Audible, Heard, Hit, Lettering, Notice, Prose, Raster, Sound},
    patch::Patch,
    record::Record,
    stream::{Source, head},
};

pub(crate) use film::{Card, Scene};
pub(crate) use mpegts::STAMPED;
pub(crate) use parts::{Archive, Member, NamedBox};
pub(crate) use survey::{Block, Pages, Store, Stretch, Survey, TextField};

// The order is the order of sniffing.
formats! {
    /// JPEG: ISO/IEC 10918-1, JFIF and Exif files.
    Jpeg => jpeg::Jpeg,
    /// PNG and APNG: W3C PNG, third edition.
    Png => png::Png,
    /// GIF 87a and 89a, animated too.
    Gif => gif::Gif,
    /// WebP: RFC 9649.
    WebP => webp::WebP,
    /// TIFF 6.0 (no BigTIFF).
    Tiff => tiff::Tiff,
    /// AVIF: AV1 pictures in ISO BMFF.
    Avif => avif::Avif,
    /// HEIC and HEIF: ISO/IEC 23008-12.
    Heif => heif::Heif,
    /// JPEG XL: ISO/IEC 18181, in its box container.
    Jxl => jxl::Jxl,
    /// SVG 1.1 and 2.
    Svg => svg::Svg,
    /// WAV: RIFF/WAVE, RF64 and BW64.
    Wav => wav::Wav,
    /// AVI, with OpenDML's further parts.
    Avi => avi::Avi,
    /// M4A: sound in ISO BMFF, as Apple marks it.
    M4a => m4a::M4a,
    /// MOV: Apple's QuickTime File Format.
    Mov => mov::Mov,
    /// MP4, M4V and their kin: film and sound in ISO BMFF, in one piece or in fragments.
    Mp4 => mp4::Mp4,
    /// Matroska and WebM: RFC 9559.
    Matroska => matroska::Matroska,
    /// MPEG transport streams: ISO/IEC 13818-1.
    MpegTs => mpegts::MpegTs,
    /// Ogg: Opus, Vorbis, FLAC and more in RFC 3533.
    Ogg => ogg::Ogg,
    /// FLAC: RFC 9639.
    Flac => flac::Flac,
    /// AAC as ADTS frames.
    Aac => aac::Aac,
    /// MP3 with its ID3 tags.
    Mp3 => mp3::Mp3,
    /// A C2PA manifest store in a file of its own.
    Sidecar => sidecar::Sidecar,
    /// PDF: ISO 32000.
    Pdf => pdf::Pdf,
    /// Office Open XML: DOCX, XLSX, PPTX.
    Ooxml => ooxml::Ooxml,
    /// OpenDocument: ODT, ODS, ODP, ODG.
    OpenDocument => opendocument::OpenDocument,
    /// EPUB 2 and 3.
    Epub => epub::Epub,
    /// HTML and XHTML pages, and fragments of them.
    Html => html::Html,
    /// WebVTT: W3C.
    WebVtt => subtitles::WebVtt,
    /// SubRip: numbers, times and words.
    SubRip => subtitles::SubRip,
    /// Plain text, Markdown, source code and the like: UTF-8.
    Text => text::Text,
}

/// How content is perceived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Medium {
    /// Still and animated pictures.
    Image,
    /// Sound alone.
    Audio,
    /// Moving pictures, with or without sound.
    Video,
    /// Text and documents.
    Text,
}

/// What one format does. Everything that depends on its bytes lives behind this.
pub(crate) trait Handler: Sync {
    fn facts(&self) -> &'static Facts;

    /// Whether a file that starts with `head` (up to 4096 bytes) is of this format.
    fn sniff(&self, head: &[u8]) -> bool;

    /// The same for what stands behind the ID3v2 tags of a file that starts with such.
    fn sniff_behind_id3(&self, _head: &[u8]) -> bool {
        false
    }

    /// Walks the container: what is there, and where. Decodes no pixels.
    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey>;

    /// The media type of the result: of a text it may hang on [`Survey::extension`].
    fn media_type(&self, survey: &Survey) -> &'static str {
        survey.media_type
    }

    /// Why there is no place for a notice in a text of this kind, although its format has one.
    fn mute(&self, _survey: &Survey) -> Option<&'static str> {
        None
    }

    /// Whether a notice at this place was put there by a label, as its shape tells where the file itself cannot.
    fn is_own(&self, _survey: &Survey, _range: &Range<u64>) -> bool {
        false
    }

    /// Whether there is an end at which a notice could stand once more. Slides and sheets have none that people reach by reading.
    fn ends(&self) -> bool {
        true
    }

    /// The edits that put the label into the file. Formats that are examined only leave this as it is: the
    /// labeler refuses them before.
    fn mark(&self, _source: &mut dyn Source, _survey: &Survey, _label: &Label, _budget: &mut Budget) -> Result<Marked> {
        Err(Error::UnknownFormat)
    }

    /// The names of the parts of the result but the manifest, for a hash over a collection (C2PA 2.4 §18.8): the length of the
    /// manifest hangs on them, and so they are needed before anything can be marked.
    fn members(
        &self,
        _source: &mut dyn Source,
        _survey: &Survey,
        _label: &Label,
        _budget: &mut Budget,
    ) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// How the audible notice will be heard in this file: where it goes, and its samples or why there are none.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] where it cannot be put into this very file, with what would work instead.
    fn hear(
        &self,
        _source: &mut dyn Source,
        _survey: &Survey,
        _audible: &Audible,
        _budget: &mut Budget,
    ) -> Result<Heard> {
        Err(Error::UnknownFormat)
    }

    /// What can be put in front of this film: the opening card, and what is said with it. `None` in formats that take none.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] where it cannot be put in front of this very film, with what would work instead.
    fn card(
        &self,
        _source: &mut dyn Source,
        _survey: &Survey,
        _audible: &Audible,
        _budget: &mut Budget,
    ) -> Result<Option<Card>> {
        Ok(None)
    }

    /// The opening card of a film, where it begins with one that can be read without a decoder.
    fn scene(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Scene>> {
        Ok(None)
    }

    /// The known clips near the start that are told by their coded form, in formats that this build cannot decode; `None` in the
    /// others.
    fn clips(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Vec<Hit>>> {
        Ok(None)
    }

    /// Decodes the sound of a stretch of the file, to listen for the notice; `None` when this build cannot decode it.
    fn sound(
        &self,
        _source: &mut dyn Source,
        _survey: &Survey,
        _stretch: Stretch,
        _budget: &mut Budget,
    ) -> Result<Option<Sound>> {
        Ok(None)
    }

    /// The parts of the file by the names that C2PA 2.4 §18.7 gives them, front to back; `None` where it gives none, or where this
    /// build does not know them.
    fn named_boxes(
        &self,
        _source: &mut dyn Source,
        _survey: &Survey,
        _budget: &mut Budget,
    ) -> Result<Option<Vec<NamedBox>>> {
        Ok(None)
    }

    /// The parts of an archive, for a hash over a collection (C2PA 2.4 §18.8); `None` where the format is none, or it is damaged.
    fn archive(&self, _source: &mut dyn Source, _budget: &mut Budget) -> Result<Option<Archive>> {
        Ok(None)
    }

    /// Decodes the (first) picture as shown, to look for the notice; `None` when this build cannot decode it.
    fn picture(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Raster>> {
        Ok(None)
    }

    /// A part of that picture; `None` where it is not wholly inside, too. Formats that can decode a part decode no more.
    fn part(
        &self,
        source: &mut dyn Source,
        survey: &Survey,
        rect: Rect,
        budget: &mut Budget,
    ) -> Result<Option<Raster>> {
        Ok(self.picture(source, survey, budget)?.and_then(|picture| picture.part(rect)))
    }

    /// The first picture's pixels of 8 bits, red, green, blue and alpha, as stored: neither turned nor laid over anything.
    /// `None` where it has no alpha, other samples, or was not stored without loss.
    fn rgba(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    /// Whether the notice that was just drawn can be seen in the (first) picture; `None` when this build cannot decode it.
    /// Formats that can look at a part decode no more than that.
    fn shows(
        &self,
        source: &mut dyn Source,
        survey: &Survey,
        notice: &Notice,
        budget: &mut Budget,
    ) -> Result<Option<bool>> {
        let picture = self.picture(source, survey, budget)?;
        Ok(picture.map(|picture| picture.part(notice.rect).is_some_and(|part| notice.is_seen_in(&part))))
    }
}

/// What `mark` has to put into a file.
pub(crate) struct Label<'a> {
    /// The notice as shown; `None` when it is not wanted or stands there already.
    pub(crate) notice: Option<&'a Notice>,
    /// The notice as heard; `None` when it is not wanted or stands there already.
    pub(crate) heard: Option<&'a Heard>,
    /// What is put in front of a film; `None` when it is not wanted or stands there already. Its picture is `notice`.
    pub(crate) card: Option<&'a Card>,
    /// The notice in words; `None` when it is not wanted or stands there already.
    pub(crate) prose: Option<&'a Prose>,
    /// Draws the same notice for a page of another size than the first.
    pub(crate) notice_for: &'a dyn Fn(Size) -> Result<Notice>,
    /// Letters it for a page that holds text; its shorter side has 200 units or more.
    pub(crate) lettering_for: &'a dyn Fn(Size) -> Result<Lettering>,
    /// The record; `None` when it is not wanted.
    pub(crate) record: Option<&'a Record>,
    /// Length of the manifest store to make room for; `None` when it is not wanted.
    pub(crate) store_len: Option<usize>,
    /// The manifest is to stand in a file beside this one.
    pub(crate) beside: bool,
}

/// What `mark` did.
#[derive(Default)]
pub(crate) struct Marked {
    /// Removes old stores, places the rest.
    pub(crate) patch: Patch,
    /// Whether the notice is in: `false` where the format cannot carry one, or not with this file.
    pub(crate) noticed: bool,
    /// What of the notice is missing although it is in: sentences, one a page.
    pub(crate) missing: Vec<String>,
    /// Why there is no notice, or what had to be re-encoded and how close it stayed: sentences for the `Receipt`.
    pub(crate) remarks: Vec<String>,
    /// What makes it short for the handler to find the notice that it drew.
    pub(crate) hint: Option<Box<dyn Any + Send + Sync>>,
    /// The format has no place for a record: the manifest alone speaks to machines.
    pub(crate) no_place_for_record: bool,
}

impl Format {
    /// Recognises content by its leading bytes, never by its name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownFormat`] when nothing fits, [`Error::Io`] when it cannot be read.
    ///
    /// ```
    /// use std::io::Cursor;
    /// let format = tanba::Format::sniff(&mut Cursor::new(b"\x89PNG\r\n\x1a\n"))?;
    /// assert_eq!(format, tanba::Format::Png);
    /// # Ok::<(), tanba::Error>(())
    /// ```
    pub fn sniff(source: &mut dyn Source) -> Result<Self> {
        // A tag of any length, cover pictures in it, may stand in front of sound.
        let tags = id3::leading(source, Self::Mp3)?;
        let head = head(source, tags)?;
        source.rewind()?;
        let fits = |format: &Self| match tags {
            0 => format.handler().sniff(&head),
            _ => format.handler().sniff_behind_id3(&head),
        };
        Self::ALL.iter().copied().find(fits).ok_or(Error::UnknownFormat)
    }

    /// The name that people use.
    pub fn name(self) -> &'static str {
        self.handler().facts().name
    }

    /// Lower-case file name extensions, the preferred one first.
    pub fn extensions(self) -> &'static [&'static str] {
        self.handler().facts().extensions
    }

    /// Media types, the registered one first.
    pub fn media_types(self) -> &'static [&'static str] {
        self.handler().facts().media_types
    }

    /// How the content is perceived.
    pub fn medium(self) -> Medium {
        self.handler().facts().medium
    }

    /// Whether tanba labels such files; the others are examined only.
    pub fn can_label(self) -> bool {
        self.handler().facts().can_label
    }

    /// How the notice gets in.
    pub fn notice(self) -> Carries {
        self.handler().facts().notice
    }

    /// What does not work for this format, in a sentence; empty when there is nothing to say.
    pub fn limitations(self) -> &'static str {
        self.handler().facts().limitations
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Declares [`Format`] and its table.
macro_rules! formats {
    ($($(#[$doc:meta])+ $variant:ident => $handler:path),+ $(,)?) => {
        /// A format that tanba can label and examine.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(rename_all = "lowercase")]
        #[non_exhaustive]
        pub enum Format { $($(#[$doc])+ $variant),+ }

        impl Format {
            /// Every format, in the order of sniffing.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub(crate) fn handler(self) -> &'static dyn Handler {
                match self { $(Self::$variant => &$handler),+ }
            }
        }
    };
}
use formats;
