//! The walk that judges nothing: sniff, survey, list.

use crate::{
    Format, Result, Verifier,
    limits::Budget,
    manifest, record,
    report::{Outline, Part},
    stream::{Source, length},
};

impl Verifier {
    /// Lists what labels are made of in `source`, and where it stands: manifest stores box by box, metadata property by property,
    /// text fields. Nothing is checked and nothing is judged.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    ///
    /// ```
    /// let mut file = std::io::Cursor::new(std::fs::read("fixtures/photo.jpg")?);
    /// let outline = tanba::Verifier::new().outline(&mut file)?;
    /// assert!(outline.parts.iter().any(|part| part.name == "EXIF"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn outline(&self, source: &mut dyn Source) -> Result<Outline> {
        let mut budget = Budget::new(&self.limits);
        let format = Format::sniff(source)?;
        let survey = format.handler().survey(source, &mut budget)?;
        let mut unread = survey.unread.clone();
        let mut parts = Vec::new();
        for store in &survey.stores {
            let ranges: Vec<_> =
                store.carrier.iter().map(|range| format!("{} to {}", range.start, range.end)).collect();
            let mut part = Part::new("C2PA manifest store", format!("bytes {}", ranges.join(", ")));
            match manifest::outline(&store.jumbf) {
                Ok(boxes) => part.parts = boxes,
                Err(why) => unread.push(format!("the C2PA manifest store at bytes {}: {why}", ranges.join(", "))),
            }
            parts.push(part);
        }
        parts.extend(record::outline(&survey, &mut budget));
        if let Some(trailer) = &survey.trailer {
            let place = format!("bytes {} to {}", trailer.start, trailer.end);
            parts.push(Part::new("data after the end of the content", place));
        }
        Ok(Outline { format, media_type: survey.media_type.into(), bytes: length(source)?, parts, unread })
    }
}
