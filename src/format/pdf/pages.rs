//! The notice on each page: behind everything else in its content, where nothing can cover it but annotations, and no viewer
//! can switch it off as it can those.

use std::collections::HashMap;

use super::{
    covered::is_covered,
    overlay::{NOTICE, Overlay},
};
use crate::{
    Error, Format, Result,
    container::pdf::{
        Balance, Document,
        pages::{Area, Page, Resources},
        raw::{self, RawDictionary, number},
        update::{Update, reference, referred},
    },
    format::{Label, Marked},
    geometry::{Rect, Size},
    limits::Budget,
    notice::{Lettering, Prose},
    policy::layout,
};

/// Units of the shorter side of a page for which the notice is laid out.
const SHORTER: f64 = 1000.0;
/// Sentences about single pages that a receipt holds.
const MAX_SENTENCES: usize = 20;
/// Graphics states that a page may leave open: readers take 28 at least.
const MAX_OPEN: i64 = 4096;

/// Puts the notice onto every page.
pub(super) struct Pages<'a, 'b> {
    pub(super) label: &'a Label<'b>,
    pub(super) prose: &'a Prose,
    pub(super) tagged: bool,
    /// Whether the pages are read from the right: then words begin where the notice would stand.
    from_right: bool,
    overlay: Overlay,
    /// The notice by the frame that it was laid out for, and its form.
    forms: HashMap<(u32, u32), Result<(Lettering, u32), String>>,
    /// The object that saves the state of graphics, and those that draw the notice.
    before: Option<u32>,
    behind: HashMap<String, u32>,
    /// Copies of what pages share, with the notice in them: their numbers and the name of the notice.
    copies: HashMap<(Shared, u32), (u32, String)>,
    /// What reading contents costs.
    contents: Budget,
    number: u32,
    drawn: u32,
    /// Whether it stands at the other side than the policy says.
    moved: bool,
    faults: Vec<String>,
    remarks: Vec<String>,
}

/// What several pages may share.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Shared {
    Resources(u32),
    /// The resources in the dictionary of a node.
    Node(u32),
    Objects(u32),
}

impl<'a, 'b> Pages<'a, 'b> {
    pub(super) fn new(
        label: &'a Label<'b>,
        prose: &'a Prose,
        (tagged, from_right): (bool, bool),
        budget: &Budget,
    ) -> Self {
        Self {
            label,
            prose,
            tagged,
            from_right,
            overlay: Overlay::default(),
            forms: HashMap::new(),
            before: None,
            behind: HashMap::new(),
            copies: HashMap::new(),
            contents: Budget::new(budget.limits()),
            number: 0,
            drawn: 0,
            moved: false,
            faults: Vec::new(),
            remarks: Vec::new(),
        }
    }

    pub(super) fn write(
        mut self,
        document: &mut Document,
        update: &mut Update,
        marked: &mut Marked,
        budget: &mut Budget,
    ) -> Result<()> {
        let walked = document.pages(budget, &mut |document, page, budget| {
            self.page(document, page, update, budget)?;
            Ok(!self.prose.on_first_page)
        })?;
        if let Some(number) = walked.lost {
            let what = format!(
                "the page at object {number} is not where the table of objects says; repair it first, with `qpdf in.pdf out.pdf`"
            );
            return Err(Error::unsupported(Format::Pdf, what));
        }
        self.overlay.finish(update, budget)?;
        let faults = self.faults.len();
        self.faults.truncate(MAX_SENTENCES);
        if faults > MAX_SENTENCES {
            self.faults.push(format!("no notice on {} more pages", faults - MAX_SENTENCES));
        }
        marked.noticed = self.drawn > 0;
        if walked.pages == 0 {
            marked.remarks.push("no notice: the document has no page".into());
        }
        marked.missing.extend(self.faults);
        marked.remarks.extend(self.remarks.into_iter().take(MAX_SENTENCES));
        if self.moved {
            let why = "the document is read from the right: the notice stands at the left, where no line begins";
            marked.remarks.push(why.into());
        }
        if self.tagged && marked.noticed {
            let why = "the document is tagged for screen readers: the notice on its pages is an artifact there, and its words are \
                       read out from the metadata only";
            marked.remarks.push(why.into());
        }
        Ok(())
    }

