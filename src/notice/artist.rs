//! Draws notices: chooses size, breaks and place, and keeps what was drawn.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Lettering, Notice, Stamp,
    plate::Plate,
    typeset::{self, Typesetter},
    wrap::Paragraphs,
};
use crate::{
    Error, Result,
    geometry::{Rect, Size},
    policy::{NoticeStyle, Place, Plan, Wording, layout},
};

/// How many drawn notices are kept: pictures of one service come in few sizes.
const KEPT: usize = 8;
/// Bytes of masks that are kept.
const KEPT_BYTES: usize = 32 << 20;

/// Draws notices. Built once, used from many threads; masks are kept per wording and size.
pub(crate) struct Artist {
    drawn: Mutex<VecDeque<Drawn>>,
    /// The typesetter with the caller's font, and the bytes of that font.
    own: Mutex<Option<(Vec<u8>, Typesetter)>>,
}

/// A notice that was drawn, and what it was drawn for.
struct Drawn {
    wording: Wording,
    style: NoticeStyle,
    frame: Size,
    notice: Notice,
}

impl Artist {
    /// Costs nothing: fonts are parsed when the first notice of the process is drawn.
    pub(crate) fn new() -> Self {
        Self { drawn: Mutex::default(), own: Mutex::default() }
    }

    /// Draws the plan's wording for a picture shown with `frame`.
    ///
    /// # Errors
    ///
    /// [`Error::NoticeDoesNotFit`] when the wording cannot be legible on a picture of this size; [`Error::Argument`] for
    /// a font that cannot be read and for a character that no font holds.
    pub(crate) fn draw(&self, plan: &Plan, frame: Size) -> Result<Notice> {
        let (wording, style) = (&plan.wording, &plan.style);
        let is_same = |drawn: &Drawn| drawn.frame == frame && drawn.wording == *wording && drawn.style == *style;
        let kept = self
            .drawn
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .find(|kept| is_same(kept))
            .map(|kept| kept.notice.clone());
        if let Some(notice) = kept {
            return Ok(notice);
        }
        let notice = self.draw_anew(wording, style, frame)?;
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let (wording, style) = (wording.clone(), style.clone());
        drawn.push_front(Drawn { wording, style, frame, notice: notice.clone() });
        let bytes = |drawn: &VecDeque<Drawn>| -> usize { drawn.iter().map(|d| d.notice.stamp.coverage.len()).sum() };
        while drawn.len() > KEPT || (drawn.len() > 1 && bytes(&drawn) > KEPT_BYTES) {
            drawn.pop_back();
        }
        Ok(notice)
    }

    /// Letters the plan's wording for a page shown with `frame`, in any unit that makes its shorter side 200 or more.
    ///
    /// # Errors
    ///
    /// As [`draw`](Self::draw).
    pub(crate) fn letter(&self, plan: &Plan, frame: Size) -> Result<Lettering> {
        let (wording, style) = (&plan.wording, &plan.style);
        self.with_setter(style, |setter| {
            let mut paragraphs = Paragraphs::new(setter, &wording.lines, wording.language)?;
            let share = style.cap_height * layout::PAGE_CAP_SHARE / layout::MIN_CAP_SHARE;
            let plate = fit_inside(&mut paragraphs, style, (share, layout::PAGE_CAP_SHARE), frame)?;
            Ok(Lettering::new(&plate, setter, style, layout::place(plate.size, frame, style.place)))
        })
    }

    /// Draws the plan's wording for a card that fills the frame: in the middle, larger than over a picture. Its plate is the card.
    ///
    /// # Errors
    ///
    /// As [`draw`](Self::draw).
    pub(crate) fn card(&self, plan: &Plan, frame: Size) -> Result<Notice> {
        self.with_setter(&plan.style, |setter| card(setter, &plan.wording, &plan.style, frame))
    }

    fn draw_anew(&self, wording: &Wording, style: &NoticeStyle, frame: Size) -> Result<Notice> {
        if frame.width == 0 || frame.height == 0 {
            return Err(Error::NoticeDoesNotFit { why: "the picture has no pixels".into() });
        }
        self.with_setter(style, |setter| draw(setter, wording, style, frame))
    }

