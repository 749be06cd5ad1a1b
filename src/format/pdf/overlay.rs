//! The notice of a page as a form that pages share: the letters are drawn as outlines, the same as on pictures. LibreOffice puts
//! another font in the place of an embedded one, wide enough to be cut off, and boxes where that lacks a script. Under the
//! outlines stands text that draws nothing, so that the words can be searched, copied and read aloud. LibreOffice draws it all the
//! same, over all outlines: therefore it is small, has the colour of the plate, and stands below the letters.

use std::collections::HashMap;

use crate::{
    Result,
    container::pdf::{
        raw::{number, text_string},
        update::Update,
    },
    limits::Budget,
    notice::{Letter, Lettering, Prose, Row, Stroke},
};

/// The name under which pages draw the notice; in the dictionaries of what is ours, the mark that it is.
pub(super) const NOTICE: &str = "TanbaNotice";
/// The words of a line, as a property of the content that draws it.
pub(super) const WORDS: &str = "TanbaWords";
/// Codes of a font; the first is left free.
const CODES: usize = 255;
/// Units of the em: [`Lettering::CAP`] of them are a capital letter.
const EM: f64 = 1000.0;
/// How many times smaller the text is than the outlines, and wider its letters, for it to be as long.
const SMALLER: i32 = 6;
/// How far below the letters' baseline it stands, in heights of a capital letter.
const BELOW: f64 = 0.26;

/// The fonts of a label.
#[derive(Default)]
pub(super) struct Overlay {
    faces: Vec<Face>,
    codes: HashMap<Said, (usize, usize)>,
}

struct Face {
    number: u32,
    letters: Vec<Said>,
}

/// What one code says, and how wide that is.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Said {
    text: String,
    advance: i32,
}

impl Overlay {
    /// Appends the form of a notice: a box of the size of its plate, in the units of its frame.
    pub(super) fn form(
        &mut self,
        lettering: &Lettering,
        prose: &Prose,
        update: &mut Update,
        budget: &mut Budget,
    ) -> Result<u32> {
        let (width, height) = (lettering.rect.width, lettering.rect.height);
        let cap = f64::from(lettering.cap_height);
        let mut content = format!("/G gs {} 0 0 {width} {height} re f\n", colour(lettering.plate));
        let (plate, ink) = (colour(lettering.plate), colour(lettering.text));
        let size = cap * EM / f64::from(Lettering::CAP);
        let mut used = Vec::new();
        for rows in lettering.rows.chunk_by(|a, b| a.wording == b.wording) {
            let wording = rows.first().and_then(|row| prose.lines.get(row.wording));
            let (words, language) = wording.map_or(("", None), |(words, language)| (words.trim(), *language));
            let language = language.map(|language| format!("/Lang({})", language.tag())).unwrap_or_default();
            let words = String::from_utf8_lossy(&text_string(words)).into_owned();
            content += &format!("/Span<<{language}/{WORDS}{words}>>BDC\n");
            let (mut text, mut drawn) = (String::new(), String::new());
            for row in rows {
                let baseline = f64::from(height) - f64::from(row.baseline);
                drawn += &outlines(row, baseline, size / EM);
                let below = baseline - BELOW * cap;
                text += &self.row(row, below, size / f64::from(SMALLER), &mut used, update)?;
            }
            // What a careless page may have left set.
            content += &format!("{plate} BT 0 Tc 0 Tw 100 Tz 0 Ts 3 Tr\n{text}ET {ink}\n{drawn}EMC\n");
        }
        let fonts: String = used.iter().map(|face| format!("/F{face} {} 0 R", self.number_of(*face))).collect();
        let state = "/ExtGState<</G<</Type/ExtGState/ca 1/CA 1/BM/Normal/SMask/None>>>>";
        let form = update.reserve()?;
        let dictionary = format!(
            "/Type/XObject/Subtype/Form/BBox[0 0 {width} {height}]/{NOTICE} true/Resources<</Font<<{fonts}>>{state}>>"
        );
        update.packed(form, &dictionary, content.as_bytes(), budget)?;
        Ok(form)
    }

    /// One row of letters. Each stands where it was laid out: what its advance lacks is moved.
    fn row(
        &mut self,
        row: &Row,
        baseline: f64,
        size: f64,
        used: &mut Vec<usize>,
        update: &mut Update,
    ) -> Result<String> {
        let (mut text, mut open, mut at) = (String::new(), None, 0.0);
        for letter in &row.letters {
            let (face, code) = self.code(letter, update)?;
            let x = f64::from(letter.x);
            let apart = (at - x) * EM / size;
            if open != Some(face) {
                if open.is_some() {
                    text += "]TJ\n";
                }
                text += &format!("/F{face} {} Tf 1 0 0 1 {} {} Tm [", number(size), number(x), number(baseline));
                open = Some(face);
                if !used.contains(&face) {
                    used.push(face);
                }
            } else if apart.abs() >= 0.5 {
                text += &format!("{} ", apart.round());
            }
            text += &format!("<{:02X}>", code + 1);
            // What was moved was rounded: the next place is counted from where this one really is.
            at = x + f64::from(letter.advance.saturating_mul(SMALLER)) * size / EM;
        }
        if open.is_some() {
            text += "]TJ\n";
        }
        Ok(text)
    }

