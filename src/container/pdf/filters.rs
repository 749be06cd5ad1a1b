//! Filters of streams, undone while they are read: ISO 32000-2, 7.4. What comes before a fault is read, as readers do.

use std::io::{BufReader, ErrorKind, Read, Result};

use flate2::read::ZlibDecoder;
use weezl::{BitOrder, LzwStatus, decode::Decoder};

use super::syntax::{Dictionary, Object, is_white};

/// Puts the filters of a stream around its data; `None` where one is not known here, or was told how to predict.
pub(super) fn decoded<'a>(data: impl Read + 'a, dictionary: &Dictionary) -> Option<Box<dyn Read + 'a>> {
    let filters = dictionary.get("Filter").cloned().map(Object::items).unwrap_or_default();
    let parameters = dictionary.get("DecodeParms").cloned().map(Object::items).unwrap_or_default();
    let mut data: Box<dyn Read + 'a> = Box::new(BufReader::with_capacity(1 << 16, data));
    // No more are of use; each takes memory.
    if filters.len() > 8 {
        return None;
    }
    for (index, filter) in filters.iter().enumerate() {
        let Object::Name(filter) = filter else { return None };
        let parameters = match parameters.get(index) {
            Some(Object::Dictionary(parameters)) => Some(parameters),
            _ => None,
        };
        if parameters.and_then(|parameters| parameters.integer("Predictor")).unwrap_or(1) > 1 {
            return None;
        }
        data = match filter.as_slice() {
            b"FlateDecode" | b"Fl" => Box::new(ZlibDecoder::new(data)),
            b"LZWDecode" | b"LZW" => {
                let early = parameters.and_then(|parameters| parameters.integer("EarlyChange")).unwrap_or(1) != 0;
                Box::new(Lzw::new(data, early))
            }
            b"ASCIIHexDecode" | b"AHx" => Box::new(Hexadecimal { data: data.bytes_buffered(), ended: false }),
            b"ASCII85Decode" | b"A85" => {
                Box::new(Base85 { data: data.bytes_buffered(), ready: Vec::new(), ended: false })
            }
            b"RunLengthDecode" | b"RL" => Box::new(Runs { data: data.bytes_buffered(), run: Run::None }),
            b"Crypt" => data,
            _ => return None,
        };
    }
    Some(data)
}

/// A reader that is asked for single bytes.
type Bytes<'a> = std::io::Bytes<BufReader<Box<dyn Read + 'a>>>;

trait Buffered<'a> {
    fn bytes_buffered(self) -> Bytes<'a>;
}

impl<'a> Buffered<'a> for Box<dyn Read + 'a> {
    fn bytes_buffered(self) -> Bytes<'a> {
        BufReader::new(self).bytes()
    }
}

/// 7.4.4, with codes that grow one entry early or not.
struct Lzw<'a> {
    data: BufReader<Box<dyn Read + 'a>>,
    decoder: Decoder,
    ended: bool,
}

impl<'a> Lzw<'a> {
    fn new(data: Box<dyn Read + 'a>, early: bool) -> Self {
        let decoder =
            if early { Decoder::with_tiff_size_switch(BitOrder::Msb, 8) } else { Decoder::new(BitOrder::Msb, 8) };
        Self { data: BufReader::new(data), decoder, ended: false }
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        use std::io::BufRead as _;
        while !self.ended && !out.is_empty() {
            let input = self.data.fill_buf()?;
            if input.is_empty() {
                self.ended = true;
            }
            let done = self.decoder.decode_bytes(input, out);
            self.data.consume(done.consumed_in);
            match done.status {
                Ok(LzwStatus::Ok) if done.consumed_in > 0 || done.consumed_out > 0 => {}
                _ => self.ended = true,
            }
            if done.consumed_out > 0 {
                return Ok(done.consumed_out);
            }
        }
        Ok(0)
    }
}

/// 7.4.2.
struct Hexadecimal<'a> {
    data: Bytes<'a>,
    ended: bool,
}

impl Read for Hexadecimal<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        fill(out, || {
            let mut high = None;
            while !self.ended {
                match self.data.next().transpose()? {
                    Some(byte) if is_white(byte) => {}
                    Some(byte) => match (char::from(byte).to_digit(16), high) {
                        (Some(digit), None) => high = Some(digit),
                        (Some(digit), Some(high)) => return Ok(u8::try_from(high * 16 + digit).ok()),
                        (None, _) => self.ended = true,
                    },
                    None => self.ended = true,
                }
            }
            // A digit that is left over is the first of two.
            Ok(high.and_then(|high| u8::try_from(high * 16).ok()))
        })
    }
}

/// 7.4.3.
struct Base85<'a> {
    data: Bytes<'a>,
    /// Bytes that are decoded, the next one last.
    ready: Vec<u8>,
    ended: bool,
}

impl Read for Base85<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        fill(out, || {
            if self.ready.is_empty() && !self.ended {
                self.group()?;
            }
            Ok(self.ready.pop())
        })
    }
}

