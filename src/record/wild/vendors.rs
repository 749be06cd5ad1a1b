//! Whose AI system made it, where a manifest does not name the system: by the software that made the claim, else by the
//! organisation in the certificate.
//!
//! A name for people. Anyone can write these names, so nobody is trusted for one.

/// A vendor of AI systems that signs manifests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Vendor {
    pub(crate) name: &'static str,
    /// Puts a mark of the kind SynthID into the pixels, and says so in the manifest.
    pub(crate) synth_id: bool,
    /// The software by which the claim names it makes AI content and nothing else.
    pub(crate) only_ai: bool,
}

/// How a claim generator begins, in lower case, and whose it is. The first that fits counts.
const GENERATORS: &[(&str, &str, bool)] = &[
    ("chatgpt", "OpenAI", true),
    ("openai", "OpenAI", true),
    ("sora", "OpenAI", true),
    ("dall", "OpenAI", true),
    ("google photos", "Google", false),
    ("google", "Google", false),
    ("gemini", "Google", true),
    ("imagen", "Google", true),
    ("adobe_firefly", "Adobe Firefly", true),
    ("adobe firefly", "Adobe Firefly", true),
    ("bing image creator", "Microsoft", true),
    ("microsoft", "Microsoft", false),
    ("flux", "Black Forest Labs", true),
    ("black forest labs", "Black Forest Labs", true),
    ("dreamina", "ByteDance Dreamina", true),
    ("capcut", "CapCut", false),
    ("volcengine", "ByteDance Volcano Engine", false),
    ("byteplus", "BytePlus", false),
    ("stability", "Stability AI", true),
    ("runway", "Runway", true),
    ("elevenlabs", "ElevenLabs", true),
    ("eleven labs", "ElevenLabs", true),
    ("canva", "Canva", false),
    ("ideogram", "Ideogram", true),
    ("fal-ai", "fal.ai", true),
    ("fal.ai", "fal.ai", true),
    ("bria", "Bria", true),
    ("xai grok imagine", "xAI Grok", true),
    ("grok imagine", "xAI Grok", true),
    ("recraft", "Recraft", true),
    ("suno", "Suno", true),
];

/// How the organisation in a certificate begins, in lower case, and what it is called. Those that sign ordinary edits too
/// are here as well: they are asked only about a manifest that says AI.
const SIGNERS: &[(&str, &str)] = &[
    ("openai", "OpenAI"),
    ("google", "Google"),
    ("adobe", "Adobe"),
    ("microsoft", "Microsoft"),
    ("black forest labs", "Black Forest Labs"),
    ("bytedance", "ByteDance"),
    ("byteplus", "BytePlus"),
    ("beijing volcano engine", "ByteDance Volcano Engine"),
    ("北京火山引擎科技有限公司", "ByteDance Volcano Engine"),
    ("stability ai", "Stability AI"),
    ("runway ai", "Runway"),
    ("eleven labs", "ElevenLabs"),
    ("elevenlabs", "ElevenLabs"),
    ("canva", "Canva"),
    ("ideogram", "Ideogram"),
    ("bria", "Bria"),
    ("samsung", "Samsung"),
];

/// Whose system it is: by the claim generator, else by the signer (organisation first, as a certificate's subject is shown).
pub(crate) fn vendor(generator: Option<&str>, signer: Option<&str>) -> Option<Vendor> {
    let begins = |text: Option<&str>, name: &str| {
        let rest = text.and_then(|text| text.trim().to_lowercase().strip_prefix(name).map(str::to_owned));
        // A whole word: "Soranet" is not Sora.
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric) || name == "dall")
    };
    let by_generator = GENERATORS.iter().find(|(name, ..)| begins(generator, name));
    let (name, only_ai) = match by_generator {
        Some((_, vendor, only_ai)) => (*vendor, *only_ai),
        None => (SIGNERS.iter().find(|(name, _)| begins(signer, name))?.1, false),
    };
    Some(Vendor { name, synth_id: matches!(name, "OpenAI" | "Google"), only_ai })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_counts_before_the_signer_and_words_are_whole() {
        let name = |generator, signer| vendor(generator, signer).map(|vendor| vendor.name);
        assert_eq!(name(Some("ChatGPT"), Some("Truepic, Truepic Lens CLI in Sora")), Some("OpenAI"));
        assert_eq!(name(Some("OpenAI Media Service API 1.0"), None), Some("OpenAI"));
        assert_eq!(name(Some("DALL·E"), None), Some("OpenAI"));
        assert_eq!(name(Some("Adobe_Firefly"), Some("Adobe Inc.")), Some("Adobe Firefly"));
        assert_eq!(name(Some("Adobe_Photoshop 26.1"), Some("Adobe Inc., cai-prod")), Some("Adobe"));
        assert_eq!(name(Some("c2pa-rs 0.49"), Some("Black Forest Labs Inc")), Some("Black Forest Labs"));
        assert_eq!(name(Some("Dreamina"), Some("Bytedance Pte. Ltd.")), Some("ByteDance Dreamina"));
        assert_eq!(name(None, Some("RUNWAY AI, INC.")), Some("Runway"));
        for (generator, signer) in [
            (Some("Soranet 1.0"), None),
            (Some("Fluxus camera"), Some("Canvas Ltd")),
            (Some("make_test_images"), Some("C2PA Test Signing Cert")),
            (Some("not by OpenAI"), Some("A friend of Google")),
            (None, None),
        ] {
            assert_eq!(name(generator, signer), None, "{generator:?} {signer:?}");
        }
    }
}
