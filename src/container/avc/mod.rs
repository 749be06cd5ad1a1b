//! H.264: ISO/IEC 14496-10, and how films of ISO BMFF describe it (ISO/IEC 14496-15, 5). Nothing is decoded or encoded here but
//! pictures of our own, whose blocks are plain samples or copies of their neighbours.

mod bits;
pub(crate) mod card;
mod sets;
mod slice;

pub(crate) use card::Planes;
pub(crate) use sets::{Pps, Sps, own_pps};
pub(crate) use slice::{IDR, kind, refers_to};

use crate::stream::be_u16;

/// The `avcC` box: 14496-15, 5.3.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Up to the count of sequence parameter sets.
    head: [u8; 5],
    /// NAL units.
    pub(crate) sps: Vec<Vec<u8>>,
    pub(crate) pps: Vec<Vec<u8>>,
    /// What follows: formats of samples, and extensions.
    tail: Vec<u8>,
}

impl Config {
    /// Reads the body of the box.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let head: [u8; 5] = *body.first_chunk()?;
        let mut rest = body.get(6..)?;
        let sps = sets(&mut rest, body.get(5)? & 0x1F)?;
        let (&count, after) = rest.split_first()?;
        rest = after;
        let pps = sets(&mut rest, count)?;
        Some(Self { head, sps, pps, tail: rest.to_vec() })
    }

    /// The body of the box; `None` where there are more sets than it can count.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        let mut body = self.head.to_vec();
        body.push(0xE0 | u8::try_from(self.sps.len()).ok().filter(|count| *count < 32)?);
        let put = |body: &mut Vec<u8>, set: &Vec<u8>| {
            body.extend(u16::try_from(set.len()).ok()?.to_be_bytes());
            body.extend_from_slice(set);
            Some(())
        };
        self.sps.iter().try_for_each(|set| put(&mut body, set))?;
        body.push(u8::try_from(self.pps.len()).ok()?);
        self.pps.iter().try_for_each(|set| put(&mut body, set))?;
        body.extend_from_slice(&self.tail);
        Some(body)
    }

    /// Bytes of the length before each NAL unit: 1, 2 or 4.
    pub(crate) fn length_size(&self) -> usize {
        usize::from(self.head[4] & 3) + 1
    }

    /// The sets that a slice refers to.
    pub(crate) fn of_slice(&self, nal: &[u8]) -> Option<(Sps, Pps)> {
        let id = refers_to(nal)?;
        let pps = self.pps.iter().filter_map(|set| Pps::read(set)).find(|pps| pps.id == id)?;
        let sps = self.sps.iter().filter_map(|set| Sps::read(set)).find(|sps| sps.id == pps.sps)?;
        Some((sps, pps))
    }

    /// The same with one more picture parameter set.
    pub(crate) fn with_pps(&self, set: Vec<u8>) -> Self {
        let mut more = self.clone();
        more.pps.push(set);
        more
    }

    /// The lowest number that no picture parameter set has. What comes in the stream later mostly has 0.
    pub(crate) fn free_pps(&self) -> Option<u32> {
        let taken: Vec<_> = self.pps.iter().filter_map(|set| Pps::read(set)).map(|pps| pps.id).collect();
        (1..256).find(|id| !taken.contains(id))
    }

    /// A sample of these NAL units; `None` where one is longer than its length can say.
    pub(crate) fn sample(&self, nals: &[Vec<u8>]) -> Option<Vec<u8>> {
        let size = self.length_size();
        let mut sample = Vec::new();
        for nal in nals {
            let len = u32::try_from(nal.len()).ok()?.to_be_bytes();
            let (over, len) = len.split_at(4 - size);
            if over.iter().any(|&byte| byte != 0) {
                return None;
            }
            sample.extend_from_slice(len);
            sample.extend_from_slice(nal);
        }
        Some(sample)
    }

    /// The NAL units of a sample, or of its start: the last may be cut off.
    pub(crate) fn nals<'a>(&self, mut sample: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let size = self.length_size();
        std::iter::from_fn(move || {
            let (len, rest) = sample.split_at_checked(size)?;
            let len = len.iter().fold(0_usize, |len, &byte| len << 8 | usize::from(byte));
            let (nal, after) = rest.split_at(len.min(rest.len()));
            sample = after;
            (!nal.is_empty()).then_some(nal)
        })
    }
}

/// So many NAL units, each after its length.
fn sets(rest: &mut &[u8], count: u8) -> Option<Vec<Vec<u8>>> {
    let mut one = || {
        let (len, after) = rest.split_at_checked(2)?;
        let (set, after) = after.split_at_checked(be_u16(len, 0)?.into())?;
        *rest = after;
        Some(set.to_vec())
    };
    (0..count).map(|_| one()).collect()
}

#[cfg(test)]
mod tests;
