//! A file that is read and written in few and large pieces: its parts are looked at again and again, a few bytes at a time.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};

/// Bytes read at a time, from a multiple of their number on.
const PAGE: usize = 32 * 1024;
/// Bytes that are written together.
const TOGETHER: usize = 64 * 1024;

/// A file with one page of it and with what is still to be written, 96 KiB at most. [`flush`](Write::flush) writes that; what is dropped
/// before is lost.
pub(super) struct Paged<F> {
    file: F,
    /// The next byte.
    at: u64,
    /// Bytes of the file, those to be written counted.
    len: u64,
    /// Where the file itself stands; `None` after an error.
    place: Option<u64>,
    page: Vec<u8>,
    page_at: u64,
    pending: Vec<u8>,
    pending_at: u64,
}

impl<F: Read + Seek> Paged<F> {
    /// # Errors
    ///
    /// Those of the file, when it has no length: a pipe.
    pub(super) fn new(mut file: F) -> Result<Self> {
        let len = file.seek(SeekFrom::End(0))?;
        let (page, pending) = (Vec::new(), Vec::new());
        Ok(Self { file, at: 0, len, place: Some(len), page, page_at: 0, pending, pending_at: 0 })
    }

    /// Brings the file itself to `at`.
    fn go(&mut self, at: u64) -> Result<()> {
        if self.place != Some(at) {
            self.place = None;
            self.file.seek(SeekFrom::Start(at))?;
            self.place = Some(at);
        }
        Ok(())
    }

    /// Reads from the file itself, which stands there already.
    fn straight(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let place = self.place.take();
        let read = self.file.read(buffer)?;
        self.place = place.map(|place| place + read as u64);
        Ok(read)
    }

    /// Reads the page that the next byte stands on.
    fn turn(&mut self) -> Result<()> {
        let mut page = std::mem::take(&mut self.page);
        page.resize(PAGE, 0);
        self.page_at = self.at - self.at % PAGE as u64;
        let wanted = (self.at - self.page_at) as usize;
        self.go(self.page_at)?;
        let mut filled = 0;
        while filled <= wanted {
            match self.straight(&mut page[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        page.truncate(filled);
        self.page = page;
        Ok(())
    }

    /// What the page holds from the next byte on.
    fn rest(&self) -> &[u8] {
        let index = self.at.checked_sub(self.page_at).and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| self.page.get(index..)).unwrap_or_default()
    }
}

impl<F: Read + Write + Seek> Read for Paged<F> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.flush()?;
        let read = if self.rest().is_empty() && buffer.len() >= PAGE {
            self.go(self.at)?;
            self.straight(buffer)?
        } else {
            if self.rest().is_empty() && !buffer.is_empty() {
                self.turn()?;
            }
            let rest = self.rest();
            let read = rest.len().min(buffer.len());
            buffer[..read].copy_from_slice(&rest[..read]);
            read
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl<F: Read + Write + Seek> Write for Paged<F> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.page.clear();
        if self.at != self.pending_at + self.pending.len() as u64 || self.pending.len() + bytes.len() > TOGETHER {
            self.flush()?;
        }
        let written = if bytes.len() > TOGETHER {
            self.go(self.at)?;
            let place = self.place.take();
            let written = self.file.write(bytes)?;
            self.place = place.map(|place| place + written as u64);
            written
        } else {
            if self.pending.is_empty() {
                self.pending_at = self.at;
            }
            self.pending.extend_from_slice(bytes);
            bytes.len()
        };
        self.at += written as u64;
        self.len = self.len.max(self.at);
        Ok(written)
    }

    fn flush(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.go(self.pending_at)?;
        self.place = None;
        self.file.write_all(&self.pending)?;
        self.place = Some(self.pending_at + self.pending.len() as u64);
        self.pending.clear();
        Ok(())
    }
}

impl<F> Seek for Paged<F> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "a place before the start of the file"))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn it_is_what_the_file_is() {
        let mut state = 1_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let start: Vec<u8> = (0..150_000_u32).map(|index| (index / 3) as u8).collect();
        let mut plain = Cursor::new(start.clone());
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&start).unwrap();
        let mut paged = Paged::new(&mut file).unwrap();
        for _ in 0..4000 {
            match random(6) {
                0 => {
                    let to = SeekFrom::Start(random(200_000));
                    assert_eq!(paged.seek(to).unwrap(), plain.seek(to).unwrap());
                }
                1 => {
                    let to = SeekFrom::End(-(random(100_000) as i64));
                    assert_eq!(paged.seek(to).unwrap(), plain.seek(to).unwrap());
                }
                2 => {
                    let to = SeekFrom::Current(random(3000) as i64 - 1500);
                    assert_eq!(paged.seek(to).ok(), plain.seek(to).ok());
                }
                3 => {
                    let most = [10, 300, 50_000, 150_000][random(4) as usize];
                    let bytes = vec![random(256) as u8; random(most) as usize];
                    paged.write_all(&bytes).unwrap();
                    plain.write_all(&bytes).unwrap();
                }
                _ => {
                    let most = [10, 300, 50_000][random(3) as usize];
                    let len = random(most);
                    let (mut some, mut same) = (Vec::new(), Vec::new());
                    Read::by_ref(&mut paged).take(len).read_to_end(&mut some).unwrap();
                    Read::by_ref(&mut plain).take(len).read_to_end(&mut same).unwrap();
                    assert_eq!(some, same);
                }
            }
        }
        paged.flush().unwrap();
        let mut whole = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut whole).unwrap();
        assert_eq!(whole, *plain.get_ref());
    }

    #[test]
    fn a_place_before_the_start_is_an_error() {
        let mut paged = Paged::new(Cursor::new(vec![1, 2, 3])).unwrap();
        assert_eq!(paged.seek(SeekFrom::End(-4)).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(paged.seek(SeekFrom::End(-3)).unwrap(), 0);
    }
}