    fn page(
        &mut self,
        document: &mut Document,
        mut page: Page,
        update: &mut Update,
        budget: &mut Budget,
    ) -> Result<()> {
        self.number = self.number.saturating_add(1);
        let (lettering, form) = match self.form(&page, update, budget)? {
            Ok(found) => found,
            Err(why) => {
                self.faults.push(format!("page {}: {why}", self.number));
                return Ok(());
            }
        };
        let (mut streams, numbers) = contents(document, &page, budget)?;
        let balance = document.balance(&numbers, &mut self.contents)?;
        if balance.more || balance.states > MAX_OPEN || balance.marks > MAX_OPEN {
            let why = "no notice: its content leaves thousands of graphics states open; write it anew first, with Ghostscript";
            self.faults.push(format!("page {}: {why}", self.number));
            return Ok(());
        }
        if !balance.idle.is_empty() {
            // Between a `q` of ours and its `Q`, operators that did nothing would do something.
            let content = document.without_idle(&numbers, &balance.idle, &mut self.contents)?;
            let number = update.reserve()?;
            update.packed(number, "", &content, budget)?;
            streams = vec![reference(number, 0)];
        }
        if balance.unread {
            let why = "a part of its content could not be read here: look at whether the notice stands where it should";
            self.remarks.push(format!("page {}: {why}", self.number));
        }
        let (resources, name) = self.resources(document, &page.resources, form, update, budget)?;
        let matrix = matrix(&page, self.place(frame(&page), lettering.rect));
        let size = [f64::from(lettering.rect.width), f64::from(lettering.rect.height)];
        if self.remarks.len() < MAX_SENTENCES && is_covered(document, &page, matrix, size, budget)? {
            let why =
                "an annotation or a field of a form stands where the notice is, and may cover it; choose another place";
            self.remarks.push(format!("page {}: {why}", self.number));
        }
        let behind = behind(matrix, &name, &balance, self.tagged);
        let before = match self.before {
            Some(before) => before,
            None => *self.before.insert(own_stream(update, "q\n", budget)?),
        };
        let behind = match self.behind.get(&behind) {
            Some(&number) => number,
            None => {
                let number = own_stream(update, &behind, budget)?;
                self.behind.insert(behind, number);
                number
            }
        };
        let whole: Vec<_> = [reference(before, 0)].into_iter().chain(streams).chain([reference(behind, 0)]).collect();
        page.dictionary.set("Contents", raw::array(&whole));
        page.dictionary.set("Resources", resources);
        update.put(page.number, page.generation, &page.dictionary.write(), budget)?;
        self.drawn = self.drawn.saturating_add(1);
        Ok(())
    }

    /// Where the notice stands: at the right only where no line begins there.
    fn place(&mut self, frame: Size, rect: Rect) -> Rect {
        let other = frame.width.saturating_sub(rect.x).saturating_sub(rect.width);
        if !self.from_right || other >= rect.x {
            return rect;
        }
        self.moved = true;
        Rect { x: other, ..rect }
    }

    /// The notice for a page of this size, or why there is none.
    fn form(
        &mut self,
        page: &Page,
        update: &mut Update,
        budget: &mut Budget,
    ) -> Result<Result<(Lettering, u32), String>> {
        let frame = frame(page);
        let key = (frame.width, frame.height);
        if let Some(known) = self.forms.get(&key) {
            return Ok(known.clone());
        }
        // Laying out costs more than anything else that is done once a size.
        for _ in 0..256 {
            budget.part()?;
        }
        let made = match (self.label.lettering_for)(frame) {
            Ok(lettering) => {
                let form = self.overlay.form(&lettering, self.prose, update, budget)?;
                Ok((lettering, form))
            }
            Err(Error::NoticeDoesNotFit { why }) => Err(format!("the notice does not fit: {why}")),
            Err(error) => return Err(error),
        };
        self.forms.insert(key, made.clone());
        Ok(made)
    }

