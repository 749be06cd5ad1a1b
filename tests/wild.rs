//! Labels and traces that generators really leave, and what only looks like one.

mod common;

use std::{fs, io::Cursor, path::PathBuf};

use common::{anchors, corpus, extension, fixture, identity, python};
use tanba::{
    Binding, Class, Headline, Report, Signature, SignerStanding, Statement, Technique, TimeStanding, Verdict, Verifier,
};
use time::macros::datetime;

fn verified(bytes: &[u8]) -> Report {
    let verifier = Verifier::new().at(datetime!(2026-11-20 0:00 UTC));
    verifier.verify(&mut Cursor::new(bytes)).unwrap()
}

/// The strongest class of what says AI, and the system named.
fn strongest(report: &Report) -> (Option<Class>, &str) {
    let ai = report.findings.iter().filter(|finding| finding.says.is_ai());
    (
        ai.map(|finding| finding.class).min_by_key(|class| *class as u8),
        report.provenance.system.as_deref().unwrap_or(""),
    )
}

/// File, what the strongest finding is, what it says of the content, and which system it names. Without a manifest, every
/// one of them is `UnsignedOnly` and "declared, not proven".
const MADE: &[(&str, Class, Technique, &str)] = &[
    ("a1111-ascii.webp", Class::Hint, Technique::Exif, ""),
    ("a1111-big.jpg", Class::Hint, Technique::Exif, ""),
    ("a1111-crossed.jpg", Class::Hint, Technique::Exif, ""),
    ("a1111-little.jpg", Class::Hint, Technique::Exif, ""),
    ("a1111-pnginfo.png", Class::Hint, Technique::Watermark, ""),
    ("a1111-rgbcomp.png", Class::Hint, Technique::Watermark, ""),
    ("a1111-rgbinfo.png", Class::Hint, Technique::Watermark, ""),
    ("a1111.png", Class::Hint, Technique::Text, ""),
    ("aphrodite.jpg", Class::Hint, Technique::Exif, "Aphrodite AI"),
    ("bytedance.webp", Class::Declared, Technique::Exif, ""),
    ("comfyui.png", Class::Hint, Technique::Text, "ComfyUI"),
    ("comfyui.webp", Class::Hint, Technique::Exif, "ComfyUI"),
    ("cvdca.jpg", Class::Declared, Technique::Aigc, ""),
    ("dreamina.jpg", Class::Declared, Technique::Exif, "Dreamina"),
    ("fooocus.png", Class::Hint, Technique::Text, "Fooocus"),
    ("google-late.png", Class::Declared, Technique::Xmp, "Google AI"),
    ("google.jpg", Class::Declared, Technique::Xmp, "Google AI"),
    ("grok.jpg", Class::Hint, Technique::Exif, "xAI Grok"),
    ("hugging-face.png", Class::Hint, Technique::Text, "a Hugging Face job"),
    ("ideogram.jpg", Class::Hint, Technique::Exif, "Ideogram"),
    ("invokeai-old.png", Class::Hint, Technique::Text, "InvokeAI"),
    ("invokeai.png", Class::Hint, Technique::Text, "InvokeAI"),
    ("luma.png", Class::Hint, Technique::Text, "Luma AI"),
    ("mark-flux.png", Class::Hint, Technique::Watermark, "FLUX"),
    ("mark-sd1.png", Class::Hint, Technique::Watermark, "Stable Diffusion"),
    ("mark-sdxl.png", Class::Hint, Technique::Watermark, "Stable Diffusion XL"),
    ("meta.jpg", Class::Declared, Technique::Xmp, ""),
    ("midjourney.png", Class::Declared, Technique::Xmp, "Midjourney"),
    // Signed by a key that is not NovelAI's: nothing is proven.
    ("novelai-changed.png", Class::Hint, Technique::Text, "NovelAI"),
    ("novelai-stealth.png", Class::Hint, Technique::Watermark, "NovelAI"),
    ("novelai-stealth.webp", Class::Hint, Technique::Watermark, "NovelAI"),
    ("novelai-unsigned.png", Class::Hint, Technique::Text, "NovelAI"),
    ("novelai.png", Class::Hint, Technique::Text, "NovelAI"),
    ("novelai.webp", Class::Hint, Technique::Exif, "NovelAI"),
    ("reve-xmp.png", Class::Hint, Technique::Xmp, "Reve"),
    ("reve.webp", Class::Hint, Technique::Exif, "Reve"),
    ("samsung.jpg", Class::Declared, Technique::Text, "Samsung Galaxy AI"),
    ("tc260-bare.jpg", Class::Declared, Technique::Aigc, ""),
    ("tc260-comment.jpg", Class::Declared, Technique::Aigc, ""),
    ("tc260-segment.jpg", Class::Declared, Technique::Aigc, ""),
    ("tc260-wrapped.png", Class::Declared, Technique::Aigc, ""),
    ("tc260-xmp.jpg", Class::Declared, Technique::Aigc, ""),
    ("tc260.avif", Class::Declared, Technique::Aigc, ""),
    ("tc260.gif", Class::Declared, Technique::Aigc, ""),
    ("tc260.png", Class::Declared, Technique::Aigc, ""),
    ("tc260.tif", Class::Declared, Technique::Aigc, ""),
    ("tc260.webp", Class::Declared, Technique::Aigc, ""),
    ("tencent.jpg", Class::Declared, Technique::Exif, ""),
];

