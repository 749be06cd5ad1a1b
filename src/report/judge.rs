//! From what was found to what may be said.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Axes, Binding, Class, Finding, Headline, HeardReport, NoticeReport, Provenance, Report, SCHEMA, Said, Signature,
    SignerStanding, Statement, Technique, Verdict, WrittenReport, say,
};
use crate::{
    format::Format,
    geometry::{Rect, Size},
    manifest::Reading,
    notice::Sighting,
};

/// The file that is judged.
pub(crate) struct Subject {
    pub(crate) format: Format,
    pub(crate) media_type: &'static str,
    /// Length in bytes.
    pub(crate) bytes: u64,
    /// Size as shown, in pixels.
    pub(crate) shown: Option<Size>,
}

/// What looking, listening and reading gave.
#[derive(Default)]
pub(crate) struct Look {
    pub(crate) notices: Vec<NoticeReport>,
    pub(crate) heard: Vec<HeardReport>,
    pub(crate) written: Vec<WrittenReport>,
    pub(crate) not_examined: Vec<Said>,
    /// The picture cannot be decoded although its format can.
    pub(crate) damaged: bool,
    /// The picture was searched.
    pub(crate) looked: bool,
}

impl Look {
    pub(crate) fn unseen(why: impl Into<Said>, damaged: bool) -> Self {
        Self { not_examined: vec![why.into()], damaged, ..Self::default() }
    }
}

impl NoticeReport {
    pub(crate) fn new(sighting: Sighting, frame: Size, signed_place: bool) -> Self {
        Self {
            rect: sighting.rect,
            signed_place,
            lines: sighting.lines,
            languages: sighting.languages,
            extent: sighting.extent,
            cap_height_px: sighting.cap_height,
            cap_height_share: sighting.cap_height / f64::from(frame.shorter().max(1)),
            contrast: sighting.contrast,
            inside: sighting.rect.inside(frame),
            score: sighting.score,
            spans: Vec::new(),
        }
    }
}

/// Draws the conclusion: from what was found to what may be said.
pub(crate) fn judge(
    subject: Subject,
    at: OffsetDateTime,
    reading: Reading,
    records: Vec<Finding>,
    look: Look,
) -> Report {
    let Look { notices, heard, written, not_examined, damaged, looked: _ } = look;
    let axes = reading.axes;
    let mut findings = reading.findings;
    findings.extend(records);
    findings.extend(notices.iter().map(notice_finding));
    findings.extend(heard.iter().map(HeardReport::finding));
    findings.extend(written.iter().map(|written| written.finding(subject.format.medium())));
    findings.extend(contradictions(&findings));
    findings.sort_by_key(|finding| finding.class as u8);
    let says = strongest(&findings);
    let silent = findings.iter().all(|finding| finding.says == Statement::AboutTheLabel);
    let verdict = verdict(&axes, reading.unreadable || damaged && silent, &findings);
    let headline = headline(verdict, &findings);
    let provenance = Provenance {
        available: reading.manifest.is_some()
            || findings.iter().any(|finding| finding.says != Statement::AboutTheLabel),
        system: findings.iter().find_map(|finding| finding.system.clone()),
        signature_available: axes.signature != Signature::None,
    };
    Report {
        schema: SCHEMA.into(),
        format: subject.format,
        media_type: subject.media_type.into(),
        bytes: subject.bytes,
        shown: subject.shown,
        verdict,
        headline,
        says,
        binding: axes.binding,
        signature: axes.signature,
        signer: axes.signer,
        time: axes.time,
        evaluated_at: at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default(),
        provenance,
        manifest: reading.manifest,
        notices,
        heard,
        written,
        findings,
        profile: None,
        not_examined: not_examined.iter().map(Said::to_string).collect(),
        unexamined: not_examined,
    }
}