    /// Hands out the typesetter with the fonts of the style.
    fn with_setter<T>(&self, style: &NoticeStyle, set: impl FnOnce(&mut Typesetter) -> Result<T>) -> Result<T> {
        let Some(font) = &style.font else {
            return set(&mut typeset::bundled());
        };
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let setter = match &mut *own {
            Some((bytes, setter)) if bytes == font => setter,
            stale => &mut stale.insert((font.clone(), Typesetter::with_own(font)?)).1,
        };
        set(setter)
    }
}

fn draw(setter: &mut Typesetter, wording: &Wording, style: &NoticeStyle, picture: Size) -> Result<Notice> {
    let mut paragraphs = Paragraphs::new(setter, &wording.lines, wording.language)?;
    let strip = layout::needs_strip(picture);
    let plate = if strip {
        fit_strip(&mut paragraphs, style, picture)?
    } else {
        fit_inside(&mut paragraphs, style, (style.cap_height, layout::MIN_CAP_SHARE), picture)?
    };
    let (rect, frame) = if strip {
        let frame = Size { width: picture.width, height: picture.height.saturating_add(plate.size.height) };
        (Rect { x: 0, y: 0, width: plate.size.width, height: plate.size.height }, frame)
    } else {
        (layout::place(plate.size, picture, style.place), picture)
    };
    Ok(Notice {
        stamp: Arc::new(Stamp::new(plate.size, plate.coverage(setter))),
        plate: style.plate,
        text: style.text,
        rect,
        strip: if strip { plate.size.height } else { 0 },
        frame,
        cap_height: plate.cap,
        outline: plate.outline(setter).into(),
        shift: (0, 0),
        lines: plate.into_texts(),
    })
}

/// Height of a capital letter of a card, as a share of the shorter side.
const CARD_CAP: f64 = 0.08;

fn card(setter: &mut Typesetter, wording: &Wording, style: &NoticeStyle, frame: Size) -> Result<Notice> {
    let mut paragraphs = Paragraphs::new(setter, &wording.lines, wording.language)?;
    let floor = layout::cap_height(frame, layout::MIN_CAP_SHARE).max(layout::LEGIBLE_CAP);
    let margin = layout::margin(frame);
    let room = |side: u32| side.saturating_sub(2 * margin);
    let mut plates = shrinking(layout::cap_height(frame, style.cap_height.max(CARD_CAP)), floor).filter_map(|cap| {
        let padding = layout::padding(cap);
        let lines = paragraphs.broken(layout::in_caps(room(frame.width), padding.side, cap)).transpose()?;
        Some(lines.map(|lines| Plate::new(lines, cap, padding, None)))
    });
    let fits = |plate: &Plate| plate.size.width <= room(frame.width) && plate.size.height <= room(frame.height);
    let plate = plates.find(|plate| plate.as_ref().map_or(true, fits)).transpose()?;
    drop(plates);
    let Some(plate) = plate else {
        let Size { width, height } = frame;
        let why = format!(
            "with letters of {floor} px a card of {width} × {height} px has no room for it; use a shorter wording or fewer languages"
        );
        return Err(Error::NoticeDoesNotFit { why });
    };
    // On whole pairs of pixels, which share their colour in films.
    let middle = |room: u32, size: u32| ((room - size) / 2) & !1;
    let Size { width, height } = plate.size;
    let rect = Rect { x: middle(frame.width, width), y: middle(frame.height, height), width, height };
    Ok(Notice {
        stamp: Arc::new(Stamp::new(plate.size, plate.coverage(setter))),
        plate: style.plate,
        text: style.text,
        rect,
        strip: 0,
        frame,
        cap_height: plate.cap,
        outline: plate.outline(setter).into(),
        shift: (0, 0),
        lines: plate.into_texts(),
    })
}

