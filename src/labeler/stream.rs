//! A text that is labelled while it is still being written: for programs that answer token by token.

use std::io::Cursor;

use sha2::{Digest, Sha256};

use super::{Job, Labeler, Receipt, Wanted, written};
use crate::{
    Error, Format, Result,
    container::invisible::{WRAPPER_MARK, selector},
    format::{Marked, Survey},
    manifest::Draft,
    nfc::{self, Nfc},
    patch::Wrap,
};

/// Labels a plain text that comes in pieces: a notice in front, a manifest behind. It holds none of the text, only its hash.
///
/// Made by [`Labeler::stream`]. What [`start`](Self::start) and [`finish`](Self::finish) give stands around the pieces; the whole is
/// what [`Labeler::label`] would have made of the whole text. The notice at the end, where the policy wants one, is part of the
/// end, and stands there as if the text had no line end of its own.
///
/// ```
/// use tanba::{Disclosure, Labeler, Signer};
///
/// let labeler = Labeler::new(&Disclosure::generated("Acme Chat"), &Signer::development());
/// let mut stream = labeler.stream()?;
/// let mut sent = stream.start().to_owned();
/// for token in ["The wind", " came over", " the steppe."] {
///     stream.push(token)?;
///     sent += token;
/// }
/// let (end, receipt) = stream.finish()?;
/// sent += &end;
/// assert!(receipt.is_complete() && sent.starts_with("ЖИ көмегімен жасалды / Создано ИИ\n\nThe wind came"));
/// assert_eq!(tanba::verify(sent.as_bytes())?.binding, tanba::Binding::Intact);
/// # Ok::<(), tanba::Error>(())
/// ```
pub struct TextLabeler<'a> {
    labeler: &'a Labeler,
    job: Job,
    notice: Wanted,
    /// What is written behind the text, before the manifest.
    tail: String,
    draft: Option<Draft>,
    wrap: Option<Wrap>,
    /// What is to be said of the manifest, whatever the text is.
    remarks: Vec<String>,
    hash: Sha256,
    nfc: Nfc,
    /// Bytes so far.
    len: u64,
    prefix: String,
    /// Signs of a wrapper's start that were seen at the end of the text so far.
    seen: usize,
}

impl Labeler {
    /// Begins a text that comes in pieces.
    ///
    /// # Errors
    ///
    /// As [`label`](Self::label).
    pub fn stream(&self) -> Result<TextLabeler<'_>> {
        let format = Format::Text;
        let plan = self.policy.plan(&self.disclosure, format.medium());
        let record = self.record(&plan)?;
        let survey = Survey { media_type: "text/plain", frames: 1, ..Survey::default() };
        let mut job = Job::new(format, survey, record, plan);
        job.recorded = false;
        let notice = if job.plan.notice { written::wanted(&job) } else { Wanted::Nothing };
        // What a label adds to a text does not hang on the text: to an empty one it adds the same.
        let (draft, mut marked) = self.mark(&job, &notice, &mut Cursor::new(""))?;
        let (prefix, tail) = match notice.to_write() {
            Some(prose) => {
                let sentence = prose.line();
                let tail = if prose.last { format!("\n\n{sentence}") } else { String::new() };
                (format!("{sentence}\n\n"), tail)
            }
            None => (String::new(), String::new()),
        };
        let mut stream = TextLabeler {
            labeler: self,
            job,
            notice,
            tail,
            draft,
            wrap: marked.patch.take_wrap(),
            remarks: marked.remarks,
            hash: Sha256::new(),
            nfc: Nfc::default(),
            len: 0,
            prefix: String::new(),
            seen: 0,
        };
        stream.add(&prefix);
        stream.prefix = prefix;
        Ok(stream)
    }

    /// Labels a text that is there as a whole: what [`stream`](Self::stream) makes of it.
    ///
    /// ```
    /// # use tanba::{Disclosure, Labeler, Signer};
    /// let labeler = Labeler::new(&Disclosure::generated("Acme Chat"), &Signer::development());
    /// let (text, receipt) = labeler.label_text("The wind came over the steppe.")?;
    /// assert_eq!(receipt.bytes, text.len() as u64);
    /// # Ok::<(), tanba::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`TextLabeler::push`] and [`label`](Self::label).
    pub fn label_text(&self, text: &str) -> Result<(String, Receipt)> {
        let mut stream = self.stream()?;
        stream.push(text)?;
        let start = stream.start().to_owned();
        let (end, receipt) = stream.finish()?;
        Ok((start + text + &end, receipt))
    }
}

impl TextLabeler<'_> {
    /// What is to be sent before the first piece: the notice and an empty line, or nothing where the policy has no notice.
    pub fn start(&self) -> &str {
        &self.prefix
    }

    /// Takes the next piece, which is to be sent as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] when a manifest is hidden in the text already: with another one behind it, nobody could tell which counts.
    pub fn push(&mut self, text: &str) -> Result<()> {
        for character in text.chars() {
            self.seen = match (self.seen, character) {
                (_, WRAPPER_MARK) => 1,
                (0, _) => 0,
                (seen, character) if selector(character) == Some(b"C2PATXT\0"[seen - 1]) => seen + 1,
                _ => 0,
            };
            if self.seen > 8 && self.draft.is_some() {
                let what = "a manifest is hidden in the text already; label it as a whole, with `Labeler::label`";
                return Err(Error::unsupported(Format::Text, what));
            }
        }
        self.add(text);
        Ok(())
    }

    /// What is to be sent behind the last piece, and what was done. Where the policy wants the manifest beside the text,
    /// [`Receipt::sidecar`] has it.
    ///
    /// # Errors
    ///
    /// As [`Labeler::label`], when it cannot be signed.
    pub fn finish(mut self) -> Result<(String, Receipt)> {
        let mut end = std::mem::take(&mut self.tail);
        self.add(&end);
        let hash = &mut self.hash;
        self.nfc.finish(&mut |bytes| hash.update(bytes));
        let mut output = super::Output { len: self.len, store: None };
        if let Some(draft) = self.draft.take() {
            if self.nfc.changed() {
                self.remarks.push(nfc::OTHER_FORM.into());
            }
            let wrapper = self.wrap.take();
            let len = wrapper.as_ref().map_or(0, |wrap| wrap(&vec![0; draft.len()]).len() as u64);
            let slot = self.len..self.len + len;
            let store = draft.sign(self.hash.clone().finalize().into(), &slot, &mut Cursor::new(Vec::new()))?;
            let wrapped = wrapper.map(|wrap| wrap(&store)).unwrap_or_default();
            let lost = |_| Error::ReadBack { format: Format::Text, what: "the manifest" };
            end += &String::from_utf8(wrapped).map_err(lost)?;
            output = super::Output { len: slot.end, store: Some(store) };
        }
        let marked = Marked { remarks: self.remarks, ..Marked::default() };
        let receipt = self.labeler.receipt(&self.job, &self.notice, marked, &output);
        Ok((end, receipt))
    }

    fn add(&mut self, text: &str) {
        self.len += text.len() as u64;
        let hash = &mut self.hash;
        self.nfc.feed_str(text, &mut |bytes| hash.update(bytes));
    }
}
