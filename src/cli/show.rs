//! `tanba show`.

use std::{fmt::Write as _, path::PathBuf};

use clap::Args;
use tanba::{Report, Statement};

use super::{
    escape,
    exit::{self, Failure},
    input, output,
    verify::{self, Examined},
    words,
};

/// List every label in a picture and where it stands, without judging
#[derive(Args)]
pub(super) struct Arguments {
    /// The pictures; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    trust: verify::Trust,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    input::standard_input_once(arguments.files.iter().map(PathBuf::as_path))?;
    let verifier = arguments.trust.verifier()?;
    let mut code = exit::DONE;
    for file in &arguments.files {
        match verify::examine(&verifier, file) {
            Examined::Report(report) => output::print(&listing(&file.to_string_lossy(), &report))?,
            Examined::Failed(failure) => {
                let failure = failure.about(&input::name(file));
                output::complain(&failure.words);
                code = if code == exit::DONE { failure.code } else { code };
            }
        }
    }
    Ok(code)
}

fn listing(name: &str, report: &Report) -> String {
    let mut text = format!("{} ({})\n", escape::line(name), report.format);
    if let Some(manifest) = &report.manifest {
        let optional = |value: &Option<String>| value.clone().unwrap_or_else(|| "not stated".into());
        let rows = [
            ("label", manifest.label.clone()),
            ("written by", optional(&manifest.claim_generator)),
            (if report.says == Some(Statement::NotAi) { "system" } else { "AI system" }, optional(&manifest.system)),
            ("source types", manifest.source_types.join(", ")),
            ("signed by", optional(&manifest.signer)),
            ("issued by", optional(&manifest.issuer)),
            ("algorithm", optional(&manifest.algorithm)),
            ("time-stamp", optional(&manifest.stamped)),
            ("manifests", manifest.manifests.to_string()),
        ];
        let rows = rows.into_iter().map(|(title, value)| format!("{title:<14}{}", escape::line(&value)));
        verify::list(&mut text, "C2PA manifest", rows);
    }
    let notices = report.notices.iter().map(|notice| {
        let how = if notice.signed_place { "where the manifest says" } else { "found by searching" };
        format!(
            "{} ({} × {} px at {}, {}; {how})",
            escape::line(&notice.lines.join(" / ")),
            notice.rect.width,
            notice.rect.height,
            notice.rect.x,
            notice.rect.y
        )
    });
    verify::list(&mut text, "Visible notices", notices);
    let fields = report.findings.iter().map(|finding| {
        let says = words::says(finding.says);
        let mut row = format!("{}: {}", words::technique(finding.technique), escape::line(&finding.place));
        let _ = write!(row, "\n    value   {}\n    says    {says}", escape::line(&finding.value));
        if let Some(system) = &finding.system {
            let _ = write!(row, "\n    system  {}", escape::line(system));
        }
        row
    });
    verify::list(&mut text, "Fields and traces", fields);
    verify::list(&mut text, "Not examined", verify::not_examined(report));
    if report.manifest.is_none() && report.findings.is_empty() && report.notices.is_empty() {
        text.push_str("  no labels\n");
    }
    text.push('\n');
    text
}
