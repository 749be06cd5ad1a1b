//! JPEG XT box segments: APP11 that carries JUMBF. ISO/IEC 18477-3 Annex B, ISO/IEC 19566-5 Annex D, C2PA 2.4 A.3.1.
//!
//! Payload: `JP`, instance number En (16 bits), sequence number Z (32 bits, from 1), then LBox and TBox of the box, which
//! every segment repeats, then a part of the box.

use std::{collections::HashSet, ops::Range};

use super::markers::APP11;
use crate::{
    format::Store,
    stream::{be_u16, be_u32},
};

/// Bytes of a store in one segment: what c2pa-rs writes.
const CHUNK: usize = 64_000;
/// The instance number that c2pa-rs writes.
const INSTANCE: u16 = 0x0211;
/// The start of the UUID that marks a C2PA manifest store (C2PA 2.4, 11.1.4.2); its label says the same.
const C2PA: &[u8] = b"c2pa";

/// One APP11 segment of a file.
pub(super) struct Piece {
    pub(super) range: Range<u64>,
    pub(super) payload: Vec<u8>,
}

/// The C2PA manifest stores in the APP11 segments of a file, given in file order.
///
/// A store is joined only from segments that follow each other without a gap, number after number, with the same box
/// header. A segment that names a store's instance but does not continue it (gap, repeated number, other segments in
/// between) is reported as a store of its own: the store then lacks bytes, or the file has two, and neither passes.
pub(super) fn stores(pieces: &[Piece]) -> Vec<Store> {
    let mut stores: Vec<Store> = Vec::new();
    let mut open: Option<Open> = None;
    let mut instances: HashSet<u16> = HashSet::new();
    for Piece { range, payload } in pieces {
        let (Some(instance), Some(sequence)) = (be_u16(payload, 2), be_u32(payload, 4)) else { continue };
        let Some(header) = box_header(payload) else { continue };
        let continues = open.as_ref().is_some_and(|open| {
            instance == open.instance
                && Some(sequence) == open.sequence.checked_add(1)
                && range.start == open.end
                && header == open.header
        });
        if let (true, Some(open), Some(store)) = (continues, open.as_mut(), stores.last_mut()) {
            store.jumbf.extend_from_slice(&payload[8 + header.len()..]);
            if let Some(carrier) = store.carrier.last_mut() {
                carrier.end = range.end;
            }
            open.sequence = sequence;
            open.end = range.end;
            continue;
        }
        let starts = starts_store(payload);
        let stray = instances.contains(&instance) && !starts_box(payload, sequence);
        if starts || stray {
            stores.push(Store { carrier: vec![range.clone()], jumbf: payload[8..].to_vec() });
            instances.insert(instance);
            open = starts.then(|| Open { instance, sequence, end: range.end, header: header.to_vec() });
        }
    }
    stores
}

/// An instance number that none of the segments that stay uses: c2pa-rs joins segments by that number alone.
pub(super) fn free_instance(staying: &[&Piece]) -> u16 {
    let taken: HashSet<u16> = staying.iter().filter_map(|piece| be_u16(&piece.payload, 2)).collect();
    (INSTANCE..=u16::MAX).chain(1..INSTANCE).find(|instance| !taken.contains(instance)).unwrap_or(INSTANCE)
}

/// The segments that carry `store`, byte for byte as c2pa-rs writes them.
pub(super) fn wrap(store: &[u8], instance: u16) -> Vec<u8> {
    let header = store.get(..8).unwrap_or(store);
    let mut out = Vec::with_capacity(store.len() + (store.len() / CHUNK + 1) * 20);
    for (sequence, chunk) in (1_u32..).zip(store.chunks(CHUNK)) {
        let repeated = if sequence == 1 { &[][..] } else { header };
        // At most 2 + 8 + 8 + 64,000: fits 16 bits.
        let len = 2 + 8 + repeated.len() + chunk.len();
        out.extend_from_slice(&[0xFF, APP11]);
        out.extend_from_slice(&(len as u16).to_be_bytes());
        out.extend_from_slice(b"JP");
        out.extend_from_slice(&instance.to_be_bytes());
        out.extend_from_slice(&sequence.to_be_bytes());
        out.extend_from_slice(repeated);
        out.extend_from_slice(chunk);
    }
    out
}

