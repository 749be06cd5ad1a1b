//! What is kept of a manifest store for the next file of its shape: else the engine builds each of them twice, once to tell how
//! long it comes out.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Claim, Region, template::Template};
use crate::{
    Format,
    policy::{Extent, Oversight},
};

/// How many are kept: pictures of one service come in few sizes, and the place of the notice is in the manifest.
const KEPT: usize = 32;

/// What a store without parent hangs on, for one signer. Not in it are the identifier, the time, the hash and the salts, which are
/// of one length always.
#[derive(PartialEq)]
pub(super) struct Shape {
    format: Format,
    extent: Extent,
    system: String,
    system_version: String,
    provider: String,
    no_training: bool,
    title: Option<String>,
    oversight: Option<Oversight>,
    media_type: &'static str,
    parts: Vec<String>,
    notices: Vec<(Region, Vec<String>)>,
    beside: bool,
}

impl Shape {
    pub(super) fn of(format: Format, claim: &Claim) -> Self {
        // Named one by one, so that a new field cannot be forgotten here.
        let Claim { record, title, oversight, media_type, parts, notices, beside } = claim;
        Self {
            format,
            extent: record.extent,
            system: record.system.clone(),
            system_version: record.system_version.clone(),
            provider: record.provider.clone(),
            no_training: record.no_training,
            title: title.map(str::to_owned),
            oversight: *oversight,
            media_type,
            parts: parts.clone(),
            notices: notices.clone(),
            beside: *beside,
        }
    }
}

/// What is kept for one shape.
#[derive(Clone)]
pub(super) enum Kept {
    /// Only how long the store is: the engine makes each.
    Length(usize),
    /// All that is the same in every one.
    Template(Arc<Template>),
}

/// What is kept, by shape, the newest first.
#[derive(Default)]
pub(super) struct Shapes(Mutex<VecDeque<(Shape, Kept)>>);

impl Shapes {
    pub(super) fn get(&self, shape: &Shape) -> Option<Kept> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(of, _)| of == shape).map(|(_, kept)| kept.clone())
    }

    pub(super) fn keep(&self, shape: Shape, kept: Kept) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_front((shape, kept));
        all.truncate(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use time::macros::datetime;

    use crate::{Disclosure, Labeler, Oversight, Policy, Signer};

    /// What is kept for one store must not be taken for another: `sign` would refuse a length that is wrong.
    #[test]
    fn every_shape_has_its_own_length() {
        let signer = Signer::development();
        let read = |name: &str| std::fs::read(format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let files = ["photo.jpg", "photo.png", "photo.avif"].map(read);
        let disclosures = [
            Disclosure::generated("A"),
            Disclosure::generated("Acme Diffusion"),
            Disclosure::modified("A"),
            Disclosure::generated("A").system_version("3.1.4"),
            Disclosure::generated("A").provider("Acme LLP"),
            Disclosure::generated("A").title("A picture"),
            Disclosure::generated("A").oversight(Oversight::PromptGuided),
            Disclosure::generated("A").prohibit_training(),
        ];
        // To draw into the others takes long, and adds nothing here.
        for (notice, files) in [(true, &files[..1]), (false, &files[..])] {
            let mut lengths = Vec::new();
            for (disclosure, bytes) in disclosures.iter().flat_map(|one| files.iter().map(move |bytes| (one, bytes))) {
                let label = |year: i32| {
                    let when = datetime!(2026-03-04 5:06:07.89 UTC).replace_year(year).unwrap();
                    let policy = Policy::kazakhstan().with_notice(notice);
                    let labeler = Labeler::new(disclosure, &signer).policy(policy).clock(move || when);
                    labeler.label(&mut Cursor::new(bytes), &mut Cursor::new(Vec::new())).unwrap().manifest_bytes
                };
                let once = label(2025);
                assert_eq!(label(2031), once);
                lengths.push(once);
            }
            lengths.sort_unstable();
            lengths.dedup();
            assert!(lengths.len() > 5, "{lengths:?}");
        }
    }
}
