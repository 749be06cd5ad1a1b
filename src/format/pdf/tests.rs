use super::*;
use crate::format::testing::{corpus, survey};

#[test]
fn probe() {
    for name in [
        "labelled/basic-signed.pdf",
        "labelled/express-signed.pdf",
        "unlabelled/basic.pdf",
        "unlabelled/basic-attachments.pdf",
        "unlabelled/express.pdf",
        "hostile/basic-password.pdf",
    ] {
        let Some(bytes) = corpus(name) else { return };
        let found = survey(&Pdf, &bytes).unwrap();
        eprintln!(
            "{name}: stores {:?} xmp {:?} texts {:?} unread {:?}",
            found.stores.iter().map(|s| (s.carrier.clone(), s.jumbf.len())).collect::<Vec<_>>(),
            found.xmp.iter().map(|b| (b.place.clone(), b.bytes.len())).collect::<Vec<_>>(),
            found.texts.iter().map(|t| (&t.key, &t.value)).collect::<Vec<_>>(),
            found.unread
        );
    }
}