impl Base85<'_> {
    fn group(&mut self) -> Result<()> {
        let (mut value, mut digits) = (0_u32, 0);
        while digits < 5 {
            match self.data.next().transpose()? {
                Some(byte) if is_white(byte) => {}
                Some(b'z') if digits == 0 => {
                    self.ready = vec![0; 4];
                    return Ok(());
                }
                Some(byte @ b'!'..=b'u') => {
                    value = value.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                    digits += 1;
                }
                _ => {
                    self.ended = true;
                    break;
                }
            }
        }
        if digits < 2 {
            return Ok(());
        }
        for _ in digits..5 {
            value = value.wrapping_mul(85).wrapping_add(84);
        }
        self.ready = value.to_be_bytes()[..digits - 1].iter().rev().copied().collect();
        Ok(())
    }
}

/// 7.4.5.
struct Runs<'a> {
    data: Bytes<'a>,
    run: Run,
}

enum Run {
    None,
    /// So many bytes follow as they are.
    Literal(u8),
    Repeat(u8, u8),
    End,
}

impl Read for Runs<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        fill(out, || {
            loop {
                match self.run {
                    Run::End => return Ok(None),
                    Run::Repeat(byte, left) => {
                        self.run = if left > 1 { Run::Repeat(byte, left - 1) } else { Run::None };
                        return Ok(Some(byte));
                    }
                    Run::Literal(left) => {
                        self.run = if left > 1 { Run::Literal(left - 1) } else { Run::None };
                        return self.data.next().transpose();
                    }
                    Run::None => {
                        self.run = match self.data.next().transpose()? {
                            Some(len @ 0..=127) => Run::Literal(len + 1),
                            Some(len @ 129..) => match self.data.next().transpose()? {
                                Some(byte) => Run::Repeat(byte, 0_u8.wrapping_sub(len).wrapping_add(1)),
                                None => Run::End,
                            },
                            _ => Run::End,
                        }
                    }
                }
            }
        })
    }
}

/// Fills `out` byte by byte, up to the end of what there is.
fn fill(out: &mut [u8], mut next: impl FnMut() -> Result<Option<u8>>) -> Result<usize> {
    let mut len = 0;
    for place in out.iter_mut() {
        match next() {
            Ok(Some(byte)) => *place = byte,
            Ok(None) => break,
            // What came before is handed out first; the fault is met again.
            Err(error) if len == 0 || error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(_) => break,
        }
        len += 1;
    }
    Ok(len)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::{
        container::pdf::syntax::Parser,
        limits::{Budget, Limits},
    };

    fn undone(data: &[u8], dictionary: &str) -> Option<Vec<u8>> {
        let budget = &mut Budget::new(&Limits::default());
        let dictionary = Parser::new(dictionary.as_bytes()).object(budget).unwrap()?.dictionary()?;
        let mut out = Vec::new();
        let mut reader = decoded(data, &dictionary)?;
        // A fault ends what is read; what came before stays.
        let _ = reader.read_to_end(&mut out);
        Some(out)
    }

    #[test]
    fn every_filter_is_undone() {
        let text = "q 1 0 0 1 0 0 cm Q q Q q Q q Q q Q q Q".repeat(40);
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(text.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(undone(&packed, "<</Filter/FlateDecode>>").unwrap(), text.as_bytes());
        let hex: String = packed.iter().map(|byte| format!("{byte:02x} ")).collect();
        let chain = "<</Filter[/ASCIIHexDecode/FlateDecode]/DecodeParms[null null]>>";
        assert_eq!(undone(format!("{hex}>").as_bytes(), chain).unwrap(), text.as_bytes());
        let lzw = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(text.as_bytes()).unwrap();
        assert_eq!(undone(&lzw, "<</Filter/LZWDecode>>").unwrap(), text.as_bytes());
        let late = weezl::encode::Encoder::new(BitOrder::Msb, 8).encode(text.as_bytes()).unwrap();
        let parameters = "<</Filter/LZW/DecodeParms<</EarlyChange 0>>>>";
        assert_eq!(undone(&late, parameters).unwrap(), text.as_bytes());
        // The words of Wikipedia's article on the code, and a group of zeros.
        assert_eq!(
            undone(b"9jqo^BlbD-BleB1DJ+*+F(f,q z/c~>", "<</Filter/A85>>").unwrap(),
            b"Man is distinguished\0\0\0\0."
        );
        assert_eq!(undone(&[2, b'a', b'b', b'c', 254, b'x', 128, b'y'], "<</Filter/RL>>").unwrap(), b"abcxxx");
        assert_eq!(
            undone(&packed[..packed.len() / 2], "<</Filter/Fl>>").map(|out| text.as_bytes().starts_with(&out)),
            Some(true)
        );
        assert!(undone(b"", "<</Filter/DCTDecode>>").is_none());
    }
}
