//! Chunks that labels stand in, the same in WAV and AVI, and in the blocks in which FLAC keeps a WAV's chunks.

use super::{Scan, plain};
use crate::{
    Result,
    container::riff::{Chunk, Form, chunks_into},
};

impl Scan<'_> {
    /// Everything that stands on the first level of a RIFF structure.
    pub(crate) fn form(&mut self, form: &Form) -> Result<()> {
        for chunk in &form.chunks {
            self.chunk(chunk)?;
        }
        if let (Some(said), Some(last)) = (form.cut, form.chunks.last()) {
            let name = String::from_utf8_lossy(&last.id).escape_default().to_string();
            self.unread(format!(
                "the {name} chunk at byte {} says {said} bytes, and the file ends after {} of them; the rest is missing",
                last.at, last.len
            ));
        }
        Ok(())
    }

    /// A chunk of the first level.
    pub(crate) fn chunk(&mut self, chunk: &Chunk) -> Result<()> {
        let at = chunk.at;
        match &chunk.id {
            // As c2pa-rs counts it: header and data, without the padding byte.
            b"C2PA" => self.store(vec![chunk.range()], chunk.data()),
            // XMP specification part 3, 1.1.8; `XMP ` is WebP's name for it.
            b"_PMX" | b"XMP " => {
                let name = String::from_utf8_lossy(&chunk.id).trim_end().to_owned();
                self.xmp(chunk.whole(), chunk.data(), format!("{name} chunk at byte {at}"))
            }
            b"AIGC" => self.field("AIGC", chunk, "AIGC chunk"),
            b"id3 " | b"ID3 " | b"Id3 " => self.id3(chunk.at + 8).map(drop),
            b"bext" => self.broadcast(chunk),
            b"iXML" | b"aXML" => {
                let name = String::from_utf8_lossy(&chunk.id).into_owned();
                self.field(&name, chunk, &format!("{name} chunk"))
            }
            b"LIST" if chunk.len >= 4 => self.list(chunk),
            _ => Ok(()),
        }
    }

    /// A list of texts; the others hold structure and samples.
    pub(crate) fn list(&mut self, list: &Chunk) -> Result<()> {
        let inside = list.at + 12..list.at + 8 + list.len;
        let mut kind = [0; 4];
        crate::stream::read_into(self.source, self.format, list.at + 8, &mut kind)?;
        if &kind != b"INFO" {
            return Ok(());
        }
        let what = format!("the INFO list at byte {}", list.at);
        let mut found = Vec::new();
        self.tolerate(&what, |scan| chunks_into(scan.source, scan.format, inside, &mut found, scan.budget))?;
        // A list in the list is none of texts.
        for chunk in found.into_iter().filter(|chunk| chunk.id != *b"LIST") {
            let name = String::from_utf8_lossy(&chunk.id).trim_end().to_owned();
            self.field(key(&name), &chunk, &format!("{name} of the INFO list"))?;
        }
        Ok(())
    }

    /// A chunk that is a text.
    fn field(&mut self, key: &str, chunk: &Chunk, name: &str) -> Result<()> {
        let place = format!("{name} at byte {}", chunk.at);
        if let Some(bytes) = self.short(chunk.data(), &place)? {
            self.text(key, plain(&bytes), place);
        }
        Ok(())
    }

    /// Broadcast Wave, EBU Tech 3285: description, originator and its reference, coding history.
    fn broadcast(&mut self, chunk: &Chunk) -> Result<()> {
        let place = format!("bext chunk at byte {}", chunk.at);
        let Some(bytes) = self.short(chunk.data(), &place)? else { return Ok(()) };
        let fields = [("Description", 0, 256), ("Originator", 256, 288), ("OriginatorReference", 288, 320)];
        for (key, start, end) in fields.into_iter().chain([("CodingHistory", 602, bytes.len())]) {
            let text = bytes.get(start..end).map(plain).unwrap_or_default();
            if !text.is_empty() {
                self.text(key, text, place.as_str());
            }
        }
        Ok(())
    }
}

/// The field's name as other containers have it: Microsoft's "Multimedia Programming Interface", INFO list.
fn key(id: &str) -> &str {
    match id {
        "INAM" => "Title",
        "IART" => "Artist",
        "ICMT" => "Comment",
        "ISBJ" => "Description",
        "ISFT" => "Software",
        "ICOP" => "Copyright",
        "ISRC" => "Source",
        _ => id,
    }
}
