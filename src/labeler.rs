//! The write pipeline: sniff, survey, plan, mark, sign, read back.

mod back;
mod banner;
mod card;
mod heard;
mod receipt;
mod seen;
mod stamp;
mod stream;
mod wanted;
mod written;

use std::sync::{Arc, OnceLock};

use memchr::memmem;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Error, Ffmpeg, Format, Result,
    format::{Carries, HardBinding, Label, Marked, Medium, Survey},
    limits::{Budget, Limits},
    manifest::{self, Asset, Claim, Draft, Parent, Past, Reading, Signer},
    notice::{Artist, Audible},
    patch::{self, Patch},
    policy::{Disclosure, Extent, Plan, Policy},
    record::{self, Record},
    report::{Binding, Signature},
    stream::{Sink, Source},
};

pub use self::{
    banner::Reencoding,
    heard::HeardNotice,
    receipt::{PlacedNotice, Receipt},
    stamp::Placement,
    stream::TextLabeler,
    written::WrittenNotice,
};
use wanted::Wanted;

/// Tells the time; given by the caller where it must not be the machine's.
type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;
/// Makes identifiers.
type Ids = Arc<dyn Fn() -> Uuid + Send + Sync>;

/// Puts one disclosure on any number of files. Built once, used from many threads.
///
/// With the same file, clock, identifier and key, the result is the same, byte for byte. In four cases its manifest is not: where
/// something stands in it that the file held before (a modified work, an older label), in a ZIP document, with a key that is not in
/// memory, and with time-stamps, the engine (`c2pa`) makes it, and salts every assertion with 16 random bytes. RSASSA-PSS signatures
/// have a random salt of their own.
///
/// ```
/// use std::io::Cursor;
/// use tanba::{Disclosure, Labeler, Policy, Signer};
///
/// let signer = Signer::development();
/// let labeler = Labeler::new(&Disclosure::generated("Acme Diffusion 3"), &signer).policy(Policy::kazakhstan());
/// let mut source = Cursor::new(std::fs::read("fixtures/photo.jpg")?);
/// let mut sink = Cursor::new(Vec::new());
/// let receipt = labeler.label(&mut source, &mut sink)?;
/// assert!(receipt.is_complete());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Labeler {
    disclosure: Disclosure,
    signer: Signer,
    policy: Policy,
    limits: Limits,
    clock: Clock,
    ids: Ids,
    artist: Artist,
    audible: OnceLock<Audible>,
    ffmpeg: Option<Ffmpeg>,
}

impl Labeler {
    /// A labeler with the default policy ([`Policy::kazakhstan`]), limits, clock and identifiers.
    pub fn new(disclosure: &Disclosure, signer: &Signer) -> Self {
        Self {
            disclosure: disclosure.clone(),
            signer: signer.clone(),
            policy: Policy::default(),
            limits: Limits::default(),
            clock: Arc::new(OffsetDateTime::now_utc),
            ids: Arc::new(Uuid::new_v4),
            artist: Artist::new(),
            audible: OnceLock::new(),
            ffmpeg: None,
        }
    }

