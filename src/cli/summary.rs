//! What was done to one file, in words.

use tanba::Receipt;

use super::{audible, escape, jobs::Job, prose};

/// What a person is told about one file.
pub(super) fn summary(receipt: &Receipt, job: &Job) -> String {
    let name = job.output.as_deref().map_or("standard output".into(), |path| path.display().to_string());
    let state = if receipt.is_complete() { "labelled" } else { "labelled in part" };
    let mut text = format!("{}: {state} ({}, {} bytes)\n", escape::line(&name), receipt.format, receipt.bytes);
    if let Some(notice) = &receipt.notice {
        let what = match (notice.kept, notice.strip) {
            (true, _) => "kept, it stood there already".to_owned(),
            (false, 0) => {
                format!("{} × {} px at {}, {}", notice.rect.width, notice.rect.height, notice.rect.x, notice.rect.y)
            }
            (false, strip) => format!("a strip of {strip} px above the picture"),
        };
        text += &format!("  notice    {} ({what})\n", escape::line(&notice.lines.join(" / ")));
    }
    if let Some(heard) = &receipt.heard {
        text += &audible::line(heard);
    }
    if let Some(written) = &receipt.written {
        text += &prose::line(receipt.format, written);
    }
    if receipt.record {
        text += &format!("  record    identifier {}\n", receipt.id);
    }
    if receipt.manifest {
        let trust = if receipt.development_signer { ", development identity: untrusted everywhere" } else { "" };
        let place = if receipt.sidecar.is_some() { ", in a file beside it" } else { "" };
        text += &format!("  manifest  {} bytes{place}{trust}\n", receipt.manifest_bytes);
    }
    for missing in &receipt.incomplete {
        text += &format!("  missing   {}\n", escape::line(missing));
    }
    for remark in &receipt.remarks {
        text += &format!("  remark    {}\n", escape::line(remark));
    }
    text
}