#[test]
fn every_fixture_is_called_what_it_is() {
    let mut seen = vec!["mark-other.png".to_owned()];
    for &(name, class, technique, system) in MADE {
        let report = verified(&fs::read(fixture("wild").join(name)).unwrap());
        assert_eq!(
            (report.headline, report.verdict),
            (Headline::AiMadeDeclared, Verdict::UnsignedOnly),
            "{name}: {:#?}",
            report.findings
        );
        assert_eq!(strongest(&report), (Some(class), system), "{name}: {:#?}", report.findings);
        let ai = report.findings.iter().find(|finding| finding.says.is_ai()).unwrap();
        assert_eq!(ai.technique, technique, "{name}");
        let says = if name == "samsung.jpg" { Statement::PartlyAi } else { Statement::FullyAi };
        assert_eq!(report.says, Some(says), "{name}");
        assert!(!format!("{:?}", report.findings).contains("paper moon"), "{name} shows its prompt");
        assert!(report.findings.iter().all(|finding| finding.class != Class::Proven), "{name}");
        seen.push(name.to_owned());
    }
    let files = fs::read_dir(fixture("wild")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| !matches!(extension(path).as_str(), "md" | "py")).map(name).collect();
    files.sort();
    seen.sort();
    assert_eq!(seen, files, "a fixture without a row");
}

fn name(path: PathBuf) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Real files.
#[test]
fn every_real_file_is_called_what_it_is() {
    use Class::{Declared, Hint, Intact};
    let table = [
        ("automatic1111_cropped.jpg", Hint, ""),
        ("automatic1111_cropped.png", Hint, ""),
        ("chatgpt-1.png", Intact, "GPT-4o"),
        ("firefly-1.png", Intact, "Adobe Firefly"),
        ("flux-1.jpg", Intact, "Flux.2"),
        ("fooocus1_cropped.png", Hint, "Fooocus"),
        ("grok-1.jpg", Hint, "xAI Grok"),
        ("img2img_cropped.png", Hint, "ComfyUI"),
        ("invokeai_imeta1.png", Hint, "InvokeAI"),
        ("mj-1.png", Declared, "Midjourney"),
        ("novelai1_cropped.png", Hint, "NovelAI"),
    ];
    let Some(files) = corpus("wild") else { return };
    let files: Vec<_> = files.iter().map(|path| name(path.clone())).collect();
    assert_eq!(files, table.map(|(name, ..)| name), "a file without a row");
    for ((name, class, system), path) in table.into_iter().zip(corpus("wild").unwrap()) {
        let report = verified(&fs::read(path).unwrap());
        let signed = class == Intact;
        let verdict = if signed { Verdict::UntrustedSigner } else { Verdict::UnsignedOnly };
        assert_eq!((report.headline, report.verdict), (Headline::AiMadeDeclared, verdict), "{name}");
        assert_eq!(strongest(&report), (Some(class), system), "{name}: {:#?}", report.findings);
        let axes = (report.binding, report.signature, report.signer);
        let expected = (Binding::Intact, Signature::Ok, SignerStanding::Expired);
        assert!(!signed || axes == expected, "{name}: {axes:?}");
        // Nothing is guessed where a manifest tells it.
        assert!(
            !signed || report.findings.iter().all(|finding| finding.class != Hint),
            "{name}: {:#?}",
            report.findings
        );
        // Without a time-stamp, an expired certificate proves nothing about the time of signing.
        assert!(name != "chatgpt-1.png" || report.time == TimeStanding::None);
    }
}