fn notice_finding(notice: &NoticeReport) -> Finding {
    let Rect { x, y, width, height } = notice.rect;
    let says = notice.extent.map_or(Statement::AboutTheLabel, Statement::from);
    let (px, share) = (format!("{:.0}", notice.cap_height_px), format!("{:.1}", notice.cap_height_share * 100.0));
    let contrast = format!("{:.1}", notice.contrast);
    let text = match notice.spans.first() {
        Some(span) => say!(
            "a visible notice, from second {} to second {}, capital letters {} px high ({} % of the shorter side), contrast {}:1",
            span.seconds().0,
            span.seconds().1,
            px,
            share,
            contrast
        ),
        None => say!(
            "a visible notice, capital letters {} px high ({} % of the shorter side), contrast {}:1",
            px,
            share,
            contrast
        ),
    };
    // In no language: places are not translated.
    let place = format!("x {x}, y {y}: {width} × {height} px");
    Finding::new(Technique::Notice, Class::Declared, says, text, &notice.lines.join(" / "), place)
}

/// What the strongest finding about AI says.
fn strongest(findings: &[Finding]) -> Option<Statement> {
    let about_content = findings.iter().filter(|finding| {
        !matches!(finding.says, Statement::AboutTheLabel | Statement::TrainingProhibited)
            && finding.class != Class::Hint
    });
    about_content.map(|finding| finding.says).find(|says| says.is_ai()).or_else(|| {
        findings.iter().map(|finding| finding.says).find(|says| {
            matches!(says, Statement::FullyAi | Statement::PartlyAi | Statement::PossiblyAi | Statement::NotAi)
        })
    })
}

/// Layers that cannot both be right: C2PA says capture and XMP says AI, for instance.
fn contradictions(findings: &[Finding]) -> Vec<Finding> {
    let stated = |finding: &&Finding| finding.class != Class::Hint;
    let mut ai = findings.iter().filter(stated).filter(|finding| finding.says.is_ai());
    let not_ai: Vec<_> = findings.iter().filter(stated).filter(|it| it.says == Statement::NotAi).collect();
    let mut found = Vec::new();
    let differ = |ai: &Finding| not_ai.iter().find(|other| other.technique != ai.technique).copied();
    if let Some((ai, not_ai)) = ai.find_map(|ai| differ(ai).map(|not_ai| (ai, not_ai))) {
        found.push(Finding::new(
            Technique::Comparison,
            Class::Declared,
            Statement::AboutTheLabel,
            say!("contradiction: {} says AI, {} says not", ai.place, not_ai.place),
            &format!("{} / {}", ai.value, not_ai.value),
            CONTRADICTION,
        ));
    }
    found
}

/// The place of findings that compare others.
pub(crate) const CONTRADICTION: &str = "between labels";

fn verdict(axes: &Axes, unreadable: bool, findings: &[Finding]) -> Verdict {
    if axes.signature == Signature::Bad || axes.binding == Binding::Broken {
        Verdict::Tampered
    } else if findings.iter().any(|finding| finding.place == CONTRADICTION) {
        Verdict::Conflicting
    } else if unreadable {
        Verdict::Inconclusive
    } else if axes.signature == Signature::Ok {
        match (axes.binding, axes.signer) {
            (Binding::Intact, SignerStanding::Trusted | SignerStanding::PinnedVendor) => Verdict::Valid,
            (Binding::Intact, _) => Verdict::UntrustedSigner,
            _ => Verdict::Inconclusive,
        }
    } else if findings.iter().any(is_proof) {
        // A generator's own signature, by a key that is pinned.
        Verdict::Valid
    } else if findings.iter().any(|finding| finding.says != Statement::AboutTheLabel) {
        Verdict::UnsignedOnly
    } else {
        Verdict::NotFound
    }
}

fn is_proof(finding: &Finding) -> bool {
    finding.says.is_ai() && finding.class == Class::Proven
}

