//! Tags around a stream of sound: ID3v2 in front and behind, ID3v1 and APE behind.

use super::{MAX_TEXT, Scan, plain};
use crate::{
    Result,
    container::{
        ape,
        id3::{self, Content, Frame, text::Value},
    },
    format::{Block, Store},
    stream::{length, read_at},
};

/// Media types of a manifest store: C2PA 2.4, 11.4, and the one before, which is still written.
pub(super) const STORE: [&str; 2] = ["application/c2pa", "application/x-c2pa-manifest-store"];

impl Scan<'_> {
    /// The ID3v2 tags from `at` on; returns the offset behind them.
    pub(crate) fn leading_id3(&mut self, mut at: u64) -> Result<u64> {
        while let Some(end) = self.id3(at)? {
            at = end;
        }
        Ok(at)
    }

    /// The ID3v2 tag at `at`; returns the offset behind it.
    pub(crate) fn id3(&mut self, at: u64) -> Result<Option<u64>> {
        let Some(tag) = id3::read(self.source, self.format, at, self.budget)? else { return Ok(None) };
        for frame in &tag.frames {
            self.frame(frame, tag.version)?;
        }
        if let Some((at, why)) = tag.broken {
            self.unread(format!("the ID3v2 tag was not read to its end: at byte {at}, {why}"));
        }
        Ok(Some(tag.range.end))
    }

    fn frame(&mut self, frame: &Frame, version: u8) -> Result<()> {
        let name = String::from_utf8_lossy(&frame.id).trim_end().to_owned();
        let place = format!("{name} frame of the ID3v2.{version} tag at byte {}", frame.at);
        let object = matches!(&frame.id, b"GEOB" | b"PRIV");
        let wanted = object || matches!(&frame.id, [b'T' | b'W', ..] | b"COMM" | b"USLT" | b"CRM ");
        if !wanted {
            return Ok(());
        }
        let max = if object { self.budget.limits().max_metadata_bytes } else { MAX_TEXT };
        if frame.len > max {
            self.skipped(&place, &format!("{} bytes are over the limit for it", frame.len));
            return Ok(());
        }
        let content = match frame.read(self.source, self.format, self.budget)? {
            Content::Bytes(content) => content,
            Content::Encrypted => {
                self.skipped(&place, "it is encrypted");
                return Ok(());
            }
            Content::Damaged(why) => {
                self.skipped(&place, why);
                return Ok(());
            }
        };
        match id3::text::parse(frame.id, &content) {
            Some(Value::Text { about, text }) => {
                let key = if about.is_empty() { key(&name) } else { &about };
                self.text(key, text, place);
            }
            Some(Value::Object { media_type, start }) if STORE.contains(&media_type.as_str()) => {
                // C2PA 2.4, A.3.4: the store is the object data, and only that may be left out of the hash. In a packed
                // frame no bytes of the file are the store.
                let carrier = frame.range(self.source, self.format, start)?.into_iter().collect();
                let jumbf = content.get(start..).unwrap_or_default().to_vec();
                self.survey.stores.push(Store { carrier, jumbf });
            }
            Some(Value::Private { owner, start }) if owner == "XMP" => {
                // XMP specification part 3, 1.1.7.
                let bytes = content.get(start..).unwrap_or_default().to_vec();
                self.survey.xmp.push(Block { range: frame.at..frame.at + 10 + frame.len, place, bytes });
            }
            _ => {}
        }
        Ok(())
    }

    /// A stream of frames with tags around it. `frame` gives the length of the frame that starts with these bytes.
    pub(crate) fn stream(&mut self, frame: fn(&[u8]) -> Option<usize>) -> Result<()> {
        let start = self.leading_id3(0)?;
        let end = self.trailing_tags(start)?;
        // Zeros and rests of other tags stand before the sound of many files.
        let head = read_at(self.source, self.format, start, end.saturating_sub(start).min(4096))?;
        let another = |rest: Option<&[u8]>| rest.is_none_or(|rest| rest.len() < 8 || frame(rest).is_some());
        let starts = |at: usize| frame(&head[at..]).is_some_and(|len| another(head.get(at + len..)));
        if !(0..head.len().min(2048)).any(starts) {
            self.unread(format!("no sound starts at byte {start}, where it should; what stands there was not read"));
        }
        Ok(())
    }

    /// The tags behind the sound, which starts at `start`; returns the offset at which they begin.
    pub(crate) fn trailing_tags(&mut self, start: u64) -> Result<u64> {
        let mut end = length(self.source)?;
        if let Some(at) = end.checked_sub(128).filter(|at| *at >= start)
            && let Some(fields) = id3::version1(self.source, self.format, end)?
        {
            for (key, value) in fields {
                self.text(key, value, format!("ID3v1 tag at byte {at}"));
            }
            end = at;
        }
        if let Some(tag) = ape::before(self.source, self.format, start, end, self.budget)? {
            for item in &tag.texts {
                let place = format!("APE tag at byte {}", tag.range.start);
                let Some(value) = self.short(item.value.clone(), &place)? else { continue };
                self.text(item.key.as_str(), plain(&value), place);
            }
            if !tag.whole {
                self.unread(format!("the APE tag at byte {} is damaged and was not read to its end", tag.range.start));
            }
            end = tag.range.start;
        }
        if let Some(at) = id3::appended(self.source, self.format, end)?.filter(|at| *at >= start)
            && self.id3(at)?.is_some()
        {
            end = at;
        }
        Ok(end)
    }
}

/// The field's name as other containers have it.
fn key(frame: &str) -> &str {
    match frame {
        "TIT2" => "Title",
        "TPE1" => "Artist",
        "TSSE" => "Software",
        "TCOP" => "Copyright",
        "TPUB" => "Publisher",
        "COMM" => "Comment",
        "USLT" => "Lyrics",
        _ => frame,
    }
}
