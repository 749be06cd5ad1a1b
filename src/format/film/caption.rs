//! A caption track for those who come later or hear nothing: 3GPP timed text (TS 26.245), which players show without being asked.

use crate::{container::bmff::sized, geometry::Size};

/// What is read on it.
pub(super) struct Caption<'a> {
    pub(super) lines: &'a [String],
    /// BCP 47 tags of the lines.
    pub(super) languages: &'a [&'static str],
}

/// Where it stands in the film.
pub(super) struct Place {
    /// Number of the track.
    pub(super) number: u32,
    /// Units a second of the movie, which are the track's as well.
    pub(super) scale: u32,
    /// Units that the card lasts, and those that the rest does.
    pub(super) card: u32,
    pub(super) rest: u32,
    /// Of the picture as shown.
    pub(super) frame: Size,
    /// QuickTime's own boxes.
    pub(super) quicktime: bool,
}

/// The samples: none while the card is seen, then the words.
pub(super) fn samples(caption: &Caption) -> Vec<Vec<u8>> {
    let text = caption.lines.join("\n");
    // A length of two bytes comes first.
    let text = text.get(..text.floor_char_boundary(1000)).unwrap_or_default();
    let len = u16::try_from(text.len()).unwrap_or(0);
    vec![vec![0, 0], [&len.to_be_bytes(), text.as_bytes()].concat()]
}

/// The track, whose samples stand in one chunk at `data`; `wide` asks for 64 bits to say so.
pub(super) fn track(caption: &Caption, place: &Place, lens: &[u32], data: u64, wide: bool) -> Vec<u8> {
    let Place { number, scale, card, rest, frame, .. } = *place;
    let duration = card.saturating_add(rest);
    let word = |value: u32| value.to_be_bytes();
    // The lower part of the picture, in 16.16 fixed point.
    let height = (frame.height / 6).max(16).min(frame.height);
    let fixed = |pixels: u32| word(u32::try_from(u64::from(pixels) << 16).unwrap_or(u32::MAX));
    let (one, whole) = (word(1 << 16), word(1 << 30));
    let nothing = [0; 4];
    let matrix = [one, nothing, nothing, nothing, one, nothing, nothing, fixed(frame.height - height), whole].concat();
    let header = [
        // Enabled, in the movie.
        &word(3)[..],
        &[0; 8],
        &word(number),
        &nothing,
        &word(duration),
        &[0; 8],
        // In front of the picture; of no group of alternatives.
        &(-1_i16).to_be_bytes(),
        &[0; 6],
        &matrix,
        &fixed(frame.width),
        &fixed(height),
    ]
    .concat();
    let media =
        [&[0; 12][..], &word(scale), &word(duration), &language(caption.languages).to_be_bytes(), &[0; 2]].concat();
    let component: &[u8] = if place.quicktime { b"mhlr" } else { &[0; 4] };
    let handler = [&[0; 4][..], component, b"sbtl", &[0; 12], b"AI notice\0"].concat();
    let times = [&nothing[..], &word(2), &word(1), &word(card), &word(1), &word(rest)].concat();
    let chunks = [&nothing[..], &word(1), &word(1), &word(2), &word(1)].concat();
    let lens: Vec<u8> = lens.iter().flat_map(|len| word(*len)).collect();
    let sizes = [&nothing[..], &nothing, &word(2), &lens].concat();
    let offset = match u32::try_from(data) {
        Ok(data) if !wide => sized(b"stco", &[&nothing[..], &word(1), &word(data)].concat()),
        _ => sized(b"co64", &[&nothing[..], &word(1), &data.to_be_bytes()].concat()),
    };
    let table = [
        sized(b"stsd", &[&nothing[..], &word(1), &entry(frame.width, height)].concat()),
        sized(b"stts", &times),
        sized(b"stsc", &chunks),
        sized(b"stsz", &sizes),
        offset,
    ]
    .concat();
    let reference = sized(b"dref", &[&nothing[..], &word(1), &sized(b"url ", &word(1))].concat());
    let general = match place.quicktime {
        // QuickTime's base header: mode, colours, balance.
        true => sized(b"gmhd", &sized(b"gmin", &[&nothing[..], &[0, 0x40], &[0x80, 0].repeat(3), &[0; 4]].concat())),
        false => sized(b"nmhd", &nothing),
    };
    let information = [general, sized(b"dinf", &reference), sized(b"stbl", &table)].concat();
    let body = [sized(b"mdhd", &media), sized(b"hdlr", &handler), sized(b"minf", &information)].concat();
    sized(b"trak", &[sized(b"tkhd", &header), sized(b"mdia", &body)].concat())
}

