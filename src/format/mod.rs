//! One file per format; this file is the list, and what every format has in common.

mod avif;
mod decode;
mod frames;
mod gif;
mod heif;
mod jpeg;
mod jxl;
mod png;
mod svg;
#[cfg(test)]
pub(crate) mod testing;
mod tiff;
mod webp;

use std::{fmt, ops::Range};

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    geometry::{Orientation, Size},
    limits::Budget,
    notice::{Notice, Raster},
    patch::Patch,
    record::Record,
    stream::Source,
};

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

/// What one format is and can carry: said once, in the format's own file; lists and tables are derived from it.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) name: &'static str,
    /// Media types, the registered one first.
    pub(crate) media_types: &'static [&'static str],
    /// Lower-case extensions, the preferred one first.
    pub(crate) extensions: &'static [&'static str],
    pub(crate) medium: Medium,
    /// Whether tanba labels such files, or examines them only.
    pub(crate) can_label: bool,
    /// How the notice is placed.
    pub(crate) notice: Carries,
    /// How the manifest is bound to the content.
    pub(crate) binding: HardBinding,
    /// Limits of this format, in a sentence for the README; empty when there are none worth a sentence.
    pub(crate) limitations: &'static str,
}

/// How a notice gets into a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Carries {
    /// Everything outside the notice stays bit-exact.
    Lossless,
    /// The picture is decoded and encoded again; how close it stays is in the `Receipt`.
    Reencoded,
    /// Not possible: the label is incomplete without another warning beside the content.
    No,
}

/// C2PA hard binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HardBinding {
    /// `c2pa.hash.data`: a hash over the file but the manifest's own bytes.
    Data,
    /// `c2pa.hash.bmff.v3`: a hash over the boxes of an ISO BMFF file.
    Bmff,
}

/// What one format does. Everything that depends on its bytes lives behind this.
pub(crate) trait Handler: Sync {
    fn facts(&self) -> &'static Facts;

    /// Whether a file that starts with `head` (up to 4096 bytes) is of this format.
    fn sniff(&self, head: &[u8]) -> bool;

    /// Walks the container: what is there, and where. Decodes no pixels.
    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey>;

    /// The edits that put the label into the file. Formats that are examined only leave this as it is: the
    /// labeler refuses them before.
    fn mark(&self, _source: &mut dyn Source, _survey: &Survey, _label: &Label, _budget: &mut Budget) -> Result<Marked> {
        Err(Error::UnknownFormat)
    }

    /// Decodes the (first) picture as shown, to look for the notice; `None` when this build cannot decode it.
    fn picture(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Raster>> {
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

/// What a walk through a container found. The same vocabulary for all formats, so that the readers of metadata know none.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The media type of this very file (HEIC and HEIF differ, for instance); one of [`Facts::media_types`].
    pub(crate) media_type: &'static str,
    /// Size as stored, in pixels; `None` where the file does not say (SVG without size).
    pub(crate) stored: Option<Size>,
    pub(crate) orientation: Orientation,
    /// Pixels that the height of a strip must be a multiple of, so that the picture below it need not change; 0 is 1.
    pub(crate) strip_unit: u32,
    /// Number of frames or pages; 1 for stills.
    pub(crate) frames: u32,
    /// C2PA manifest stores, in file order; more than one is a fault of the file.
    pub(crate) stores: Vec<Store>,
    /// XMP packets, in file order.
    pub(crate) xmp: Vec<Block>,
    /// EXIF blocks: TIFF structures without the `Exif\0\0` prefix.
    pub(crate) exif: Vec<Block>,
    /// Other text fields: PNG text chunks, GIF comments, TIFF tags, JPEG comments.
    pub(crate) texts: Vec<TextField>,
    /// Bytes after the end of the content proper (JPEG after EOI, PNG after IEND).
    pub(crate) trailer: Option<Range<u64>>,
    /// What stands in the file and was not read, as sentences with the place: a label may be in there.
    pub(crate) unread: Vec<String>,
}

impl Survey {
    /// The size as shown.
    pub(crate) fn shown(&self) -> Option<Size> {
        self.stored.map(|stored| self.orientation.shown(stored))
    }
}

/// A manifest store and what carries it.
#[derive(Debug)]
pub(crate) struct Store {
    /// The ranges of the file that exist only to carry the store: chunk with header and checksum, segments, tag value.
    /// Exactly these may be left out of the hash.
    pub(crate) carrier: Vec<Range<u64>>,
    /// The JUMBF bytes.
    pub(crate) jumbf: Vec<u8>,
}

/// A metadata block that was read.
#[derive(Debug)]
pub(crate) struct Block {
    /// The range of the file that carries it, with its container's header.
    pub(crate) range: Range<u64>,
    /// Where it stands, for people: "APP1 at byte 20", "iTXt at byte 1234".
    pub(crate) place: String,
    pub(crate) bytes: Vec<u8>,
}

/// A text field that was read.
#[derive(Debug)]
pub(crate) struct TextField {
    /// Where it stands, for people: "tEXt chunk at byte 1234".
    pub(crate) place: String,
    /// The field's keyword or tag name.
    pub(crate) key: String,
    pub(crate) value: String,
}

/// What `mark` has to put into a file.
pub(crate) struct Label<'a> {
    /// The notice as shown; `None` when it is not wanted or stands there already.
    pub(crate) notice: Option<&'a Notice>,
    /// Draws the same notice for a page of another size than the first.
    pub(crate) notice_for: &'a dyn Fn(Size) -> Result<Notice>,
    /// The record; `None` when it is not wanted.
    pub(crate) record: Option<&'a Record>,
    /// Length of the manifest store to make room for; `None` when it is not wanted.
    pub(crate) store_len: Option<usize>,
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
        use std::io::Read as _;
        let mut head = Vec::new();
        source.rewind()?;
        (&mut *source).take(4096).read_to_end(&mut head)?;
        source.rewind()?;
        Self::ALL.iter().copied().find(|format| format.handler().sniff(&head)).ok_or(Error::UnknownFormat)
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