#[test]
fn a_signature_of_novelai_that_does_not_fit_is_said() {
    for name in ["novelai.png", "novelai-changed.png", "novelai.webp", "novelai-stealth.png", "novelai-stealth.webp"] {
        let report = verified(&fs::read(fixture("wild").join(name)).unwrap());
        let about = report.findings.iter().find(|finding| finding.text.contains("signature does not fit"));
        let about = about.unwrap_or_else(|| panic!("{name}: {:#?}", report.findings));
        assert_eq!((about.says, about.class), (Statement::AboutTheLabel, Class::Declared), "{name}");
    }
    let report = Verifier::new().look_for_notice(false);
    let bytes = fs::read(fixture("wild").join("novelai.png")).unwrap();
    let report = report.verify(&mut Cursor::new(bytes)).unwrap();
    assert!(report.findings.iter().any(|finding| finding.text.contains("was not checked")), "{:#?}", report.findings);
}

/// A PNG with text chunks behind its header.
fn png_with(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let plain = fs::read(fixture("tiny.png")).unwrap();
    let mut file = plain[..33].to_vec();
    for (kind, data) in chunks {
        file.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        file.extend(*kind);
        file.extend(*data);
        file.extend(crc32fast::hash(&[*kind as &[u8], data].concat()).to_be_bytes());
    }
    file.extend(&plain[33..]);
    file
}

fn says_nothing_about_ai(file: &[u8], why: &str) {
    let report = verified(file);
    assert!(report.findings.iter().all(|finding| !finding.says.is_ai()), "{why}: {:#?}", report.findings);
    assert!(matches!(report.headline, Headline::NoLabel), "{why}: {:?}", report.headline);
}

fn texts_say_nothing(texts: &[(&str, &str)]) {
    for (key, value) in texts {
        let data = [key.as_bytes(), b"\0", value.as_bytes()].concat();
        says_nothing_about_ai(&png_with(&[(b"tEXt", &data)]), value);
    }
}

#[test]
fn captions_that_name_generators_are_no_labels() {
    texts_say_nothing(&[
        ("Description", "A print that Midjourney fans would like, Job ID: 7"),
        ("Description", "Not made with Midjourney --v 5. Job ID: none"),
        ("Description", "flux capacitor, a model"),
        ("Title", "Imagen Heap, a singer"),
        ("Title", "NovelAI generated image, a spoof"),
        ("Comment", "ChatGPT, DALL-E, Stable Diffusion and Suno: an article"),
        ("Comment", "made with suno"),
        ("Source", "Luma AI and others"),
        ("Source", "Stable Diffusion"),
        ("Author", "Ideogram AI"),
        ("parameters", "Steps: to the left, Seed: none"),
        ("prompt", "the camera's prompt: press the shutter"),
        ("workflow", "approved by the desk"),
        ("hf-job-id", "none"),
        ("Dream", "a house by the sea"),
        ("fooocus_scheme", "a colour scheme"),
    ]);
}

#[test]
fn the_software_of_cameras_and_editors_is_no_label() {
    texts_say_nothing(&[
        ("Software", "NIKON D750 Ver.1.02"),
        ("Software", "Adobe Photoshop Lightroom Classic 13.0 (Macintosh), AI Denoise"),
        ("Software", "Adobe Photoshop 25.1 (Windows)"),
        ("Software", "Google"),
        ("Software", "HDR+ 1.0.540104767zd"),
        ("Software", "GIMP 2.10.34"),
        ("Software", "reve.company studio"),
    ]);
}

#[test]
fn lightroom_denoise_is_no_label() {
    let packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
        <rdf:Description rdf:about='' xmlns:crs='http://ns.adobe.com/camera-raw-settings/1.0/' crs:EnhanceDenoiseAlreadyApplied='True' \
        crs:EnhanceDenoiseLumaAmount='50' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:CreatorTool='Adobe Photoshop Lightroom Classic 13.0'/>\
        </rdf:RDF></x:xmpmeta>";
    says_nothing_about_ai(&png_with(&[(b"iTXt", &xmp(packet))]), "Lightroom denoise");
}

fn xmp(packet: &str) -> Vec<u8> {
    [b"XML:com.adobe.xmp\0\0\0\0\0".as_slice(), packet.as_bytes()].concat()
}

fn source_type(term: &str, around: (&str, &str)) -> Vec<u8> {
    let (open, close) = around;
    png_with(&[(
        b"iTXt",
        &xmp(&format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             <rdf:Description rdf:about='' xmlns:e='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'>{open}<e:DigitalSourceType>\
             http://cv.iptc.org/newscodes/digitalsourcetype/{term}</e:DigitalSourceType>{close}</rdf:Description></rdf:RDF></x:xmpmeta>"
        )),
    )])
}

