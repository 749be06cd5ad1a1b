//! Headers of MPEG audio frames: ISO/IEC 11172-3, 2.4.1.3, and 13818-3.

/// What a frame's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// MPEG-1, else MPEG-2 or 2.5.
    pub(super) first: bool,
    pub(super) layer_two: bool,
    /// Samples a second.
    pub(super) rate: u32,
    pub(super) mono: bool,
    /// Two bytes of CRC follow the header.
    pub(super) checked: bool,
    /// Bytes of the frame.
    pub(super) len: usize,
}

/// kbit/s of layer III and layer II of MPEG-1, and of both in MPEG-2.
const RATES: [[usize; 14]; 3] = [
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

impl Header {
    /// The header of layer II or III that these bytes begin with: 2.4.2.3. Layer I and bit rates of one's own have none here.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let &[0xFF, second, third, fourth] = bytes.first_chunk()? else { return None };
        if second & 0xE0 != 0xE0 {
            return None;
        }
        // Sampling rates are halved in MPEG-2, and once more in MPEG-2.5.
        let (first, shift) = match second >> 3 & 3 {
            3 => (true, 0),
            2 => (false, 1),
            0 => (false, 2),
            _ => return None,
        };
        let layer_two = match second >> 1 & 3 {
            1 => false,
            2 => true,
            _ => return None,
        };
        let table = if !first { 2 } else { usize::from(layer_two) };
        let bits = RATES[table].get(usize::from(third >> 4).checked_sub(1)?)? * 1000;
        let rate = [44_100_u32, 48_000, 32_000].get(usize::from(third >> 2 & 3))? >> shift;
        let samples = if first || layer_two { 1152 } else { 576 };
        let len = samples / 8 * bits / rate as usize + usize::from(third >> 1 & 1);
        Some(Self { first, layer_two, rate, mono: fourth >> 6 == 3, checked: second & 1 == 0, len })
    }

    /// Samples of each channel, in layer III.
    pub(super) fn samples(&self) -> u64 {
        if self.first { 1152 } else { 576 }
    }

    /// Bytes of the side information: 2.4.1.7.
    pub(super) fn side(&self) -> usize {
        match (self.first, self.mono) {
            (true, false) => 32,
            (true, true) | (false, false) => 17,
            (false, true) => 9,
        }
    }

    /// Where the side information starts.
    pub(super) fn side_at(&self) -> usize {
        if self.checked { 6 } else { 4 }
    }

    /// How many bytes before the frame its samples begin; `None` where it is too short to say.
    pub(super) fn main_data_begin(&self, frame: &[u8]) -> Option<u16> {
        let &[a, b] = frame.get(self.side_at()..)?.first_chunk()?;
        Some(if self.first { u16::from(a) << 1 | u16::from(b >> 7) } else { a.into() })
    }

    /// Makes a frame of one channel without CRC softer by so many steps: 2.4.1.7, `global_gain`.
    pub(super) fn soften(&self, frame: &mut [u8], steps: u8) {
        if !self.mono || self.checked || steps == 0 {
            return;
        }
        // Behind what is said of the frame, and a granule's first two lengths.
        let gains: &[usize] = if self.first { &[18 + 21, 18 + 59 + 21] } else { &[9 + 21] };
        for at in gains.iter().map(|at| self.side_at() * 8 + at) {
            let (byte, shift) = (at / 8, 8 - at % 8);
            let Some(pair) = frame.get_mut(byte..).and_then(<[u8]>::first_chunk_mut::<2>) else { return };
            let bits = u16::from_be_bytes(*pair);
            let [_, gain] = (bits >> shift).to_be_bytes();
            let mask = 0xFF_u16 << shift;
            *pair = (bits & !mask | u16::from(gain.saturating_sub(steps)) << shift).to_be_bytes();
        }
    }

    /// Whether frames of both can stand in one stream.
    pub(super) fn fits(&self, other: &Self) -> bool {
        (self.first, self.layer_two, self.rate, self.mono) == (other.first, other.layer_two, other.rate, other.mono)
    }
}

/// The first four bytes of the shortest frame like this one that has room for `len` bytes, and its length.
pub(super) fn sized(like: [u8; 4], len: usize) -> Option<([u8; 4], usize)> {
    (1..15).find_map(|rate| {
        // Neither CRC nor padding.
        let head = [like[0], like[1] | 1, rate << 4 | like[2] & 0x0C, like[3]];
        Header::parse(&head).filter(|header| header.len >= len).map(|header| (head, header.len))
    })
}

/// A frame of one channel that holds all of its own samples, as one of two channels of which the difference is nothing (middle and
/// side: 2.4.3.4.9.2): each is 3 dB softer, which is as loud.
pub(super) fn in_stereo(frame: &[u8]) -> Option<Vec<u8>> {
    let header = Header::parse(frame).filter(|header| header.mono && !header.layer_two && frame.len() >= header.len)?;
    let side = frame.get(header.side_at()..header.side_at() + header.side())?;
    let main = frame.get(header.side_at() + header.side()..header.len)?;
    // Middle and side on, intensity off.
    let like = [frame[0], frame[1], frame[2], 0b0110_0000 | frame[3] & 0x0F];
    let wide = Header::parse(&like)?;
    let (head, len) = sized(like, 4 + wide.side() + main.len())?;
    let mut bits = Bits { from: side, read: 0, out: Vec::new(), written: 0 };
    if header.first {
        bits.copy(9);
        bits.skip(5);
        bits.zeros(3);
        bits.copy(4);
        bits.zeros(4);
        for _granule in 0..2 {
            bits.granule(4, 26);
        }
    } else {
        bits.copy(8);
        bits.skip(1);
        bits.zeros(2);
        bits.granule(9, 25);
    }
    let mut made = [&head[..], &bits.out, main].concat();
    made.resize(len, 0);
    Some(made)
}

/// Copies bits to other places.
struct Bits<'a> {
    from: &'a [u8],
    read: usize,
    out: Vec<u8>,
    written: usize,
}

impl Bits<'_> {
    /// The side information of a granule of the middle, and that of a side which is nothing: no bits, no values, no scale factors (of
    /// which `compress` bits tell the sizes), but the same windows, because left and right are made before the windows are applied.
    fn granule(&mut self, compress: usize, windows: usize) {
        let start = self.read;
        self.copy(12 + 9 + 8 + compress + windows);
        self.zeros(12 + 9);
        self.read = start + 12 + 9;
        self.copy(8);
        self.zeros(compress);
        self.skip(compress);
        self.copy(windows);
    }

    fn copy(&mut self, count: usize) {
        for _ in 0..count {
            let bit = self.from.get(self.read / 8).is_some_and(|byte| byte << (self.read % 8) & 0x80 != 0);
            self.read += 1;
            self.put(bit);
        }
    }

    fn zeros(&mut self, count: usize) {
        (0..count).for_each(|_| self.put(false));
    }

    fn skip(&mut self, count: usize) {
        self.read += count;
    }

    fn put(&mut self, bit: bool) {
        if self.written.is_multiple_of(8) {
            self.out.push(0);
        }
        if let (true, Some(last)) = (bit, self.out.last_mut()) {
            *last |= 0x80 >> (self.written % 8);
        }
        self.written += 1;
    }
}
