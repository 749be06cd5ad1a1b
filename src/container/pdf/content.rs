//! What the content of a page leaves behind: graphics states, text objects and marked content that are open at its end.
//! ISO 32000-2, 7.8.2. Only operators are looked at; a content of any length takes no memory.

use std::io::{ErrorKind, Read, SeekFrom};

use super::{
    Document, filters,
    syntax::{is_regular, is_white},
};
use crate::{Result, limits::Budget};

/// Bytes of content that are one part of the budget.
const PART: usize = 512;
const PIECE: usize = 64 * 1024;
/// Idle operators that are told one by one.
const MAX_IDLE: usize = 1 << 16;
/// Bytes behind the end of a picture in a content that must look like content: others may hold the same letters.
const CONFIRM: usize = 12;

/// What is open at the end of a content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    /// Graphics states that were saved and not restored.
    pub(crate) states: i64,
    /// Where an operator restores a state that nobody saved, in bytes of the content; readers pass over it.
    pub(crate) idle: Vec<u64>,
    /// There are more of them.
    pub(crate) more: bool,
    pub(crate) texts: i64,
    /// Marked content: what is optional may be switched off.
    pub(crate) marks: i64,
    /// A stream whose filter is not known here, or which is not there.
    pub(crate) unread: bool,
}

impl Document<'_> {
    /// Reads the streams with these numbers as one content.
    pub(crate) fn balance(&mut self, streams: &[u32], budget: &mut Budget) -> Result<Balance> {
        let mut scan = Scan::default();
        let whole = self.content(streams, budget, &mut |piece, _| {
            scan.push(piece);
            Ok(())
        })?;
        scan.finish();
        Ok(Balance { unread: !whole, ..scan.balance })
    }

    /// The same content without its idle operators.
    pub(crate) fn without_idle(&mut self, streams: &[u32], idle: &[u64], budget: &mut Budget) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        self.content(streams, budget, &mut |piece, budget| {
            budget.metadata(piece.len() as u64)?;
            content.extend_from_slice(piece);
            Ok(())
        })?;
        for &at in idle {
            if let Some(byte) = usize::try_from(at).ok().and_then(|at| content.get_mut(at)) {
                *byte = b' ';
            }
        }
        Ok(content)
    }

    /// Hands out the content that these streams are together, unpacked; whether all of them could be read.
    fn content(
        &mut self,
        streams: &[u32],
        budget: &mut Budget,
        take: &mut dyn FnMut(&[u8], &mut Budget) -> Result<()>,
    ) -> Result<bool> {
        let mut whole = true;
        for &number in streams {
            budget.part()?;
            whole &= self.unpacked(number, budget, take)?;
            // 7.8.2: words end where a stream ends.
            take(b"\n", budget)?;
        }
        Ok(whole)
    }

    /// Whether the stream could be read.
    fn unpacked(
        &mut self,
        number: u32,
        budget: &mut Budget,
        take: &mut dyn FnMut(&[u8], &mut Budget) -> Result<()>,
    ) -> Result<bool> {
        let Some((dictionary, range)) = self.stream_range(number, budget)? else { return Ok(false) };
        self.source.seek(SeekFrom::Start(range.start))?;
        let data = Read::take(&mut *self.source, range.end - range.start);
        let Some(mut content) = filters::decoded(data, &dictionary) else { return Ok(false) };
        let mut piece = vec![0; PIECE];
        loop {
            match content.read(&mut piece) {
                Ok(0) => return Ok(true),
                Ok(len) => {
                    for _ in 0..=len / PART {
                        budget.part()?;
                    }
                    take(&piece[..len], budget)?;
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    // Damaged data: readers draw what came before.
                    ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => return Ok(true),
                    _ => return Err(error.into()),
                },
            }
        }
    }
}

/// Reads content in pieces of any length.
#[derive(Default)]
struct Scan {
    balance: Balance,
    state: State,
    /// The byte that is being read.
    at: u64,
    /// The word that is being read, as much of it as an operator has.
    word: [u8; 4],
    len: usize,
    /// What may be content behind a picture.
    behind: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Between,
    Word,
    Name,
    Comment,
    /// Open parentheses.
    Literal(u32),
    Escaped(u32),
    Hexadecimal,
    /// A picture in the content, and how much of its end was seen: white space, `E`, `I`.
    Picture(u8),
    Behind,
}