#[test]
fn source_types_that_are_not_ai_are_no_labels_of_ai() {
    for (term, says) in [
        ("digitalCapture", Some(Statement::NotAi)),
        ("algorithmicMedia", Some(Statement::NotAi)),
        ("algorithmicallyEnhanced", Some(Statement::NotAi)),
        ("composite", Some(Statement::PossiblyAi)),
    ] {
        let file = source_type(term, ("", ""));
        says_nothing_about_ai(&file, term);
        assert_eq!(verified(&file).says, says, "{term}");
    }
    // The same bytes with the term of AI are one: the test sees what it looks for.
    assert_eq!(verified(&source_type("trainedAlgorithmicMedia", ("", ""))).headline, Headline::AiMadeDeclared);
}

#[test]
fn a_marker_inside_an_xmp_comment_is_no_label() {
    let file = source_type("trainedAlgorithmicMedia", ("<!-- ", " -->"));
    says_nothing_about_ai(&file, "comment");
    assert_eq!(verified(&file).verdict, Verdict::NotFound);
}

#[test]
fn aigc_in_other_json_is_no_label() {
    texts_say_nothing(&[
        ("Comment", r#"{"AIGC":"a magazine","Label":1}"#),
        ("Comment", r#"{"AIGC":{"Label":"1"}}"#),
        ("Comment", r#"{"tags":["AIGC","ContentProducer"],"Label":"1"}"#),
        ("AIGC", "see page 4"),
        ("AIGC", r#"{"Label":"7","ContentProducer":"x"}"#),
        ("Comment", r#"{"aigc_label_type":0,"source_info":"camera"}"#),
        ("Comment", r#"{"aigc_type":"none","product":"capcut","exportType":"generation"}"#),
        ("Comment", r#"{"product":"dreamina","exportType":"upload"}"#),
        ("Description", r#"{"ServiceProvider":"a telephone company"}"#),
        ("Comment", r#"{"genAIType":3} PhotoEditor_Re_Edit_Data"#),
    ]);
}

#[test]
fn random_bytes_that_contain_c2pa_are_no_manifest() {
    let mut junk =
        b"\0\0\0\x1ejumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0trainedAlgorithmicMedia".to_vec();
    junk.extend((0..4000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
    let mut behind = fs::read(fixture("tiny.png")).unwrap();
    behind.extend(&junk);
    for file in
        [png_with(&[(b"juNk", &junk)]), png_with(&[(b"tEXt", &[b"Comment\0".as_slice(), &junk].concat())]), behind]
    {
        says_nothing_about_ai(&file, "c2pa");
        assert_eq!(verified(&file).signature, Signature::None);
    }
}

#[test]
fn the_exif_choice_about_training_is_no_label_of_ai() {
    // Big-endian: an EXIF directory that holds 0x9287 with one value.
    let exif = b"MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0\0\x01\x92\x87\0\x03\0\0\0\x01\0\x01\0\0\0\0\0\0";
    let file = png_with(&[(b"eXIf", exif)]);
    says_nothing_about_ai(&file, "0x9287");
    assert!(verified(&file).findings.iter().any(|finding| finding.text.contains("use for training")));
}

#[test]
fn a_pixel_mark_of_nobody_and_a_flat_picture_are_no_labels() {
    says_nothing_about_ai(&fs::read(fixture("wild").join("mark-other.png")).unwrap(), "another message");
    for grey in [0, 18, 64, 127, 128, 255] {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 512, 512);
        encoder.set_color(png::ColorType::Rgb);
        let pixels: Vec<u8> = (0..512 * 512).flat_map(|_| [grey, 255 - grey, grey / 2]).collect();
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        says_nothing_about_ai(&file, "flat");
    }
}

/// Any JPEG coding destroys the pixel mark: what is not there is not found.
#[test]
fn photographs_of_the_corpus_say_nothing_about_ai() {
    let Some(files) = corpus("unlabelled") else { return };
    let mut seen = 0;
    for path in files {
        let bytes = fs::read(&path).unwrap();
        let Ok(report) = Verifier::new().verify(&mut Cursor::new(bytes)) else { continue };
        assert!(report.findings.iter().all(|finding| !finding.says.is_ai()), "{path:?}: {:#?}", report.findings);
        seen += 1;
    }
    assert!(seen >= 10, "{seen} seen");
}

/// Signs a picture with the manifest in JSON, by c2pa-python.
const SIGN: &str = r#"
import sys, c2pa
source, out, manifest, chain, key = sys.argv[1:]
info = c2pa.C2paSignerInfo(b"ed25519", open(chain, "rb").read(), open(key, "rb").read(), None)
builder = c2pa.Builder(manifest)
with open(source, "rb") as read, open(out, "w+b") as write:
    builder.sign(c2pa.Signer.from_info(info), "image/png", read, write)
"#;

/// The report on a picture that c2pa-python signed for this generator, with these actions.
fn signed_by(generator: &str, actions: &str) -> Option<Report> {
    signed_as(2, generator, actions)
}

/// The same, as a claim of this version.
fn signed_as(claim: u32, generator: &str, actions: &str) -> Option<Report> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    fs::write(path("chain.pem"), &identity().chain_pem).unwrap();
    fs::write(path("key.pem"), identity().key_pem.as_bytes()).unwrap();
    let label = if claim == 1 { "c2pa.actions" } else { "c2pa.actions.v2" };
    let manifest = format!(
        r#"{{"claim_version":{claim},"claim_generator_info":[{{"name":"{generator}","version":"1"}}],
            "assertions":[{{"label":"{label}","data":{{"actions":[{actions}]}}}}]}}"#
    );
    let picture = fixture("tiny.png").to_string_lossy().into_owned();
    let arguments = [&picture, &path("signed.png"), &manifest, &path("chain.pem"), &path("key.pem")];
    python("c2pa", SIGN, &arguments.map(String::as_str))?;
    let verifier = Verifier::new().anchors(anchors()).at(datetime!(2026-11-20 0:00 UTC));
    Some(verifier.verify(&mut Cursor::new(fs::read(path("signed.png")).unwrap())).unwrap())
}

const CREATED: &str = r#"{"action":"c2pa.created","digitalSourceType":"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"}"#;

#[test]
fn a_vendor_stands_in_where_the_manifest_names_no_system() {
    let Some(report) = signed_by("OpenAI Media Service API", CREATED) else { return };
    assert_eq!((report.headline, report.provenance.system.as_deref()), (Headline::AiMadeProven, Some("OpenAI")));
    assert_eq!(report.manifest.unwrap().system.as_deref(), Some("OpenAI"));
    let agent = CREATED.replace("}", r#","softwareAgent":{"name":"gpt-image","version":"2.0"}}"#);
    let report = signed_by("OpenAI Media Service API", &agent).unwrap();
    assert_eq!(report.provenance.system.as_deref(), Some("gpt-image 2.0"));
    // A camera's maker is no AI system.
    let captured = CREATED.replace("trainedAlgorithmicMedia", "digitalCapture");
    let report = signed_by("Google Pixel Camera", &captured).unwrap();
    assert_eq!((report.headline, report.provenance.system), (Headline::NoLabel, None));
}

#[test]
fn an_invisible_mark_that_the_signer_claims_is_said() {
    let marked = format!(r#"{CREATED},{{"action":"c2pa.watermarked.unbound"}}"#);
    for (generator, synth_id) in [("OpenAI Media Service API", true), ("Acme Diffusion", false)] {
        let Some(report) = signed_by(generator, &marked) else { return };
        let about = report.findings.iter().find(|finding| finding.text.contains("an invisible mark"));
        let about = about.unwrap_or_else(|| panic!("{:#?}", report.findings));
        assert_eq!((about.says, about.text.contains("SynthID")), (Statement::AboutTheLabel, synth_id));
        assert_eq!(report.headline, Headline::AiMadeProven);
    }
}

#[test]
fn the_generator_of_an_ai_service_without_a_source_type_is_a_hint() {
    let edited = r#"{"action":"c2pa.created","digitalSourceType":"http://c2pa.org/digitalsourcetype/empty"}"#;
    let published = r#"{"action":"c2pa.created"}"#;
    let Some(report) = signed_as(1, "Dreamina", published) else { return };
    let hint = report.findings.iter().find(|finding| finding.says.is_ai()).unwrap();
    assert_eq!((hint.class, hint.system.as_deref()), (Class::Hint, Some("ByteDance Dreamina")));
    assert_eq!(report.headline, Headline::AiMadeDeclared);
    // What the manifest does say counts.
    let report = signed_by("Dreamina", edited).unwrap();
    assert!(report.findings.iter().all(|finding| !finding.says.is_ai()), "{:#?}", report.findings);
}