    /// Replaces the policy.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self.audible = OnceLock::new();
        self
    }

    /// Replaces the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Replaces the clock. Default: the machine's.
    pub fn clock(mut self, clock: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Replaces the source of identifiers. Default: random UUIDs (version 4). Each label of a file needs one of its own.
    pub fn ids(mut self, ids: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        self.ids = Arc::new(ids);
        self
    }

    /// The ffmpeg that draws banners into films. Default: none, and a policy that wants a banner is refused.
    pub fn ffmpeg(mut self, ffmpeg: Ffmpeg) -> Self {
        self.ffmpeg = Some(ffmpeg);
        self
    }

    /// Whether the manifest of such a file stands beside it.
    pub(crate) fn writes_beside(&self, format: Format) -> bool {
        let plan = self.policy.plan(&self.disclosure, format.medium());
        plan.manifest && is_beside(&plan, format)
    }

    /// Labels what `source` holds and writes the result to `sink`, which must be empty.
    ///
    /// # Errors
    ///
    /// Nothing on `sink` may be used after an error. See [`Error`] for who can fix which.
    pub fn label(&self, source: &mut dyn Source, sink: &mut dyn Sink) -> Result<Receipt> {
        self.label_named("", source, sink)
    }

    /// The same with the name of the file, which tells texts apart: Markdown, a table and the source code of a program look alike
    /// to a program, but a comment is written differently in each. Other formats are known by their content alone.
    ///
    /// ```
    /// use std::io::Cursor;
    /// use tanba::{Disclosure, Labeler, Signer};
    ///
    /// let labeler = Labeler::new(&Disclosure::generated("Acme Coder"), &Signer::development());
    /// let mut sink = Cursor::new(Vec::new());
    /// labeler.label_named("hello.rs", &mut Cursor::new("fn main() {}\n"), &mut sink)?;
    /// assert!(sink.into_inner().starts_with("// ЖИ көмегімен жасалды / Создано ИИ\n".as_bytes()));
    /// # Ok::<(), tanba::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`label`](Self::label).
    pub fn label_named(&self, name: &str, source: &mut dyn Source, sink: &mut dyn Sink) -> Result<Receipt> {
        self.run(name, None, source, sink)
    }

    fn run(
        &self,
        name: &str,
        stamped: Option<&Placement>,
        source: &mut dyn Source,
        sink: &mut dyn Sink,
    ) -> Result<Receipt> {
        let mut budget = Budget::new(&self.limits);
        let extension = written::extension(name);
        let sniffed = Format::sniff(source);
        let format = sniffed.map_err(|error| written::explain(error, extension.as_deref(), source))?;
        if !format.can_label() {
            return Err(Error::unsupported(format, "tanba examines such files, but cannot label them yet"));
        }
        written::refuse_misnamed(format, extension.as_deref())?;
        let mut survey = format.handler().survey(source, &mut budget)?;
        survey.extension = extension;
        refuse_to_break(format, &survey, &self.policy)?;
        let plan = self.policy.plan(&self.disclosure, format.medium());
        let mut job = Job::new(format, survey, self.record(&plan)?, plan);
        refuse_the_same_id(&job)?;
        job.older = self.older(&job, source)?;
        let mut shown = banner::draw(self, &job, source)?;
        let (mut notice, unseen) = match (stamped, &shown) {
            (Some(placement), _) => stamp::find(placement, &job, source, &mut Budget::new(&self.limits))?,
            (None, Some(shown)) => (shown.wanted(), None),
            (None, None) => (self.notice(&job, source)?, None),
        };
        // What is done further is done to the film that was encoded again.
        let source = match &mut shown {
            Some(shown) => shown.enter(&mut job, source),
            None => source,
        };
        let (mut draft, mut marked) = self.mark(&job, &notice, source)?;
        if notice.is_new() && !marked.noticed {
            // This very file cannot take one: then the manifest must not say that it does.
            notice = Wanted::Nothing;
            let why = [marked.missing, marked.remarks].concat();
            (draft, marked) = self.mark(&job, &notice, source)?;
            marked.remarks.extend(why);
        }
        marked.remarks.extend(card::silent(&job, &notice));
        marked.remarks.extend(notice.to_say().map(|heard| heard.remarks.clone()).unwrap_or_default());
        marked.remarks.append(&mut job.remarks);
        marked.remarks.extend(unseen);
        marked.remarks.extend(history(&job));
        job.recorded &= !marked.no_place_for_record;
        let written = write(format, std::mem::take(&mut marked.patch), draft, source, sink)?;
        let hint = marked.hint.take();
        marked.remarks.extend(back::read(&job, &written, (&notice, hint), source, sink, &self.limits)?);
        Ok(self.receipt(&job, &notice, marked, &written))
    }

    /// The notice: new, or the one that is there already.
    fn notice(&self, job: &Job, source: &mut dyn Source) -> Result<Wanted> {
        if !job.plan.notice || job.format.notice() == Carries::No {
            return Ok(Wanted::Nothing);
        }
        match job.format.medium() {
            Medium::Audio => heard::wanted(self, job, source),
            Medium::Text => Ok(written::wanted(job)),
            Medium::Image => seen::wanted(self, job, source),
            Medium::Video => card::wanted(self, job, source),
        }
    }

    /// The parts of the file that the manifest is bound to, where it is bound to parts by name.
    fn parts(&self, job: &Job, label: &Label, source: &mut dyn Source) -> Result<Vec<String>> {
        let handler = job.format.handler();
        let budget = &mut Budget::new(&self.limits);
        match handler.facts().binding {
            HardBinding::Boxes => {
                let boxes = handler.named_boxes(source, &job.survey, budget)?.unwrap_or_default();
                let names = boxes.into_iter().map(|part| part.name.into_owned());
                Ok(names.filter(|name| name != "C2PA").take(1).collect())
            }
            HardBinding::Collection => handler.members(source, &job.survey, label, budget),
            _ => Ok(Vec::new()),
        }
    }

    /// What is said on sound, prepared once.
    fn audible(&self, plan: &Plan) -> &Audible {
        self.audible.get_or_init(|| Audible::new(&plan.audible, plan.extent))
    }

    /// The label that stands there already, read as a verifier would that trusts nobody.
    fn older(&self, job: &Job, source: &mut dyn Source) -> Result<Option<(Reading, Option<Past>)>> {
        if job.survey.stores.is_empty() {
            return Ok(None);
        }
        let mut asset = Asset { format: job.format, source, survey: &job.survey, limits: &self.limits };
        manifest::read_past(&mut asset, job.record.time).map(Some)
    }

    /// # Errors
    ///
    /// [`Error::Argument`] when the system or its provider has no name: California's SB 942 wants both.
    fn record(&self, plan: &Plan) -> Result<Record> {
        let disclosure = &self.disclosure;
        let named = |argument, name: &str| match name.trim() {
            "" => Err(Error::Argument { argument, why: "the name is empty; a label says who made the content".into() }),
            name => Ok(name.to_owned()),
        };
        let version = disclosure.system_version.as_deref().map(str::trim).filter(|version| !version.is_empty());
        Ok(Record {
            extent: disclosure.extent,
            system: named("system", &disclosure.system)?,
            system_version: version.unwrap_or("unspecified").to_owned(),
            provider: named("provider", disclosure.provider.as_deref().unwrap_or(self.signer.organization()))?,
            id: (self.ids)(),
            time: (self.clock)(),
            alt_text: plan.wording.sentence(),
            language: plan.wording.language.tag(),
            no_training: disclosure.no_training,
            aigc: plan.aigc,
        })
    }

    /// The manifest, complete but for the hash of the result (`None` when it is not wanted), and the edits of the file.
    fn mark(&self, job: &Job, notice: &Wanted, source: &mut dyn Source) -> Result<(Option<Draft>, Marked)> {
        let Job { format, survey, plan, record, older, .. } = job;
        let mut label = Label {
            notice: notice.to_draw(),
            heard: notice.to_say(),
            card: notice.to_open_with(),
            prose: notice.to_write(),
            notice_for: &|page| self.artist.draw(plan, page),
            lettering_for: &|page| self.artist.letter(plan, page),
            record: plan.record.then_some(record),
            store_len: None,
            beside: job.is_beside(),
        };
        let draft = if plan.manifest {
            let claim = Claim {
                record,
                title: self.disclosure.title.as_deref(),
                oversight: self.disclosure.oversight,
                media_type: format.handler().media_type(survey),
                parts: self.parts(job, &label, source)?,
                notices: notice.regions(),
                beside: job.is_beside(),
            };
            // Someone else's work, or a labelled file: what was there becomes the parent and stays valid.
            let wants_parent = older.is_some() || record.extent == Extent::Modified;
            let parent = wants_parent.then(|| Parent {
                past: older.as_ref().and_then(|(_, past)| past.as_ref()),
                instance: record::instance(job.original.as_ref().unwrap_or(survey), &mut Budget::new(&self.limits)),
            });
            Some(Draft::new(*format, &claim, parent, &self.signer)?)
        } else {
            None
        };
        label.store_len = draft.as_ref().map(Draft::len);
        let marked = format.handler().mark(source, survey, &label, &mut Budget::new(&self.limits))?;
        Ok((draft, marked))
    }
}