impl Scan {
    fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.byte(byte);
            self.at += 1;
        }
    }

    fn byte(&mut self, byte: u8) {
        match self.state {
            State::Between => self.start(byte),
            State::Word if is_regular(byte) => {
                if let Some(place) = self.word.get_mut(self.len) {
                    *place = byte;
                }
                self.len = self.len.saturating_add(1);
            }
            State::Word => {
                self.operator();
                // One white space stands before the data of a picture.
                if !matches!(self.state, State::Picture(_)) {
                    self.start(byte);
                }
            }
            State::Name if is_regular(byte) => {}
            State::Name => self.start(byte),
            State::Comment if matches!(byte, b'\r' | b'\n') => self.state = State::Between,
            State::Comment => {}
            State::Literal(open) => {
                self.state = match byte {
                    b'\\' => State::Escaped(open),
                    b'(' => State::Literal(open.saturating_add(1)),
                    b')' if open == 1 => State::Between,
                    b')' => State::Literal(open - 1),
                    _ => self.state,
                }
            }
            State::Escaped(open) => self.state = State::Literal(open),
            // A dictionary: what stands in it are names and numbers.
            State::Hexadecimal if matches!(byte, b'>' | b'<') => self.state = State::Between,
            State::Hexadecimal if is_white(byte) || byte.is_ascii_hexdigit() => {}
            State::Hexadecimal => self.start(byte),
            State::Picture(seen) => {
                self.state = match (seen, byte) {
                    (0 | 1, byte) if is_white(byte) => State::Picture(1),
                    (1, b'E') => State::Picture(2),
                    (2, b'I') => State::Picture(3),
                    (3, byte) if is_white(byte) => State::Behind,
                    (_, byte) if is_white(byte) => State::Picture(1),
                    _ => State::Picture(0),
                }
            }
            State::Behind => {
                self.behind.push(byte);
                if !(is_white(byte) || (b' '..=b'~').contains(&byte)) || byte == 0 {
                    self.behind.clear();
                    self.state = State::Picture(0);
                } else if self.behind.len() == CONFIRM {
                    self.confirm();
                }
            }
        }
    }

    /// The first byte of what stands next.
    fn start(&mut self, byte: u8) {
        self.state = match byte {
            b'%' => State::Comment,
            b'/' => State::Name,
            b'(' => State::Literal(1),
            b'<' => State::Hexadecimal,
            byte if is_regular(byte) => {
                (self.word[0], self.len) = (byte, 1);
                State::Word
            }
            _ => State::Between,
        };
    }

    /// A word has ended.
    fn operator(&mut self) {
        self.state = State::Between;
        let balance = &mut self.balance;
        match self.word.get(..self.len).unwrap_or_default() {
            b"q" => balance.states += 1,
            b"Q" if balance.states > 0 => balance.states -= 1,
            // The word has ended before this byte.
            b"Q" if balance.idle.len() < MAX_IDLE => balance.idle.push(self.at.saturating_sub(1)),
            b"Q" => balance.more = true,
            b"BT" => balance.texts += 1,
            b"ET" => balance.texts -= 1,
            b"BMC" | b"BDC" => balance.marks += 1,
            b"EMC" => balance.marks -= 1,
            b"ID" => self.state = State::Picture(0),
            _ => {}
        }
    }

    /// What stood behind a picture is content.
    fn confirm(&mut self) {
        self.state = State::Between;
        let behind = std::mem::take(&mut self.behind);
        // Its last byte is the one that is being read, and counted by the caller.
        self.at = self.at.saturating_sub((behind.len() as u64).saturating_sub(1));
        self.push(&behind);
        self.at = self.at.saturating_sub(1);
    }

    fn finish(&mut self) {
        if self.state == State::Behind {
            // The end stands behind the last byte.
            self.at = self.at.saturating_sub(1);
            self.confirm();
            self.at += 1;
        }
        if self.state == State::Word {
            self.operator();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balance(content: &[u8]) -> Balance {
        let (mut whole, mut pieces) = (Scan::default(), Scan::default());
        whole.push(content);
        whole.finish();
        content.chunks(1).for_each(|byte| pieces.push(byte));
        pieces.finish();
        assert_eq!(whole.balance, pieces.balance);
        whole.balance
    }

    #[test]
    fn what_is_open_is_counted() {
        let is = |content: &[u8], states, idle: &[u64], texts, marks| {
            let found = balance(content);
            let wanted = Balance { states, idle: idle.to_vec(), texts, marks, ..Balance::default() };
            assert_eq!(found, wanted, "{}", String::from_utf8_lossy(content));
        };
        is(b"q 1 0 0 1 0 0 cm Q", 0, &[], 0, 0);
        is(b"q q[(Q)3(\\)Q)]TJ Q % Q\n/Q Do<51>Tj/Q<</Q Q0>>BDC BT", 1, &[], 1, 1);
        is(b"Q q Q Q q Q\nQ", 0, &[0, 6, 12], 0, 0);
        is(b"/OC/a BDC q", 1, &[], 0, 1);
        // Data of a picture that hold the letters of its end.
        is(b"q BI /W 1 /H 1 ID \x00 EI \x01\x02 q q EI\nQ q 1 0 0 1 0 0 cm", 1, &[], 0, 0);
        is(b"BI ID abc EI Q", 0, &[13], 0, 0);
        is(b"BI ID abc EI Q 1 0 0 1 0 0 cm Q q Q", 0, &[13, 30], 0, 0);
        is(b"(never closed Q Q", 0, &[], 0, 0);
        is(b"quit qq Q1 QQQQQQ q", 1, &[], 0, 0);
    }
}
