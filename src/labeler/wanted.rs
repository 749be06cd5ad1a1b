//! What is to be done about the notice, and what is said of it.

use super::{HeardNotice, PlacedNotice, WrittenNotice, heard::Kept, written};
use crate::{
    format::Card,
    manifest::Region,
    notice::{Heard, Notice, Prose},
    report::Span,
};

/// What a film begins with.
pub(super) struct Opening {
    /// `None` where the film has no picture, and is only heard.
    pub(super) notice: Option<Notice>,
    pub(super) card: Card,
    /// What is said, one line a part.
    pub(super) said: Vec<String>,
}

/// What is to be done about the notice.
pub(super) enum Wanted {
    Nothing,
    Draw(Notice),
    Keep(PlacedNotice),
    /// In front of a film.
    Open(Box<Opening>),
    /// The card that stands in front of a film, and what is said with it.
    StillOpen(PlacedNotice, Option<HeardNotice>),
    /// With its lines.
    Say(Heard, Vec<String>),
    StillHeard(Kept),
    Write(Prose),
    /// The words that stand there, and what they are in the policy.
    StillWritten(WrittenNotice),
    /// It stands in the frames of a film that was encoded again.
    Burnt(PlacedNotice),
    /// It stands in the pixels that the caller encoded.
    Stamped(Notice),
}

impl Wanted {
    pub(super) fn to_draw(&self) -> Option<&Notice> {
        match self {
            Self::Draw(notice) => Some(notice),
            Self::Open(opening) => opening.notice.as_ref(),
            _ => None,
        }
    }

    /// What is put in front of a film.
    pub(super) fn to_open_with(&self) -> Option<&Card> {
        match self {
            Self::Open(opening) => Some(&opening.card),
            _ => None,
        }
    }

    pub(super) fn to_say(&self) -> Option<&Heard> {
        match self {
            Self::Say(heard, _) => Some(heard),
            Self::Open(opening) => opening.card.heard.as_ref(),
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
        matches!(self, Self::Draw(_) | Self::Open(_) | Self::Say(..) | Self::Write(_))
    }

    pub(super) fn written(&self) -> Option<WrittenNotice> {
        match self {
            Self::Write(prose) => Some(WrittenNotice {
                lines: prose.words(),
                at_the_end: prose.last,
                on_pages: prose.on_pages && !prose.on_first_page,
                on_first_page: prose.on_first_page,
                kept: false,
            }),
            Self::StillWritten(kept) => Some(kept.clone()),
            _ => None,
        }
    }

    pub(super) fn heard(&self) -> Option<HeardNotice> {
        let (spans, lines, loudness_lufs, kept) = match self {
            Self::Say(heard, lines) => (&heard.spans, lines, Some((heard.loudness * 10.0).round() / 10.0), false),
            Self::Open(opening) => {
                let heard = opening.card.heard.as_ref()?;
                (&heard.spans, &opening.said, Some((heard.loudness * 10.0).round() / 10.0), false)
            }
            Self::StillHeard(kept) => (&kept.spans, &kept.lines, None, true),
            Self::StillOpen(_, heard) => return heard.clone(),
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
            Self::Keep(placed) | Self::StillOpen(placed, _) | Self::Burnt(placed) => Some(placed.clone()),
            Self::Open(opening) => {
                let spans = vec![Span { from_ms: 0, to_ms: opening.card.ms }];
                opening.notice.as_ref().map(|notice| PlacedNotice { spans, ..PlacedNotice::drawn(notice) })
            }
            Self::Draw(notice) => Some(PlacedNotice::drawn(notice)),
            Self::Stamped(notice) => Some(PlacedNotice { stamped: true, ..PlacedNotice::drawn(notice) }),
            _ => None,
        }
    }

    /// What the manifest says about the notices: where they are perceived, and their lines.
    pub(super) fn regions(&self) -> Vec<(Region, Vec<String>)> {
        let spans = |spans: &[Span]| spans.iter().map(|span| span.from_ms..span.to_ms).collect();
        let seen = self.placed().map(|placed| {
            let (rect, spans) = (placed.rect, spans(&placed.spans));
            (if placed.spans.is_empty() { Region::Seen(rect) } else { Region::Shown { rect, spans } }, placed.lines)
        });
        let heard = self.heard().map(|heard| (Region::Heard(spans(&heard.spans)), heard.lines));
        let read = self.written().map(|it| (Region::Read(written::fragment(&it).into()), it.lines));
        seen.into_iter().chain(heard).chain(read).collect()
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
            spans: Vec::new(),
        }
    }
}
