//! Ogg: RFC 3533. Pages of logical bitstreams, which are told apart by their serial numbers.

use std::ops::Range;

use crate::{
    Format, Result,
    container::crc::HighFirst,
    limits::Budget,
    stream::{Source, le_u32, length, read_at},
};

/// A page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// The whole page.
    pub(crate) range: Range<u64>,
    pub(crate) serial: u32,
    /// Its number in its bitstream.
    pub(crate) number: u32,
    /// Where its last packet that ends in it ends, in the codec's units; all ones where none ends.
    pub(crate) granule: u64,
    /// It begins with the rest of a packet.
    pub(crate) continued: bool,
    /// The first page of its bitstream.
    pub(crate) first: bool,
    /// The last one.
    pub(crate) last: bool,
    /// Lengths of the packets that end here, and of the one that goes on in another page.
    pub(crate) packets: Vec<u64>,
    /// Whether the last of them goes on.
    pub(crate) open: bool,
    /// What follows the header.
    pub(crate) body: Range<u64>,
}

const HEADER: u64 = 27;

/// The page at `at`; `None` where none stands there as a whole.
pub(crate) fn page(source: &mut dyn Source, format: Format, at: u64, budget: &mut Budget) -> Result<Option<Page>> {
    budget.part()?;
    let rest = length(source)?.saturating_sub(at);
    if rest < HEADER {
        return Ok(None);
    }
    // One read takes header and the longest table.
    let head = read_at(source, format, at, rest.min(HEADER + 255))?;
    let (Some(&[b'O', b'g', b'g', b'S', 0, flags]), Some(serial), Some(number)) =
        (head.first_chunk(), le_u32(&head, 14), le_u32(&head, 18))
    else {
        return Ok(None);
    };
    let granule = head.get(6..14).and_then(|bytes| bytes.try_into().ok()).map_or(u64::MAX, u64::from_le_bytes);
    let Some(lacing) = head.get(26).and_then(|&count| head.get(27..27 + usize::from(count))) else { return Ok(None) };
    let (mut packets, mut len) = (Vec::new(), 0);
    for &value in lacing {
        len += u64::from(value);
        if value < 255 {
            packets.push(std::mem::take(&mut len));
        }
    }
    let open = lacing.last() == Some(&255);
    if open {
        packets.push(len);
    }
    let start = at + HEADER + lacing.len() as u64;
    let body = start..start + lacing.iter().copied().map(u64::from).sum::<u64>();
    if body.end > at + rest {
        return Ok(None);
    }
    let (continued, first, last) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
    Ok(Some(Page { range: at..body.end, serial, number, granule, continued, first, last, packets, open, body }))
}

/// Granule of a page in which no packet ends.
pub(crate) const NOWHERE: u64 = u64::MAX;
/// The most values that a page's table holds.
const LACING: usize = 255;

/// Where a page starts or ends its bitstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) first: bool,
    pub(crate) last: bool,
}

/// Writes a bitstream's pages.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pub(crate) serial: u32,
    /// Number of the next page.
    pub(crate) number: u32,
}

impl Writer {
    /// One page of whole packets, the last of which ends at `granule`; `None` where they do not fit into one.
    pub(crate) fn page(&mut self, packets: &[&[u8]], granule: u64, edge: Edge) -> Option<Vec<u8>> {
        let lacing: Vec<u8> = packets.iter().flat_map(|packet| laced(packet.len())).collect();
        (lacing.len() <= LACING).then(|| self.put(&lacing, &packets.concat(), granule, false, edge))
    }

    /// A packet of any length in as many pages as it needs, none of which another packet shares.
    pub(crate) fn packet(&mut self, packet: &[u8], granule: u64) -> Vec<u8> {
        let lacing: Vec<u8> = laced(packet.len()).collect();
        let (mut out, mut rest) = (Vec::new(), packet);
        let count = lacing.chunks(LACING).count();
        for (index, lacing) in lacing.chunks(LACING).enumerate() {
            let (now, after) = rest.split_at(lacing.iter().copied().map(usize::from).sum::<usize>().min(rest.len()));
            rest = after;
            let granule = if index + 1 == count { granule } else { NOWHERE };
            out.extend(self.put(lacing, now, granule, index > 0, Edge::default()));
        }
        out
    }

    fn put(&mut self, lacing: &[u8], body: &[u8], granule: u64, continued: bool, edge: Edge) -> Vec<u8> {
        let flags = u8::from(continued) | u8::from(edge.first) << 1 | u8::from(edge.last) << 2;
        let mut page = [&b"OggS\0"[..], &[flags], &granule.to_le_bytes(), &self.serial.to_le_bytes()].concat();
        page.extend(self.number.to_le_bytes());
        page.extend([0; 4]);
        page.push(u8::try_from(lacing.len()).unwrap_or(u8::MAX));
        page.extend_from_slice(lacing);
        page.extend_from_slice(body);
        seal(&mut page);
        self.number = self.number.wrapping_add(1);
        page
    }
}

/// The table of one packet: 255 as long as it goes on.
fn laced(len: usize) -> impl Iterator<Item = u8> {
    std::iter::repeat_n(255, len / 255).chain([u8::try_from(len % 255).unwrap_or_default()])
}

/// The page under another number and further on; its packets stay.
pub(crate) fn renumbered(page: &mut [u8], number: u32, later: u64) {
    if page.len() < 27 {
        return;
    }
    let granule = u64::from_le_bytes(std::array::from_fn(|at| page[6 + at]));
    if granule != NOWHERE {
        page[6..14].copy_from_slice(&granule.wrapping_add(later).to_le_bytes());
    }
    page[18..22].copy_from_slice(&number.to_le_bytes());
    seal(page);
}

/// Writes the checksum: CRC-32 of polynomial 0x04C11DB7, over the page with zeros in its place.
fn seal(page: &mut [u8]) {
    static CRC: HighFirst = HighFirst::new(0x04C1_1DB7);
    page[22..26].fill(0);
    let crc = CRC.add(0, page);
    page[22..26].copy_from_slice(&crc.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::Limits;

    #[test]
    fn packets_are_told_by_their_lacing() {
        let head = [&b"OggS\0\x02"[..], &[0; 8], &7_u32.to_le_bytes(), &[0; 8]].concat();
        let page_of = |lacing: &[u8], body: usize| {
            let bytes = [&head[..], &[u8::try_from(lacing.len()).unwrap()], lacing, &vec![0; body]].concat();
            page(&mut Cursor::new(bytes), Format::Ogg, 0, &mut Budget::new(&Limits::default())).unwrap()
        };
        let page = page_of(&[255, 255, 3, 0, 9, 255], 777).unwrap();
        assert_eq!((page.packets, page.open, page.serial, page.first), (vec![513, 0, 9, 255], true, 7, true));
        assert_eq!((page.body, page.range), (33..810, 0..810));
        assert!(page_of(&[255, 255, 3, 0, 9, 255], 776).is_none());
        assert!(page_of(&[], 0).unwrap().packets.is_empty());
    }
}