/// One file on its way through the pipeline.
struct Job {
    format: Format,
    survey: Survey,
    plan: Plan,
    record: Record,
    /// Whether the record gets into the file.
    recorded: bool,
    /// The label that stands there already.
    older: Option<(Reading, Option<Past>)>,
    /// The survey of the original, where `survey` is that of a film that was encoded again.
    original: Option<Survey>,
    reencoding: Option<Reencoding>,
    /// What came out of that otherwise than it went in.
    remarks: Vec<String>,
}

impl Job {
    fn new(format: Format, survey: Survey, record: Record, plan: Plan) -> Self {
        let (recorded, remarks) = (plan.record, Vec::new());
        Self { format, survey, record, recorded, plan, older: None, original: None, reencoding: None, remarks }
    }

    /// Whether the notice is to name the manifest.
    fn names_manifest(&self) -> bool {
        self.plan.reference && self.format == Format::Text
    }

    /// Whether the manifest stands in a file beside the content.
    fn is_beside(&self) -> bool {
        is_beside(&self.plan, self.format)
    }
}

fn is_beside(plan: &Plan, format: Format) -> bool {
    plan.beside || (plan.reference && format == Format::Text) || format.handler().facts().binding == HardBinding::Beside
}

/// Any edit breaks a manifest that is there already: without a new one around it, nothing may be edited.
fn refuse_to_break(format: Format, survey: &Survey, policy: &Policy) -> Result<()> {
    match survey.stores.len() {
        0 => Ok(()),
        1 if policy.writes_manifest() => Ok(()),
        1 => Err(Error::unsupported(format, "the file is signed; labelling it without a manifest would break that")),
        _ => Err(Error::unsupported(format, "the file holds more than one manifest store; `tanba show` lists them")),
    }
}