    /// The value of a page's resources with the notice among them, and its name there. What other pages use as well is copied.
    fn resources(
        &mut self,
        document: &mut Document,
        resources: &Resources,
        form: u32,
        update: &mut Update,
        budget: &mut Budget,
    ) -> Result<(Vec<u8>, String)> {
        let (bytes, shared) = match resources {
            Resources::Nothing => (b"<<>>".to_vec(), None),
            Resources::Object(number) => {
                let bytes = document.raw(*number, budget)?.map(|raw| raw.bytes);
                (bytes.unwrap_or_else(|| b"<<>>".to_vec()), Some(Shared::Resources(*number)))
            }
            Resources::Inside(bytes, holder) => (bytes.to_vec(), holder.map(Shared::Node)),
        };
        if let Some(shared) = shared
            && let Some((number, name)) = self.copies.get(&(shared, form))
        {
            return Ok((reference(*number, 0), name.clone()));
        }
        let mut dictionary = RawDictionary::read(bytes, budget)?.unwrap_or_default();
        let (objects, name) = self.objects(document, dictionary.get("XObject"), form, update, budget)?;
        dictionary.set("XObject", objects);
        let value = dictionary.write();
        let Some(shared) = shared else { return Ok((value, name)) };
        let number = update.reserve()?;
        update.put(number, 0, &value, budget)?;
        self.copies.insert((shared, form), (number, name.clone()));
        Ok((reference(number, 0), name))
    }

    /// The same of the forms and pictures among them.
    fn objects(
        &mut self,
        document: &mut Document,
        objects: Option<&[u8]>,
        form: u32,
        update: &mut Update,
        budget: &mut Budget,
    ) -> Result<(Vec<u8>, String)> {
        let shared = match objects {
            Some(objects) => referred(objects, budget)?.map(Shared::Objects),
            None => None,
        };
        if let Some(shared) = shared
            && let Some((number, name)) = self.copies.get(&(shared, form))
        {
            return Ok((reference(*number, 0), name.clone()));
        }
        let bytes = match objects {
            Some(objects) => document.raw_value(objects, budget)?,
            None => None,
        };
        let dictionary = bytes.map(|bytes| RawDictionary::read(bytes, budget)).transpose()?.flatten();
        let mut dictionary = dictionary.unwrap_or_default();
        let name = free_name(document, &dictionary, budget)?;
        dictionary.set(&name, reference(form, 0));
        let Some(shared) = shared else { return Ok((dictionary.write(), name)) };
        let number = update.reserve()?;
        update.put(number, 0, &dictionary.write(), budget)?;
        self.copies.insert((shared, form), (number, name.clone()));
        Ok((reference(number, 0), name))
    }
}

/// A name that nothing has, or an older notice of ours.
fn free_name(document: &mut Document, objects: &RawDictionary, budget: &mut Budget) -> Result<String> {
    let mut name = NOTICE.to_owned();
    let mut count = 1;
    while let Some(value) = objects.get(&name) {
        budget.part()?;
        let known = referred(value, budget)?;
        if let Some(number) = known
            && is_ours(document, number, budget)?
        {
            break;
        }
        count += 1;
        name = format!("{NOTICE}{count}");
    }
    Ok(name)
}

/// Whether a stream was written for a notice.
pub(super) fn is_ours(document: &mut Document, number: u32, budget: &mut Budget) -> Result<bool> {
    let found = document.raw_dictionary(number, budget)?;
    Ok(found.is_some_and(|(dictionary, _)| dictionary.get(NOTICE) == Some(b"true")))
}

fn own_stream(update: &mut Update, content: &str, budget: &mut Budget) -> Result<u32> {
    let number = update.reserve()?;
    update.stream(number, &format!("/{NOTICE} true"), content.as_bytes(), budget)?;
    Ok(number)
}

/// The streams of a page's content but for those of an older notice: as they are referred to, and their numbers.
pub(super) fn contents(document: &mut Document, page: &Page, budget: &mut Budget) -> Result<(Vec<Vec<u8>>, Vec<u32>)> {
    let (mut streams, mut numbers) = (Vec::new(), Vec::new());
    for element in all_contents(document, page, budget)? {
        if let Some(number) = referred(&element, budget)?
            && !is_ours(document, number, budget)?
        {
            streams.push(element);
            numbers.push(number);
        }
    }
    Ok((streams, numbers))
}

