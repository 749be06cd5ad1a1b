//! AVI: RIFF with the form `AVI `, and OpenDML, which goes on in further RIFF structures. Record and manifest stand behind the
//! pictures of the first; a notice is drawn into the pictures by ffmpeg before.

mod mark;

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey, tags::Scan};
use crate::{
    Error, Format, Result,
    container::riff::{self, Chunk, Form, chunks_into},
    geometry::Size,
    limits::Budget,
    stream::{Source, le_u32, length, read_at},
};

pub(super) struct Avi;

const FACTS: Facts = Facts {
    name: "AVI",
    media_types: &["video/vnd.avi", "video/x-msvideo", "video/avi"],
    extensions: &["avi"],
    medium: Medium::Video,
    can_label: true,
    notice: Carries::Reencoded,
    binding: HardBinding::Data,
    limitations: "the notice is a banner on every frame, which needs ffmpeg; no opening card",
};

impl Handler for Avi {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"RIFF") && head.get(8..12) == Some(b"AVI ")
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let len = length(source)?;
        let forms = forms(source, budget)?;
        let mut scan = Scan::new(source, Format::Avi, "video/x-msvideo", budget);
        let mut end = 0;
        for form in &forms {
            scan.form(form)?;
            header(&mut scan, form)?;
            end = form.end;
        }
        scan.survey.trailer = (end < len).then_some(end..len);
        Ok(scan.survey)
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let forms = forms(source, budget)?;
        mark::mark(source, &forms, survey, label, budget)
    }
}

/// The RIFF structures, one at least.
fn forms(source: &mut dyn Source, budget: &mut Budget) -> Result<Vec<Form>> {
    let mut forms: Vec<Form> = Vec::new();
    while let Some(form) = riff::form(source, Format::Avi, forms.last().map_or(0, |form| form.end), budget)? {
        // OpenDML 1.02, 3: what goes on calls itself AVIX.
        if !forms.is_empty() && form.kind != *b"AVIX" {
            break;
        }
        forms.push(form);
    }
    if forms.is_empty() {
        return Err(Error::malformed(Format::Avi, 0, "no RIFF header"));
    }
    Ok(forms)
}

/// The list of headers: the picture's size, and texts that some writers put there.
fn header(scan: &mut Scan, form: &Form) -> Result<()> {
    let mut inside = Vec::new();
    for list in form.chunks.iter().filter(|chunk| chunk.id == *b"LIST" && chunk.len >= 4) {
        if read_at(scan.source, Format::Avi, list.at + 8, 4)? == b"hdrl" {
            let what = format!("the list of headers at byte {}", list.at);
            let range = list.at + 12..list.at + 8 + list.len;
            scan.tolerate(&what, |scan| chunks_into(scan.source, Format::Avi, range, &mut inside, scan.budget))?;
        }
    }
    for chunk in inside {
        match &chunk.id {
            b"avih" => scan.survey.stored = scan.survey.stored.or(size(scan, &chunk)?),
            b"LIST" if chunk.len >= 4 => scan.list(&chunk)?,
            _ => {}
        }
    }
    Ok(())
}

/// Width and height in the main header: Microsoft's AVIMAINHEADER.
fn size(scan: &mut Scan, chunk: &Chunk) -> Result<Option<Size>> {
    let data = read_at(scan.source, Format::Avi, chunk.at + 8, chunk.len.min(40))?;
    let side = |at| le_u32(&data, at).filter(|side| *side > 0);
    Ok(side(32).zip(side(36)).map(|(width, height)| Size { width, height }))
}

#[cfg(test)]
mod tests;
