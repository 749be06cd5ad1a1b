//! HEIC and HEIF: record and manifest. No maintained decoder of HEVC has a licence that permits its use here, so the
//! pixels stay as they are.

mod items;

pub(super) use items::{Items, record};

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey};
use crate::{
    Format, Result,
    container::bmff::{Editor, Layout, brands},
    limits::Budget,
    notice::Raster,
    stream::Source,
};

pub(super) struct Heif;

const FACTS: Facts = Facts {
    name: "HEIC/HEIF",
    media_types: &["image/heic", "image/heif"],
    extensions: &["heic", "heif", "hif", "heics", "heifs"],
    medium: Medium::Image,
    can_label: true,
    notice: Carries::No,
    binding: HardBinding::Bmff,
    limitations: "No visible notice: there is no free HEVC codec to draw with; convert to AVIF, JPEG or PNG first, or show the notice beside the picture.",
};

/// Brands of ISO/IEC 23008-12, annexes B to J: HEVC stills and sequences first.
const HEVC: [&[u8; 4]; 8] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"];
const STRUCTURAL: [&[u8; 4]; 6] = [b"mif1", b"mif2", b"msf1", b"avci", b"avcs", b"jpeg"];

impl Handler for Heif {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let brands = brands(head);
        let major = brands.first();
        let one_of = |brand: &[u8; 4]| HEVC.contains(&brand) || STRUCTURAL.contains(&brand);
        // A film may list `mif1` among its brands; only as the major one, or beside an HEVC brand, is it a picture.
        major.is_some_and(one_of)
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let layout = Layout::read(source, Format::Heif, budget)?;
        let mut survey = Items::of(&layout).survey(source, budget)?;
        let mut head = [0; 12];
        crate::stream::read_into(source, Format::Heif, 0, &mut head)?;
        survey.media_type = if head[8..] == *b"heic" || head[8..] == *b"heix" { "image/heic" } else { "image/heif" };
        Ok(survey)
    }

    fn mark(&self, source: &mut dyn Source, _survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let layout = Layout::read(source, Format::Heif, budget)?;
        let mut editor = Editor::new(&layout);
        editor.store(label.store_len)?;
        record(&Items::of(&layout), &mut editor, label.record, source, budget)?;
        Ok(Marked { patch: editor.finish(source, budget)?, ..Marked::default() })
    }

    fn picture(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Raster>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Binding, Disclosure, Signature, Signer,
        format::testing::{corpus, survey},
    };

    #[test]
    fn labels_bind_the_media_data() {
        for file in ["unlabelled/sample1.heif", "unlabelled/sample1.heic"] {
            let Some(bytes) = corpus(file) else { return };
            let labelled = crate::label(&bytes, &Disclosure::generated("Acme"), &Signer::development()).unwrap();
            let report = crate::verify(&labelled).unwrap();
            assert_eq!((report.binding, report.signature), (Binding::Intact, Signature::Ok), "{:?}", report.findings);
            let layout = Layout::read(
                &mut std::io::Cursor::new(&labelled),
                Format::Heif,
                &mut Budget::new(&crate::Limits::default()),
            )
            .unwrap();
            let data = layout.boxes.iter().find(|head| head.is(b"mdat")).unwrap();
            let mut changed = labelled;
            changed[data.body.start as usize + 100] ^= 1;
            let report = crate::verify(&changed).unwrap();
            assert_eq!((report.binding, report.signature), (Binding::Broken, Signature::Ok));
        }
    }

    /// An encoder put the signature of a JPEG segment before the packet.
    #[test]
    fn xmp_copied_from_a_jpeg_is_read_and_kept() {
        let Some(bytes) = corpus("unlabelled/sample1.heic") else { return };
        let found = survey(&Heif, &bytes).unwrap();
        assert!(found.xmp[0].bytes.starts_with(b"<?xpacket"));
        let labelled = crate::label(&bytes, &Disclosure::generated("Acme"), &Signer::development()).unwrap();
        let found = survey(&Heif, &labelled).unwrap();
        let [packet] = &found.xmp[..] else { panic!("{:?}", found.xmp) };
        let text = String::from_utf8_lossy(&packet.bytes);
        assert!(text.starts_with("<?xpacket") && text.contains("xmp:Rating") && text.contains("DigitalSourceType"));
    }
}
