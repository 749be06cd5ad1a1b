//! The notice among the frames: numbers, lengths, MD5 and seek points of the whole.

use std::{ops::Range, sync::Arc};

use md5::{Digest as _, Md5};

use super::{
    encode::{Encoded, Shape},
    frames::Header,
    stream::{Block, Decoder, Info, SEEKTABLE, put_bytes},
};
use crate::{
    Error, Format, Result,
    limits::Budget,
    notice::Heard,
    patch::Patch,
    stream::{Source, be_u64, read_block},
};

/// What the first frame of the recording says about all of them.
pub(super) fn shape(source: &mut dyn Source, info: &Info, audio: Range<u64>) -> Result<Shape> {
    let at = audio.start;
    let mut frames = info.frames(audio);
    let Some((like, ..)) = frames.next(source)? else {
        return Err(Error::malformed(Format::Flac, at, "there is no frame of sound"));
    };
    // The notice is made like it, and would be played otherwise than it is meant.
    for (what, stated, known) in
        [("samples a second", like.stated_rate(), info.rate), ("bits a sample", like.stated_bits(), info.bits)]
    {
        if let Some(stated) = stated.filter(|&stated| stated != known) {
            let why = format!(
                "its first frame says {stated} {what}, and STREAMINFO {known}; encode it anew, or label it without a warning"
            );
            return Err(Error::malformed(Format::Flac, at, why));
        }
    }
    let block = match (like.by_sample, info.min_block == info.max_block && info.max_block >= 16) {
        (true, _) => 4096,
        // The first may be the last, and shorter.
        (false, true) => info.max_block.into(),
        (false, false) => like.block,
    };
    Ok(Shape { channels: info.channels, bits: info.bits, block, like })
}

/// Puts the notice in; returns sentences for the receipt.
pub(super) fn splice(
    source: &mut dyn Source,
    info: &Info,
    blocks: &[Block],
    audio: Range<u64>,
    heard: &Heard,
    patch: &mut Patch,
    budget: &mut Budget,
) -> Result<Vec<String>> {
    let shape = shape(source, info, audio.clone())?;
    let values = Encoded::quantized(&heard.samples, &shape);
    let encoded = Arc::new(Encoded::new(&values, shape.clone()));
    let mut points = SeekPoints::read(source, blocks, budget)?;
    let mut plan = Plan::new(Arc::clone(&encoded), heard.places.clone());
    let mut sums = Sums::new(info, &values, shape.channels);
    let (mut len, mut position, mut lens) = (0, 0, (usize::MAX, 0));
    let mut frames = info.frames(audio.clone());
    while let Some((header, at, frame)) = frames.next(source)? {
        budget.part()?;
        let (notice, number) = plan.place(&header, position);
        if let Some(first) = notice {
            let written = encoded.lens(first);
            len += written.clone().sum::<usize>() as u64;
            lens = written.fold(lens, |(least, most), len| (least.min(len), most.max(len)));
            sums.notice();
        }
        points.found(at - audio.start, position, heard.shift(position), len);
        let new = header.renumbered_len(frame.len(), number);
        lens = (lens.0.min(new), lens.1.max(new));
        len += new as u64;
        sums.frame(frame);
        position += u64::from(header.block);
    }
    if !plan.is_done() {
        let why = "there are fewer samples than STREAMINFO says; label without repetition, or repair the file";
        return Err(Error::malformed(Format::Flac, audio.start, why));
    }
    let block = u16::try_from(shape.block).unwrap_or(u16::MAX);
    let sizes = (info.min_block.min(block), info.max_block.max(block));
    let total = position + heard.samples.len() as u64 * heard.places.len() as u64;
    let (md5, remark) = sums.finish(info);
    let new = info.changed(sizes, lens, total, md5);
    patch.replace(blocks[0].data.clone(), new);
    points.write(patch);
    let (range, again, mut plan) = (audio.clone(), info.clone(), Plan::new(encoded, heard.places.clone()));
    let rewrite = move |source: &mut dyn Source, put: &mut crate::patch::Put| {
        let (mut frames, mut position, mut made) = (again.frames(audio.clone()), 0, Vec::new());
        while let Some((header, _, frame)) = frames.next(source)? {
            let (notice, number) = plan.place(&header, position);
            if let Some(first) = notice {
                put(&plan.encoded.frames(first))?;
            }
            header.renumbered(frame, number, &mut made);
            put(&made)?;
            position += u64::from(header.block);
        }
        Ok(())
    };
    patch.rewrite(range, len, Box::new(rewrite));
    Ok(remark.into_iter().collect())
}

/// Where the notice comes, and what numbers the frames have then.
struct Plan {
    encoded: Arc<Encoded>,
    /// Samples of the recording before each notice that is still to come.
    places: std::collections::VecDeque<u64>,
    added: u64,
}