    /// The font that says this letter, and its place there.
    fn code(&mut self, letter: &Letter, update: &mut Update) -> Result<(usize, usize)> {
        let said = Said { text: letter.text.clone(), advance: letter.advance.saturating_mul(SMALLER) };
        if let Some(&code) = self.codes.get(&said) {
            return Ok(code);
        }
        if self.faces.last().is_none_or(|face| face.letters.len() >= CODES) {
            self.faces.push(Face { number: update.reserve()?, letters: Vec::new() });
        }
        let index = self.faces.len() - 1;
        let letters = &mut self.faces[index].letters;
        letters.push(said.clone());
        let code = (index, letters.len() - 1);
        self.codes.insert(said, code);
        Ok(code)
    }

    fn number_of(&self, face: usize) -> u32 {
        self.faces.get(face).map_or(0, |face| face.number)
    }

    /// Appends the fonts (9.6.4: Type 3) with the letters that were used.
    pub(super) fn finish(self, update: &mut Update, budget: &mut Budget) -> Result<()> {
        let mut empty: HashMap<i32, u32> = HashMap::new();
        for face in self.faces {
            let (mut procedures, mut names, mut widths) = (String::new(), String::new(), String::new());
            for (index, Said { advance, .. }) in face.letters.iter().enumerate() {
                let number = match empty.get(advance) {
                    Some(&number) => number,
                    None => {
                        let number = update.reserve()?;
                        update.stream(number, "", format!("{advance} 0 d0").as_bytes(), budget)?;
                        empty.insert(*advance, number);
                        number
                    }
                };
                procedures += &format!("/g{index} {number} 0 R");
                names += &format!("/g{index}");
                widths += &format!("{advance} ");
            }
            let widest = face.letters.iter().map(|letter| letter.advance).max().unwrap_or_default();
            let map = update.reserve()?;
            update.packed(map, "", to_unicode(&face.letters).as_bytes(), budget)?;
            let font = format!(
                "<</Type/Font/Subtype/Type3/FontMatrix[.001 0 0 .001 0 0]/FontBBox[0 -250 {widest} 950]\
                 /CharProcs<<{procedures}>>/Encoding<</Type/Encoding/Differences[1{names}]>>/FirstChar 1/LastChar {}\
                 /Widths[{widths}]/Resources<<>>/ToUnicode {map} 0 R>>",
                face.letters.len(),
            );
            update.put(face.number, 0, font.as_bytes(), budget)?;
        }
        Ok(())
    }
}

/// The letters of a row as paths, in units of which `scale` is one of the form.
fn outlines(row: &Row, baseline: f64, scale: f64) -> String {
    let mut path = format!("q {0} 0 0 {0} 0 {1} cm\n", number(scale), number(baseline));
    for letter in &row.letters {
        // Letters stand a few thousand units from the left at most.
        let left = (f64::from(letter.x) / scale).round() as i32;
        for stroke in &letter.outline {
            let (points, operator): (&[i32], _) = match stroke {
                Stroke::Move(points) => (points, "m"),
                Stroke::Line(points) => (points, "l"),
                Stroke::Curve(points) => (points, "c"),
                Stroke::Close => (&[], "h"),
            };
            for point in points.chunks_exact(2) {
                path += &format!("{} {} ", point[0].saturating_add(left), point[1]);
            }
            path += operator;
            path += "\n";
        }
    }
    path + "f Q\n"
}

/// What the codes mean: 9.10.3.
fn to_unicode(letters: &[Said]) -> String {
    let mut map = "/CIDInit/ProcSet findresource begin 12 dict begin begincmap/CIDSystemInfo\
                   <</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def/CMapName/Adobe-Identity-UCS def\
                   /CMapType 2 def 1 begincodespacerange<00><FF>endcodespacerange\n"
        .to_owned();
    // Readers take a hundred at a time.
    for (block, letters) in letters.chunks(100).enumerate() {
        map += &format!("{} beginbfchar\n", letters.len());
        for (index, letter) in letters.iter().enumerate() {
            let units: String = letter.text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
            map += &format!("<{:02X}><{units}>\n", block * 100 + index + 1);
        }
        map += "endbfchar\n";
    }
    map + "endcmap CMapName currentdict/CMap defineresource pop end end"
}

/// The operator that fills with this colour. Grey is grey in every document, whatever its output intent is (PDF/A).
fn colour(rgb: [u8; 3]) -> String {
    let [red, green, blue] = rgb.map(|value| number(f64::from(value) / 255.0));
    if red == green && green == blue { format!("{red} g") } else { format!("{red} {green} {blue} rg") }
}
