//! The frame in front of the sound that says how long it is and what to leave out of it: Xing's, with LAME's extension.

use super::{
    frame::{Header, sized},
    stream::{Stream, crc16},
};
use crate::stream::be_u32;

/// Samples that LAME's encoder puts before the sound; a decoder adds its own 529.
const DELAY: u16 = 576;
const DECODER: u64 = 529;
/// Bytes of Xing's fields with LAME's extension, the CRC at its end counted.
const FIELDS: usize = 156;
/// Where LAME's extension starts in them, and delay and padding in it.
const EXTENSION: usize = 120;
const GAPLESS: usize = EXTENSION + 21;

/// Samples at the start that are not heard.
pub(super) const UNHEARD: u64 = DELAY as u64 + DECODER;

/// How many frames of sound an old frame says that there are.
pub(super) fn count(frame: &[u8]) -> Option<u64> {
    let header = Header::parse(frame)?;
    let fields = frame.get(header.side_at() + header.side()..)?;
    let count = be_u32(fields, 8).filter(|_| fields.starts_with(b"Xing") || fields.starts_with(b"Info"))?;
    (fields.get(7)? & 1 != 0).then_some(count.into())
}

/// A new frame for the notice's frames, the first of which is like `stream.head`, and the stream's behind them.
pub(super) fn frame(stream: &Stream, notice: &[Vec<u8>]) -> Option<Vec<u8>> {
    let (side, side_at) = (stream.header.side(), 4);
    let (head, len) = sized(stream.head, side_at + side + FIELDS)?;
    let start = side_at + side;
    let mut frame = vec![0; len];
    frame[..4].copy_from_slice(&head);
    let fields = frame.get_mut(start..start + FIELDS)?;
    let old = old(stream);
    // What the encoder says of itself stays: its name, filters, gain.
    match old {
        Some(old) => fields[EXTENSION..].copy_from_slice(&old[EXTENSION..]),
        None => fields[EXTENSION..EXTENSION + 9].copy_from_slice(b"LAME3.100"),
    }
    let before: u64 = notice.iter().map(|frame| frame.len() as u64).sum();
    let bytes = len as u64 + before + (stream.sound.end - stream.sound.start);
    let count = notice.len() as u64 + stream.count;
    let (bytes32, count32) = (u32::try_from(bytes).ok()?, u32::try_from(count).ok()?);
    fields[..4].copy_from_slice(b"Xing");
    // Frames, bytes, table and quality are there.
    fields[7] = 0b1111;
    fields[8..12].copy_from_slice(&count32.to_be_bytes());
    fields[12..16].copy_from_slice(&bytes32.to_be_bytes());
    for (percent, entry) in (0..).zip(&mut fields[16..116]) {
        let number = count * percent / 100;
        let at = match usize::try_from(number).ok().filter(|number| *number < notice.len()) {
            Some(number) => notice[..number].iter().map(|frame| frame.len() as u64).sum(),
            None => before + stream.offset(number - notice.len() as u64),
        };
        *entry = u8::try_from((len as u64 + at) * 256 / bytes).unwrap_or(u8::MAX);
    }
    if let Some(quality) = old.and_then(|old| old.get(116..120)) {
        fields[116..120].copy_from_slice(quality);
    }
    let padding = old.map_or(0, |old| u16::from_be_bytes([old[GAPLESS + 1] & 0x0F, old[GAPLESS + 2]]));
    let [delay, padding] = [DELAY, padding].map(u16::to_be_bytes);
    let middle = delay[1] << 4 | padding[0] & 0x0F;
    fields[GAPLESS..GAPLESS + 3].copy_from_slice(&[delay[0] << 4 | delay[1] >> 4, middle, padding[1]]);
    fields[148..152].copy_from_slice(&bytes32.to_be_bytes());
    fields[152..154].copy_from_slice(&stream.crc.to_be_bytes());
    let crc = crc16(0, frame.get(..start + FIELDS - 2)?);
    frame[start + FIELDS - 2..start + FIELDS].copy_from_slice(&crc.to_be_bytes());
    Some(frame)
}

/// The fields of the old frame, where it has LAME's extension and all that stands before it.
fn old(stream: &Stream) -> Option<&[u8]> {
    let info = stream.info.as_deref()?;
    let header = Header::parse(info)?;
    let fields = info.get(header.side_at() + header.side()..)?.get(..FIELDS)?;
    let whole = matches!(&fields[..4], b"Xing" | b"Info") && fields[7] & 15 == 15;
    let name = &fields[EXTENSION..EXTENSION + 4];
    (whole && matches!(name, b"LAME" | b"Lavc" | b"Lavf" | b"L3.9")).then_some(fields)
}