/// The sample entry: TS 26.245, 5.16.
fn entry(width: u32, height: u32) -> Vec<u8> {
    /// All samples are forced, and some (the same) are: players show them unless somebody says no.
    const FORCED: u32 = 0xC000_0000;
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX).to_be_bytes();
    let size = u8::try_from((height / 3).clamp(8, 200)).unwrap_or(18);
    let fonts = sized(b"ftab", &[&[0, 1, 0, 1, 10][..], b"Sans-Serif"].concat());
    let body = [
        // Reserved, and the first entry of references.
        &[0, 0, 0, 0, 0, 0, 0, 1][..],
        &FORCED.to_be_bytes(),
        // In the middle, at the bottom; a dark ground.
        &[1, 0xFF, 0, 0, 0, 0xC0],
        &[0; 4],
        &side(height),
        &side(width),
        // For the whole text: font 1, plain, its size, white.
        &[0, 0, 0, 0, 0, 1, 0, size, 0xFF, 0xFF, 0xFF, 0xFF],
        &fonts,
    ]
    .concat();
    sized(b"tx3g", &body)
}

/// The language of a track: three letters of ISO 639-2 in fifteen bits (14496-12, 8.4.2).
fn language(tags: &[&str]) -> u16 {
    let code = match tags {
        [one] => THREE.iter().find(|(tag, _)| one.split('-').next() == Some(tag)).map_or(*b"und", |(_, code)| **code),
        [] => *b"und",
        _ => *b"mul",
    };
    code.iter().fold(0, |bits, letter| bits << 5 | u16::from(letter - 0x60))
}

/// The languages of the wordings.
const THREE: &[(&str, &[u8; 3])] = &[
    ("kk", b"kaz"),
    ("ru", b"rus"),
    ("en", b"eng"),
    ("zh", b"zho"),
    ("hi", b"hin"),
    ("ko", b"kor"),
    ("ar", b"ara"),
    ("de", b"deu"),
    ("fr", b"fra"),
    ("es", b"spa"),
    ("it", b"ita"),
    ("pt", b"por"),
    ("pl", b"pol"),
    ("nl", b"nld"),
    ("tr", b"tur"),
    ("uk", b"ukr"),
    ("uz", b"uzb"),
    ("ky", b"kir"),
    ("ja", b"jpn"),
];

/// The words of the samples of a track of this kind: what is read in each, without what styles it.
pub(super) fn words(sample: &[u8]) -> Option<&str> {
    let (len, rest) = sample.split_at_checked(2)?;
    let len = usize::from(u16::from_be_bytes([len[0], len[1]]));
    std::str::from_utf8(rest.get(..len)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_as_they_were_written() {
        let lines = ["ЖИ көмегімен жасалды".to_owned(), "Создано ИИ".to_owned()];
        let samples = samples(&Caption { lines: &lines, languages: &["kk", "ru"] });
        assert_eq!(samples.iter().map(|sample| words(sample).unwrap()).collect::<Vec<_>>(), ["", &*lines.join("\n")]);
        assert!(words(&samples[1][..20]).is_none() && words(&[]).is_none());
        assert_eq!((language(&["kk"]), language(&["de-AT"])), (0x2C3A, 0x10B5));
        assert_eq!((language(&["kk", "ru"]), language(&["xx"])), (0x36AC, 0x55C4));
    }
}