impl Plan {
    fn new(encoded: Arc<Encoded>, places: Vec<u64>) -> Self {
        Self { encoded, places: places.into(), added: 0 }
    }

    /// The first number of a notice that comes before this frame, and the frame's own.
    fn place(&mut self, header: &Header, position: u64) -> (Option<u64>, u64) {
        let comes = self.places.front().is_some_and(|&place| position >= place);
        let first = comes.then_some(header.number + self.added);
        if comes {
            self.places.pop_front();
            self.added += self.encoded.numbers();
        }
        (first, header.number + self.added)
    }

    fn is_done(&self) -> bool {
        self.places.is_empty()
    }
}

/// MD5 of the samples before and after.
struct Sums {
    decoder: Option<Decoder>,
    old: Md5,
    new: Md5,
    notice: Vec<u8>,
    bits: u32,
    bytes: Vec<u8>,
}

impl Sums {
    fn new(info: &Info, values: &[i32], channels: u8) -> Self {
        // The same in the first two channels, nothing in the others.
        let all: Vec<_> = values
            .iter()
            .flat_map(|&value| (0..channels).map(move |channel| if channel < 2 { value } else { 0 }))
            .collect();
        let mut notice = Vec::new();
        put_bytes(&all, info.bits, &mut notice);
        // Without one before, none is made up.
        let decoder = info.md5().and_then(|_| Decoder::new(info));
        Self { decoder, old: Md5::new(), new: Md5::new(), notice, bits: info.bits, bytes: Vec::new() }
    }

    fn notice(&mut self) {
        self.new.update(&self.notice);
    }

    fn frame(&mut self, frame: &[u8]) {
        let Some(decoder) = &mut self.decoder else { return };
        match decoder.decode(frame) {
            Some(samples) => {
                put_bytes(samples, self.bits, &mut self.bytes);
                self.old.update(&self.bytes);
                self.new.update(&self.bytes);
            }
            None => self.decoder = None,
        }
    }

    /// The new MD5, zeros where there is none; and what is to be said about the old one.
    fn finish(self, info: &Info) -> ([u8; 16], Option<String>) {
        let Some(md5) = info.md5() else { return ([0; 16], None) };
        if self.decoder.is_none() {
            let said = "a frame could not be decoded, so the MD5 of the samples was left out".to_owned();
            return ([0; 16], Some(said));
        }
        let fits = self.old.finalize().as_slice() == md5;
        let said = "the MD5 in the file did not fit its samples; the new one fits them as they are".to_owned();
        (self.new.finalize().into(), (!fits).then_some(said))
    }
}

/// The SEEKTABLE block: RFC 9639, 8.5.
#[derive(Default)]
struct SeekPoints {
    data: Range<u64>,
    /// Sample, offset from the first frame, samples of the frame.
    old: Vec<(u64, u64, [u8; 2])>,
    new: Vec<(u64, u64, [u8; 2])>,
}

impl SeekPoints {
    fn read(source: &mut dyn Source, blocks: &[Block], budget: &mut Budget) -> Result<Self> {
        let Some(block) = blocks.iter().find(|block| block.kind == SEEKTABLE) else { return Ok(Self::default()) };
        let bytes = read_block(source, Format::Flac, block.data.start, block.data.end - block.data.start, budget)?;
        let point = |bytes: &[u8]| Some((be_u64(bytes, 0)?, be_u64(bytes, 8)?, [*bytes.get(16)?, *bytes.get(17)?]));
        let mut old: Vec<_> = bytes.chunks_exact(18).filter_map(point).collect();
        old.sort_by_key(|(_, offset, _)| *offset);
        old.dedup_by_key(|(_, offset, _)| *offset);
        Ok(Self { data: block.data.clone(), old, new: Vec::new() })
    }

    /// A frame stands `offset` bytes from the first; in the result it is `at` bytes from there.
    fn found(&mut self, offset: u64, sample: u64, shift: u64, at: u64) {
        if let Ok(index) = self.old.binary_search_by_key(&offset, |(_, offset, _)| *offset) {
            self.new.push((sample + shift, at, self.old[index].2));
        }
    }

    /// The points that lead to a frame; the room of the others stays, as points that lead nowhere.
    fn write(&self, patch: &mut Patch) {
        let room = (self.data.end - self.data.start) / 18;
        if room == 0 {
            return;
        }
        let mut bytes = Vec::new();
        for (sample, offset, len) in &self.new {
            bytes.extend([sample.to_be_bytes(), offset.to_be_bytes()].concat());
            bytes.extend(len);
        }
        for _ in self.new.len() as u64..room {
            bytes.extend([0xFF; 8]);
            bytes.extend([0; 10]);
        }
        patch.replace(self.data.start..self.data.start + room * 18, bytes);
    }
}
