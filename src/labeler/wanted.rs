//! What is to be done about the notice, and what is said of it.

use super::{HeardNotice, PlacedNotice, WrittenNotice, heard::Kept, written};
use crate::{
    manifest::Region,
    notice::{Heard, Notice, Prose},
    report::Span,
};

/// What is to be done about the notice.
pub(super) enum Wanted {
    Nothing,
    Draw(Notice),
    Keep(PlacedNotice),
    /// With its lines.
    Say(Heard, Vec<String>),
    StillHeard(Kept),
    Write(Prose),
    /// The words that stand there, and what they are in the policy.
    StillWritten(WrittenNotice),
    /// It stands in the pixels that the caller encoded.
    Stamped(Notice),
}

impl Wanted {
    pub(super) fn to_draw(&self) -> Option<&Notice> {
        match self {
            Self::Draw(notice) => Some(notice),
            _ => None,
        }
    }

    pub(super) fn to_say(&self) -> Option<&Heard> {
        match self {
            Self::Say(heard, _) => Some(heard),
            _ => None,
        }
    }

    pub(super) fn to_write(&self) -> Option<&Prose> {
        match self {
            Self::Write(prose) => Some(prose),
            _ => None,
        }
    }

    pub(super) fn is_new(&self) -> bool {
        matches!(self, Self::Draw(_) | Self::Say(..) | Self::Write(_))
    }

    pub(super) fn written(&self) -> Option<WrittenNotice> {
        match self {
            Self::Write(prose) => Some(WrittenNotice {
                lines: prose.words(),
                at_the_end: prose.last,
                on_pages: prose.on_pages,
                kept: false,
            }),
            Self::StillWritten(kept) => Some(kept.clone()),
            _ => None,
        }
    }

    pub(super) fn heard(&self) -> Option<HeardNotice> {
        let (spans, lines, loudness_lufs, kept) = match self {
            Self::Say(heard, lines) => (&heard.spans, lines, Some((heard.loudness * 10.0).round() / 10.0), false),
            Self::StillHeard(kept) => (&kept.spans, &kept.lines, None, true),
            _ => return None,
        };
        Some(HeardNotice {
            spans: spans.iter().map(|span| Span { from_ms: span.start, to_ms: span.end }).collect(),
            lines: lines.clone(),
            loudness_lufs,
            kept,
        })
    }

    pub(super) fn placed(&self) -> Option<PlacedNotice> {
        match self {
            Self::Keep(placed) => Some(placed.clone()),
            Self::Draw(notice) => Some(PlacedNotice::drawn(notice)),
            Self::Stamped(notice) => Some(PlacedNotice { stamped: true, ..PlacedNotice::drawn(notice) }),
            _ => None,
        }
    }

    /// What the manifest says about the notice: where it is perceived, and its lines.
    pub(super) fn region(&self) -> Option<(Region, Vec<String>)> {
        match self {
            Self::Say(heard, lines) => Some((Region::Heard(heard.spans.clone()), lines.clone())),
            Self::StillHeard(kept) => Some((Region::Heard(kept.spans.clone()), kept.lines.clone())),
            Self::Write(_) | Self::StillWritten(_) => {
                self.written().map(|written| (Region::Read(written::FRAGMENT.into()), written.lines))
            }
            _ => self.placed().map(|placed| (Region::Seen(placed.rect), placed.lines)),
        }
    }
}

impl PlacedNotice {
    pub(super) fn drawn(notice: &Notice) -> Self {
        Self {
            rect: notice.rect,
            frame: notice.frame,
            lines: notice.lines.clone(),
            cap_height_px: notice.cap_height,
            kept: false,
            stamped: false,
            strip: notice.strip,
        }
    }
}
