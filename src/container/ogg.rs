//! Ogg: RFC 3533. Pages of logical bitstreams, which are told apart by their serial numbers.

use std::ops::Range;

use crate::{
    Format, Result,
    limits::Budget,
    stream::{Source, le_u32, length, read_at},
};

/// A page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// The whole page.
    pub(crate) range: Range<u64>,
    pub(crate) serial: u32,
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
    let (Some(&[b'O', b'g', b'g', b'S', 0, flags]), Some(serial)) = (head.first_chunk(), le_u32(&head, 14)) else {
        return Ok(None);
    };
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
    Ok(Some(Page { range: at..body.end, serial, continued, first, last, packets, open, body }))
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