fn headline(verdict: Verdict, findings: &[Finding]) -> Headline {
    let ai = |technique: Option<Technique>| {
        findings
            .iter()
            .any(|finding| finding.says.is_ai() && technique.is_none_or(|wanted| finding.technique == wanted))
    };
    match verdict {
        Verdict::Tampered | Verdict::Conflicting => Headline::Broken,
        // Bound in part: what the manifest says stands there, as a declaration.
        Verdict::Inconclusive if ai(Some(Technique::C2pa)) => Headline::AiMadeDeclared,
        Verdict::Inconclusive => Headline::NotChecked,
        Verdict::Valid if findings.iter().any(is_proof) => Headline::AiMadeProven,
        _ if ai(None) => Headline::AiMadeDeclared,
        _ => Headline::NoLabel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ManifestReport, TimeStanding};

    fn c2pa(class: Class, says: Statement) -> Finding {
        Finding::new(Technique::C2pa, class, says, "signed", "value", "manifest")
    }

    fn xmp(says: Statement) -> Finding {
        Finding::new(Technique::Xmp, Class::Declared, says, "declared", "value", "XMP")
    }

    fn judged(axes: Axes, signed: Vec<Finding>, records: Vec<Finding>) -> (Verdict, Headline, Option<Statement>) {
        let manifest = (axes.signature != Signature::None).then(ManifestReport::default);
        let reading = Reading { axes, manifest, findings: signed, regions: Vec::new(), unreadable: false };
        let look = Look { looked: true, ..Look::default() };
        let png = Subject { format: Format::Png, media_type: "image/png", bytes: 100, shown: None };
        let report = judge(png, OffsetDateTime::UNIX_EPOCH, reading, records, look);
        (report.verdict, report.headline, report.says)
    }

    const INTACT: Axes = Axes {
        binding: Binding::Intact,
        signature: Signature::Ok,
        signer: SignerStanding::Trusted,
        time: TimeStanding::None,
    };

    #[test]
    fn only_a_trusted_signer_over_all_bytes_proves() {
        use {Class::*, Statement::*};
        let ai = |class| vec![c2pa(class, FullyAi)];
        let unknown = Axes { signer: SignerStanding::Unknown, ..INTACT };
        let expired = Axes { signer: SignerStanding::Expired, ..INTACT };
        let partial = Axes { binding: Binding::Partial, ..INTACT };
        let broken = Axes { binding: Binding::Broken, ..INTACT };
        let bad = Axes { signature: Signature::Bad, ..INTACT };
        let table = [
            (INTACT, ai(Proven), Verdict::Valid, Headline::AiMadeProven),
            (INTACT, vec![c2pa(Proven, NotAi)], Verdict::Valid, Headline::NoLabel),
            (unknown, ai(Intact), Verdict::UntrustedSigner, Headline::AiMadeDeclared),
            (expired, ai(Intact), Verdict::UntrustedSigner, Headline::AiMadeDeclared),
            (partial, ai(Proven), Verdict::Inconclusive, Headline::AiMadeDeclared),
            (broken, ai(Proven), Verdict::Tampered, Headline::Broken),
            (bad, ai(Proven), Verdict::Tampered, Headline::Broken),
            (Axes::NONE, vec![], Verdict::NotFound, Headline::NoLabel),
        ];
        for (axes, findings, verdict, headline) in table {
            let (got, said, _) = judged(axes, findings, vec![]);
            assert_eq!((got, said), (verdict, headline), "{axes:?}");
        }
    }

    #[test]
    fn metadata_alone_is_a_declaration_and_a_contradiction_is_no_label() {
        use Statement::*;
        assert_eq!(
            judged(Axes::NONE, vec![], vec![xmp(PartlyAi)]),
            (Verdict::UnsignedOnly, Headline::AiMadeDeclared, Some(PartlyAi))
        );
        assert_eq!(
            judged(Axes::NONE, vec![], vec![xmp(NotAi)]),
            (Verdict::UnsignedOnly, Headline::NoLabel, Some(NotAi))
        );
        let pinned = Finding::new(Technique::Text, Class::Proven, FullyAi, "signed", "value", "tEXt");
        let (verdict, headline, _) = judged(Axes::NONE, vec![], vec![pinned]);
        assert_eq!((verdict, headline), (Verdict::Valid, Headline::AiMadeProven));
        let (verdict, headline, _) = judged(INTACT, vec![c2pa(Class::Proven, NotAi)], vec![xmp(FullyAi)]);
        assert_eq!((verdict, headline), (Verdict::Conflicting, Headline::Broken));
        let (verdict, headline, _) = judged(Axes::NONE, vec![], vec![xmp(TrainingProhibited)]);
        assert_eq!((verdict, headline), (Verdict::UnsignedOnly, Headline::NoLabel));
    }
}