/// Two manifests of one name in one store: readers take either, and ours takes none.
fn refuse_the_same_id(job: &Job) -> Result<()> {
    let id = job.record.id.to_string();
    if job.plan.manifest && job.survey.stores.iter().any(|store| memmem::find(&store.jumbf, id.as_bytes()).is_some()) {
        let why = format!("the file was labelled with the identifier {id} already; every label needs its own");
        return Err(Error::Argument { argument: "ids", why });
    }
    Ok(())
}

/// What has to be said about a label that stands there already: it is carried along as it is, broken or not.
fn history(job: &Job) -> Option<String> {
    let (older, _) = job.older.as_ref()?;
    let sound = older.axes.binding == Binding::Intact && older.axes.signature == Signature::Ok;
    (!sound).then(|| {
        "the file held a label that was broken or could not be read; it is kept as history, and proves nothing".into()
    })
}

/// Writes the patched original, signs what was written, and puts the manifest into its slot.
fn write(
    format: Format,
    mut patch: Patch,
    draft: Option<Draft>,
    source: &mut dyn Source,
    sink: &mut dyn Sink,
) -> Result<Output> {
    let (wrap, echo) = (patch.take_wrap(), patch.take_echo());
    let written = patch.write(format, source, sink)?;
    let mut output = Output { len: written.len, store: None };
    let draft = match draft {
        Some(draft) if draft.is_beside() => {
            output.store = Some(draft.sign(written.sha256, &(0..0), sink)?);
            return Ok(output);
        }
        draft => draft,
    };
    if let (Some(draft), Some(wrap), Some(slot)) = (draft, wrap, written.slot) {
        let store = draft.sign(written.sha256, &slot, sink)?;
        patch::fill(format, sink, &slot, &wrap(&store))?;
        for place in written.echoes {
            echo.iter().try_for_each(|echo| patch::fill(format, sink, &place, &echo(&store)))?;
        }
        output.store = Some(store);
    }
    Ok(output)
}

/// What was written.
struct Output {
    /// Bytes of the whole file.
    len: u64,
    /// The signed manifest store in it.
    store: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests;
