//! Looks for both halves of a label in what was written: a silent loss is an error. It does so as a stranger would, but for what stands
//! in front of a notice in JPEG and PNG: that was copied, and a hint of the writer says where to begin.

use std::any::Any;

use super::{Job, Output, card, heard, wanted::Wanted};
use crate::{
    Error, Format, Result,
    format::{Block, Survey},
    limits::{Budget, Limits},
    manifest::{self, Asset, TrustAnchors},
    notice::{self, Notice},
    record,
    report::{Binding, Signature},
    stream::{Sink, Source},
};

/// Reads back manifest, record and notice; returns what could not be looked at.
pub(super) fn read(
    job: &Job,
    written: &Output,
    (notice, hint): (&Wanted, Option<Box<dyn Any + Send + Sync>>),
    source: &mut dyn Source,
    mut sink: &mut dyn Sink,
    limits: &Limits,
) -> Result<Option<String>> {
    let mut survey = metadata(job, written, &mut sink, &mut Budget::new(limits))?;
    if job.older.is_some() {
        history(job, written, &survey, sink, limits)?;
    }
    survey.hint = hint;
    match notice {
        Wanted::Draw(notice) => look(job, &survey, notice, source, &mut sink, limits),
        Wanted::Open(opening) => card::look(job, &survey, opening, &mut sink, &mut Budget::new(limits)),
        Wanted::Say(heard, _) => heard::listen(job, &survey, heard, &mut sink, &mut Budget::new(limits)),
        Wanted::Write(prose) => {
            let words = prose.words();
            let found = notice::read(&survey.lines, &words);
            let stands = |first: bool| found.iter().any(|written| written.first == first && written.says(&words));
            if stands(true) && (!prose.last || stands(false)) { Ok(None) } else { lost(job, "the notice") }
        }
        _ => Ok(None),
    }
}

fn lost<T>(job: &Job, what: &'static str) -> Result<T> {
    Err(Error::ReadBack { format: job.format, what })
}

fn metadata(job: &Job, written: &Output, result: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
    let Job { format, plan, record, .. } = job;
    if Format::sniff(result)? != *format {
        return lost(job, "the content");
    }
    let survey = format.handler().survey(result, budget)?;
    let stores: Vec<_> = survey.stores.iter().map(|store| &store.jumbf).collect();
    let inside = written.store.iter().filter(|_| !job.is_beside());
    if plan.manifest && stores != inside.collect::<Vec<_>>() {
        return lost(job, "the manifest");
    }
    // The identifier is new with every label: an older record cannot be taken for this one.
    let id = record.id.to_string();
    let ours = |block: &Block| memchr::memmem::find(&block.bytes, id.as_bytes()).is_some();
    let told = survey.texts.iter().any(|text| text.value.contains(&id));
    let mut says_ai = || record::find(&survey, budget).findings.iter().any(|finding| finding.says.is_ai());
    if job.recorded && !((told || survey.xmp.iter().any(ours)) && says_ai()) {
        return lost(job, "the record");
    }
    Ok(survey)
}

/// Whether the new label counts with the older one in it: what a sound parent vouches for may have been changed before, and then
/// a verifier calls the whole broken.
fn history(job: &Job, written: &Output, survey: &Survey, result: &mut dyn Source, limits: &Limits) -> Result<()> {
    let mut asset = Asset { format: job.format, source: result, survey, limits };
    let anchors = TrustAnchors::default();
    let axes = match written.store.clone().filter(|_| job.is_beside()) {
        Some(store) => manifest::read_detached(&mut asset, store, "beside the file", &anchors, job.record.time)?.axes,
        None => manifest::read(&mut asset, &anchors, job.record.time)?.axes,
    };
    if axes.binding == Binding::Intact && axes.signature == Signature::Ok {
        return Ok(());
    }
    let why = "the history in the file's label was changed: a new label around it would be called broken as well";
    Err(Error::unsupported(job.format, why))
}

/// The notice that was drawn, in the first frame or page.
fn look(
    job: &Job,
    survey: &Survey,
    notice: &Notice,
    source: &mut dyn Source,
    result: &mut dyn Source,
    limits: &Limits,
) -> Result<Option<String>> {
    let handler = job.format.handler();
    match handler.shows(result, survey, notice, &mut Budget::new(limits)) {
        Ok(Some(true)) => return Ok(None),
        Ok(Some(false)) => return lost(job, "the notice"),
        Err(Error::Io(error)) => return Err(error.into()),
        Ok(None) => {}
        // A decoder that cannot read the original either has no say; else it is the result that is broken.
        Err(_) => match handler.picture(source, &job.survey, &mut Budget::new(limits)) {
            Ok(Some(_)) => return lost(job, "the notice"),
            Err(Error::Io(error)) => return Err(error.into()),
            _ => {}
        },
    }
    Ok(Some("the notice was drawn, but not looked at afterwards: tanba cannot decode this picture; look at it".into()))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{Disclosure, Labeler, Policy, Signer, labeler::seen, notice::Artist, record::Record};

    #[test]
    fn a_notice_that_was_lost_is_an_error() {
        let limits = Limits::default();
        let disclosure = Disclosure::generated("Acme Diffusion");
        let labeler = Labeler::new(&disclosure, &Signer::development());
        let names = [
            "photo.jpg",
            "photo-progressive.jpg",
            "exif-orientation-6.jpg",
            "cmyk.jpg",
            "grey.jpg",
            "photo.png",
            "palette.png",
            "rgba16.png",
            "grey-alpha.png",
            "animated.png",
            "photo.gif",
            "photo.webp",
            "photo.tif",
            "deflate-16.tif",
            "tiff/jpeg_420_strips.tif",
            "tiff/planar_big_endian_zip_predictor.tif",
            "photo.avif",
            "drawing.svg",
        ];
        for name in names {
            let original = std::fs::read(format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
            let mut result = Cursor::new(Vec::new());
            let receipt = labeler.label(&mut Cursor::new(&original), &mut result).unwrap();
            assert!(receipt.notice.is_some(), "{name}");
            let survey = |bytes: &[u8]| {
                receipt.format.handler().survey(&mut Cursor::new(bytes), &mut Budget::new(&limits)).unwrap()
            };
            let plan = Policy::default().plan(&disclosure, receipt.format.medium());
            let (survey_before, record) = (survey(&original), Record::example());
            let drawn = Artist::new().draw(&plan, survey_before.shown().unwrap()).unwrap();
            let notice = seen::fitted(drawn, &survey_before);
            let job = Job::new(receipt.format, survey_before, record, plan);
            let look = |bytes: &[u8]| {
                let mut result = Cursor::new(bytes.to_vec());
                super::look(&job, &survey(bytes), &notice, &mut Cursor::new(&original), &mut result, &limits)
            };
            assert!(matches!(look(result.get_ref()), Ok(None)), "{name}");
            assert!(matches!(look(&original), Err(Error::ReadBack { what: "the notice", .. })), "{name}");
        }
    }
}