/// The store that is being joined.
struct Open {
    instance: u16,
    sequence: u32,
    end: u64,
    header: Vec<u8>,
}

/// LBox and TBox, and XLBox where LBox is 1.
fn box_header(payload: &[u8]) -> Option<&[u8]> {
    let len = if be_u32(payload, 8)? == 1 { 16 } else { 8 };
    payload.get(8..8 + len)
}

/// Whether a segment starts a JUMBF superbox.
fn starts_box(payload: &[u8], sequence: u32) -> bool {
    let Some(header) = box_header(payload) else { return false };
    let description = 8 + header.len();
    sequence <= 1 && header.get(4..8) == Some(b"jumb") && payload.get(description + 4..description + 8) == Some(b"jumd")
}

/// Whether a segment starts a C2PA store: by its UUID, as c2pa-rs decides, or by its label.
fn starts_store(payload: &[u8]) -> bool {
    let Some(header) = box_header(payload) else { return false };
    let description = 8 + header.len();
    let uuid = payload.get(description + 8..description + 12);
    let label = payload.get(description + 25..description + 30);
    let described = payload.get(description + 4..description + 8) == Some(b"jumd");
    // c2pa-rs looks at bytes 24 to 28 and at nothing else: what it takes for a store must not be missed.
    uuid == Some(C2PA) || payload.get(24..28) == Some(C2PA) || described && label == Some(b"c2pa\0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(len: u32) -> Vec<u8> {
        let mut bytes = len.to_be_bytes().to_vec();
        bytes.extend_from_slice(b"jumb\0\0\0\x1Ejumdc2pa\0\x11\0\x10\x80\0\0\xAA\0\x38\x9B\x71\x03c2pa\0");
        bytes.extend((bytes.len()..len as usize).map(|index| index as u8));
        bytes
    }

    fn pieces(segments: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < segments.len() {
            let end = at + 2 + usize::from(be_u16(segments, at + 2).unwrap());
            pieces.push(Piece { range: at as u64..end as u64, payload: segments[at + 4..end].to_vec() });
            at = end;
        }
        pieces
    }

    #[test]
    fn a_store_in_several_segments_reads_back() {
        let store = store(200_000);
        let segments = wrap(&store, INSTANCE);
        let found = stores(&pieces(&segments));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].carrier.as_slice(), std::slice::from_ref(&(0..segments.len() as u64)));
        assert_eq!(found[0].jumbf, store);
    }

    #[test]
    fn a_broken_sequence_is_never_joined() {
        let store = store(200_000);
        let sound = || pieces(&wrap(&store, INSTANCE));
        let missing = || sound().into_iter().enumerate().filter(|(index, _)| *index != 1).map(|(_, piece)| piece);
        let mut twice = sound();
        let again = Piece { range: twice[3].range.clone(), payload: twice[3].payload.clone() };
        twice.push(again);
        let mut apart = sound();
        apart[1].range = apart[1].range.start + 1..apart[1].range.end + 1;
        let mut header = sound();
        header[2].payload[11] ^= 1;
        for broken in [missing().collect::<Vec<_>>(), twice, apart, header] {
            let found = stores(&broken);
            assert!(found.len() > 1, "{} stores", found.len());
            let carried: usize = found.iter().map(|store| store.carrier.len()).sum();
            assert_eq!(carried, found.len());
        }
    }

    #[test]
    fn other_jumbf_is_no_store() {
        let mut other = store(100);
        other[16..20].copy_from_slice(b"json");
        other[33..38].copy_from_slice(b"exif\0");
        let staying = pieces(&wrap(&other, INSTANCE));
        assert!(stores(&staying).is_empty());
        assert_ne!(free_instance(&staying.iter().collect::<Vec<_>>()), INSTANCE);
    }
}
