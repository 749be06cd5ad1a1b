//! What is written into texts, from arguments.

use clap::Args;
use tanba::{Format, Policy, ProsePlace, WrittenNotice};

use super::escape;

#[derive(Args)]
#[command(next_help_heading = "The notice in texts")]
pub(super) struct ProseArguments {
    /// The notice as the last line of a text as well, not as the first one only
    #[arg(long)]
    last_line: bool,

    /// The notice as a row of tables (CSV, TSV), where programs read it as data
    #[arg(long)]
    table_row: bool,

    /// The manifest of a text in a file beside it (OUT.c2pa), not in the text: for short messages, and for JSON
    #[arg(long)]
    manifest_beside: bool,

    /// The same, and the notice of a text names the manifest (urn:c2pa:…), so that it can be found: for short messages
    #[arg(long)]
    reference: bool,

    /// The notice of a PDF on its first page only, not on each
    #[arg(long)]
    first_page: bool,
}

impl ProseArguments {
    pub(super) fn apply(&self, policy: Policy) -> Policy {
        let place = if self.last_line { ProsePlace::FirstAndLast } else { ProsePlace::First };
        let policy = policy.prose_notice(place).with_row_in_tables(self.table_row);
        policy
            .with_manifest_beside_text(self.manifest_beside)
            .with_reference_in_text(self.reference)
            .with_notice_on_first_page_only(self.first_page)
    }
}

/// A line about the notice.
pub(super) fn line(format: Format, written: &WrittenNotice) -> String {
    let is_text = matches!(format, Format::Text | Format::Html);
    let is_cue = matches!(format, Format::WebVtt | Format::SubRip);
    let place = match (written.kept, written.at_the_end) {
        (true, _) => "kept, it stood there already",
        (false, _) if written.on_pages => "on every page",
        (false, _) if written.on_first_page => "on the first page only",
        (false, false) if is_cue => "the first cue",
        (false, true) if is_cue => "the first cue and the last one",
        (false, false) if !is_text => "at the start",
        (false, false) => "the first line",
        (false, true) => "the first line and the last one",
    };
    format!("  notice    {} ({place})\n", escape::line(&written.lines.join(" / ")))
}
