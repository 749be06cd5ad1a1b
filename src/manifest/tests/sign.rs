use super::*;

#[test]
fn the_engine_reads_what_was_signed() {
    let Some(png) = png() else { return };
    let signed = sign_png(&png, &claim(&record(Extent::Generated)), None, &Signer::development());
    if let Some(path) = std::env::var_os("TANBA_WRITE") {
        std::fs::write(std::path::Path::new(&path).join("dev.png"), &signed).unwrap();
    }
    let reader =
        c2pa::Reader::from_context(c2pa::Context::new()).with_stream("image/png", Cursor::new(&signed)).unwrap();
    assert_eq!(reader.validation_state(), c2pa::ValidationState::Valid, "{}", reader.json());
    assert!(signed.len() - png.len() <= 3072 + 12, "{} bytes", signed.len() - png.len());
}
