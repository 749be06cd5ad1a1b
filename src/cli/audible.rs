//! What is heard on sound, from arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tanba::{AudibleNotice, HeardNotice, Policy};

use super::{escape, exit::Failure, read_file};

#[derive(Args)]
#[command(next_help_heading = "The notice in recordings")]
pub(super) struct AudibleArguments {
    /// What is heard in recordings [default: speech in the languages of the notice; in China speech, then the rhythm]
    #[arg(long, value_name = "KIND")]
    sound: Option<Kind>,

    /// Your own recording of the warning, a WAV; for WAV and FLAC
    #[arg(long, value_name = "WAV", conflicts_with = "sound", requires = "clip_words")]
    clip: Option<PathBuf>,

    /// What is said in it, for the manifest
    #[arg(long, value_name = "WORDS", requires = "clip")]
    clip_words: Option<String>,

    /// Once at the start of long recordings, not every ten minutes
    #[arg(long)]
    once: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Spoken, in Kazakh, Russian, English or Chinese
    Speech,
    /// Short, long, short, short: "AI" in Morse code
    Rhythm,
    /// Speech, then the rhythm
    Both,
}

impl AudibleArguments {
    /// The policy with this notice. `languages` are those of the notice that is read, where they were given.
    pub(super) fn apply(&self, policy: Policy, languages: &[String]) -> Result<Policy, Failure> {
        let mut notice = match (&self.clip, self.sound) {
            (Some(path), _) => {
                let bytes = read_file(path, "the clip")?;
                AudibleNotice::clip_wav(&bytes, self.clip_words.as_deref().unwrap_or_default())?
            }
            (None, Some(Kind::Rhythm)) => AudibleNotice::rhythm(),
            (None, Some(kind)) => {
                let spoken = match languages {
                    [] => policy.spoken(),
                    languages => AudibleNotice::speech(languages)?,
                };
                if matches!(kind, Kind::Both) { spoken.then_rhythm() } else { spoken }
            }
            (None, None) if self.once => policy.heard(),
            (None, None) => return Ok(policy),
        };
        if self.once {
            notice = notice.repeated_every(None)?;
        }
        Ok(policy.audible_notice(notice))
    }
}

/// A line about what is heard.
pub(super) fn line(heard: &HeardNotice) -> String {
    let times: Vec<_> = heard
        .spans
        .iter()
        .take(3)
        .map(|span| format!("{}.{} s", span.from_ms / 1000, span.from_ms % 1000 / 100))
        .collect();
    let more = if heard.spans.len() > 3 { format!(" and {} more times", heard.spans.len() - 3) } else { String::new() };
    let what = match (heard.kept, heard.loudness_lufs) {
        (true, _) => "kept, it was heard there already".to_owned(),
        (false, Some(loudness)) => format!("{loudness:.1} LUFS, at {}{more}", times.join(", ")),
        (false, None) => format!("at {}{more}", times.join(", ")),
    };
    format!("  warning   {} ({what})\n", escape::line(&heard.lines.join(" / ")))
}