/// The plate over the picture or the page: with letters of the wanted share, or smaller down to the least where it does not fit.
fn fit_inside(
    paragraphs: &mut Paragraphs,
    style: &NoticeStyle,
    (wanted, least): (f64, f64),
    frame: Size,
) -> Result<Plate> {
    let floor = layout::cap_height(frame, least);
    let percent = least * 100.0;
    let is_band = matches!(style.place, Place::TopBand | Place::BottomBand);
    let room = frame.width.saturating_sub(if is_band { 0 } else { 2 * layout::margin(frame) });
    let mut tallest = None;
    for cap in shrinking(layout::cap_height(frame, wanted), floor) {
        let padding = layout::padding(cap);
        let Some(lines) = paragraphs.broken(layout::in_caps(room, padding.side, cap))? else { continue };
        let plate = Plate::new(lines, cap, padding, is_band.then_some(frame.width));
        if u64::from(plate.size.height) * 2 <= frame.height.into() && plate.size.width <= frame.width {
            return Ok(plate);
        }
        tallest = Some(plate.size.height);
    }
    let Size { width, height } = frame;
    let why = if let Some(tallest) = tallest {
        format!(
            "with letters of {floor} px ({percent} % of the shorter side) it would cover {tallest} of the {height} px of the \
             picture's height, over half of it; use a shorter wording or fewer languages, or a taller picture"
        )
    } else {
        let needed = (paragraphs.narrowest()? * floor as f32).ceil() as u32 + 2 * layout::padding(floor).side;
        format!(
            "its longest word is {needed} px wide with letters of {floor} px ({percent} % of the shorter side), and the \
             {width} × {height} picture has room for {room} px; use a wording with shorter words"
        )
    };
    Err(Error::NoticeDoesNotFit { why })
}

/// The strip above a small picture: letters of 10 px, smaller where the words are wider than the picture.
fn fit_strip(paragraphs: &mut Paragraphs, style: &NoticeStyle, picture: Size) -> Result<Plate> {
    let mut best: Option<Plate> = None;
    for cap in shrinking(strip_cap(paragraphs, style, picture)?, layout::LEGIBLE_CAP) {
        let Some(plate) = strip(paragraphs, picture, cap)? else { continue };
        if cap < least_in_strip(picture, &plate) {
            break;
        }
        if plate.size.height * 2 <= picture.height {
            return Ok(plate);
        }
        if best.as_ref().is_none_or(|best| plate.size.height < best.size.height) {
            best = Some(plate);
        }
    }
    let Some(best) = best else {
        let Size { width, height } = picture;
        let cap = layout::LEGIBLE_CAP;
        let needed =
            (paragraphs.narrowest()? * cap as f32).ceil() as u32 + 2 * layout::strip_padding(cap, picture).side;
        let why = format!(
            "the {width} × {height} picture is narrower than the longest word, {needed} px with letters of {cap} px, \
             the smallest that can be read; use a wording with shorter words or a picture at least {needed} px wide"
        );
        return Err(Error::NoticeDoesNotFit { why });
    };
    Ok(best)
}

/// The cap height that a strip starts from: the strip itself may make the shorter side longer, and 5 % of it more.
fn strip_cap(paragraphs: &mut Paragraphs, style: &NoticeStyle, picture: Size) -> Result<u32> {
    let mut cap = layout::STRIP_CAP.max(layout::cap_height(picture, style.cap_height));
    while let Some(plate) = strip(paragraphs, picture, cap)? {
        let least = least_in_strip(picture, &plate);
        if cap >= least {
            break;
        }
        cap = least;
    }
    Ok(cap)
}

fn strip(paragraphs: &mut Paragraphs, picture: Size, cap: u32) -> Result<Option<Plate>> {
    let padding = layout::strip_padding(cap, picture);
    let lines = paragraphs.broken(layout::in_caps(picture.width, padding.side, cap))?;
    Ok(lines.map(|lines| Plate::new(lines, cap, padding, Some(picture.width))))
}

/// The least cap height on the picture with this strip above it.
fn least_in_strip(picture: Size, plate: &Plate) -> u32 {
    let result = Size { width: picture.width, height: picture.height.saturating_add(plate.size.height) };
    layout::cap_height(result, layout::MIN_CAP_SHARE)
}

/// Cap heights from `wished` down to `floor`, in steps of 3 % or of one pixel.
fn shrinking(wished: u32, floor: u32) -> impl Iterator<Item = u32> {
    let next = move |&cap: &u32| (cap > floor).then(|| floor.max(cap - (cap / 32).max(1)));
    std::iter::successors(Some(wished.max(floor)), next)
}