/// Every stream of a page's content, as it is referred to.
pub(super) fn all_contents(document: &mut Document, page: &Page, budget: &mut Budget) -> Result<Vec<Vec<u8>>> {
    let Some(value) = page.dictionary.get("Contents") else { return Ok(Vec::new()) };
    // One stream, an array of them, or a reference to either.
    let array = match document.raw_value(value, budget)? {
        Some(array) if array.starts_with(b"[") => array,
        Some(_) => return Ok(vec![value.to_vec()]),
        None => return Ok(Vec::new()),
    };
    Ok(raw::elements(&array, budget)?.unwrap_or_default())
}

/// The page as shown, in units of which its shorter side has [`SHORTER`].
pub(super) fn frame(page: &Page) -> Size {
    let (width, height) = (page.shown.width(), page.shown.height());
    let scale = SHORTER / width.min(height);
    // Sides are between 0.1 and 10^7: a longer side is 10^11 at most, cut to what fits.
    let units = |side: f64| (side * scale).round().clamp(1.0, f64::from(u32::MAX >> 4)) as u32;
    let (width, height) = (units(width), units(height));
    if page.turns % 2 == 1 { Size { width: height, height: width } } else { Size { width, height } }
}

/// What ends the page's own content, and draws the notice.
fn behind(matrix: [f64; 6], name: &str, balance: &Balance, tagged: bool) -> String {
    let times = |what: &str, count: i64| what.repeat(usize::try_from(count.clamp(0, MAX_OPEN)).unwrap_or(0));
    let matrix = matrix.map(number).join(" ");
    let (open, close) = match tagged {
        true => ("/Artifact<</Type/Pagination/Subtype/Header>>BDC ", "EMC "),
        false => ("", ""),
    };
    format!(
        "\n{}{}{}{open}q {matrix} cm /{name} Do Q {close}\n",
        times("ET ", balance.texts),
        times("EMC ", balance.marks),
        times("Q ", balance.states + 1)
    )
}

/// From the units of the notice, from the bottom left of its plate, to the page: turned as the page is.
fn matrix(page: &Page, rect: Rect) -> [f64; 6] {
    let frame = frame(page);
    let Area { left, bottom, right, top } = page.shown;
    let scale = (right - left).min(top - bottom) / SHORTER;
    let rect = within_trim(page, frame, rect, scale);
    let x = f64::from(rect.x) * scale;
    let y = (f64::from(frame.height) - f64::from(rect.y) - f64::from(rect.height)) * scale;
    match page.turns {
        1 => [0.0, scale, -scale, 0.0, right - y, bottom + x],
        2 => [-scale, 0.0, 0.0, -scale, right - x, top - y],
        3 => [0.0, -scale, scale, 0.0, left + y, top - x],
        _ => [scale, 0.0, 0.0, scale, left + x, bottom + y],
    }
}

/// Moves the plate to where the paper is not cut off, if there is room.
fn within_trim(page: &Page, frame: Size, rect: Rect, scale: f64) -> Rect {
    let Some(trim) = page.trimmed else { return rect };
    let shown = page.shown;
    // What is cut off at each side as shown: left, top, right, bottom.
    let mut cut = [trim.left - shown.left, shown.top - trim.top, shown.right - trim.right, trim.bottom - shown.bottom];
    cut.rotate_right(usize::from(page.turns));
    let units = cut.map(|side| (side / scale).ceil().clamp(0.0, f64::from(u32::MAX >> 4)) as u32);
    let [left, top, right, bottom] = units;
    let margin = layout::margin(frame);
    let (x_most, y_most) = (
        frame.width.saturating_sub(right).saturating_sub(margin).saturating_sub(rect.width),
        frame.height.saturating_sub(bottom).saturating_sub(margin).saturating_sub(rect.height),
    );
    let (x_least, y_least) = (left.saturating_add(margin), top.saturating_add(margin));
    if x_least > x_most || y_least > y_most {
        return rect;
    }
    Rect { x: rect.x.clamp(x_least, x_most), y: rect.y.clamp(y_least, y_most), ..rect }
}
