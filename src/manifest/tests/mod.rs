//! Signing and reading, without a handler: the store stands in a PNG chunk that the tests place themselves.

mod attacks;
mod chains;
mod corpus;
mod detached;
mod hashes;
mod resigned;
mod revoked;
mod sign;
mod swaps;

use std::io::Cursor;

use time::{OffsetDateTime, macros::datetime};
use uuid::uuid;

use super::*;
use crate::{
    Format,
    format::testing::corpus as outside,
    geometry::Rect,
    limits::{Budget, Limits},
    patch,
    patch::Patch,
    policy::Extent,
    record::Record,
};

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

pub(super) fn record(extent: Extent) -> Record {
    Record {
        extent,
        system: "Acme Diffusion 3".into(),
        system_version: "3.1".into(),
        provider: "Acme LLP".into(),
        id: uuid!("6f1f7a1e-0f9a-4c1e-9d0e-1b2a3c4d5e6f"),
        time: NOW,
        alt_text: "Created by AI".into(),
        language: "en",
        no_training: false,
        aigc: false,
    }
}

pub(super) fn claim(record: &Record) -> Claim<'_> {
    Claim {
        record,
        title: None,
        oversight: None,
        media_type: "image/png",
        parts: Vec::new(),
        notices: vec![(
            Region::Seen(Rect { x: 10, y: 20, width: 300, height: 40 }),
            vec!["ЖИ көмегімен жасалды".into(), "Создано ИИ".into()],
        )],
        beside: false,
    }
}

/// The chunk that carries a store in PNG: C2PA 2.4 §A.3.
pub(super) fn cabx(store: &[u8]) -> Vec<u8> {
    let mut chunk = u32::try_from(store.len()).unwrap().to_be_bytes().to_vec();
    chunk.extend(b"caBX");
    chunk.extend(store);
    chunk.extend(crc32fast::hash(&chunk[4..]).to_be_bytes());
    chunk
}

/// Signs `png` (which carries no store), or labels it again with `parent` as what was opened.
pub(super) fn sign_png(png: &[u8], claim: &Claim, parent: Option<&[u8]>, signer: &Signer) -> Vec<u8> {
    let past = parent.and_then(|bytes| with_asset(bytes, |asset| read_past(asset, NOW).unwrap().1));
    let parent = parent.map(|_| Parent { past: past.as_ref(), instance: None });
    let draft = Draft::new(Format::Png, claim, parent, signer).unwrap();
    let mut edits = Patch::default();
    // After IHDR, where c2pa-rs puts it.
    edits.slot(33, draft.len(), Box::new(cabx));
    let wrap = edits.take_wrap().unwrap();
    let mut sink = Cursor::new(Vec::new());
    let written = edits.write(Format::Png, &mut Cursor::new(png), &mut sink).unwrap();
    let slot = written.slot.unwrap();
    let store = draft.sign(written.sha256, &slot, &mut sink).unwrap();
    patch::fill(Format::Png, &mut sink, &slot, &wrap(&store)).unwrap();
    sink.into_inner()
}

pub(super) fn png() -> Option<Vec<u8>> {
    outside("unlabelled/libpng-test.png")
}

/// Reads as the verifier does.
pub(super) fn read_back(bytes: &[u8], anchors: &TrustAnchors, at: OffsetDateTime) -> Reading {
    with_asset(bytes, |asset| read(asset, anchors, at).unwrap())
}

/// Runs `run` over a file and its survey.
pub(super) fn with_asset<T>(bytes: &[u8], run: impl FnOnce(&mut Asset) -> T) -> T {
    let mut source = Cursor::new(bytes);
    let format = Format::sniff(&mut source).unwrap();
    let survey = format.handler().survey(&mut source, &mut Budget::new(&Limits::default())).unwrap();
    run(&mut Asset { format, source: &mut source, survey: &survey, limits: &Limits::default() })
}
