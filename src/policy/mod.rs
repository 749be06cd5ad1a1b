//! What must be said, and how: pure, no I/O.

mod audible;
mod disclosure;
mod film;
mod http;
pub(crate) mod layout;
pub(crate) mod rules;
mod wording;

use serde::{Deserialize, Serialize};

pub use audible::AudibleNotice;
pub use disclosure::{Disclosure, Extent, Oversight};
pub use film::BannerTimes;
pub use rules::Mark;
pub use wording::{Language, Wording};

pub(crate) use audible::{EVERY, Part};

use crate::{Error, Result, format::Medium};

/// Whose rules are followed: it sets the defaults of a [`Policy`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Profile {
    /// Kazakhstan: Law No. 230-VIII, Art. 21. Kazakh and Russian.
    #[default]
    Kz,
    /// European Union: AI Act Art. 50 and the Code of Practice of June 2026. English unless another language is set.
    Eu,
    /// China: GB 45438-2025. Chinese, and the `AIGC` metadata of its Annex E.
    Cn,
    /// California: SB 942. English.
    UsCa,
    /// India: IT Amendment Rules 2026. Hindi and English.
    In,
    /// Korea: AI Basic Act, Art. 31. Korean.
    Kr,
}

/// Where the notice stands in the picture as shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Place {
    /// The default, after the example of the EU Code of Practice.
    #[default]
    TopRight,
    /// Top left corner.
    TopLeft,
    /// Bottom right corner.
    BottomRight,
    /// Bottom left corner.
    BottomLeft,
    /// A band over the whole width at the top edge.
    TopBand,
    /// A band over the whole width at the bottom edge.
    BottomBand,
}

impl Place {
    /// Every place.
    pub const ALL: &'static [Self] =
        &[Self::TopRight, Self::TopLeft, Self::BottomRight, Self::BottomLeft, Self::TopBand, Self::BottomBand];
}

/// Where the notice stands in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProsePlace {
    /// In the first line: GB 45438-2025, 5.1, and the EU Code of Practice.
    #[default]
    First,
    /// In the first line and in the last one.
    FirstAndLast,
}

/// How a film says it: where the notice stands in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum VideoNotice {
    /// An opening card of two seconds or more in front of the film, which is copied as it is: H.264 in MP4 and QuickTime. The default.
    #[default]
    Card,
    /// A banner on the frames themselves, which are encoded anew: every codec and container that ffmpeg knows. Needs ffmpeg.
    Banner,
}

impl VideoNotice {
    /// Every way.
    pub const ALL: &'static [Self] = &[Self::Card, Self::Banner];
}

/// How the notice looks.
///
/// ```
/// let style = tanba::NoticeStyle { plate: [0, 0, 96], ..Default::default() };
/// let policy = tanba::Policy::kazakhstan().notice_style(style)?;
/// # Ok::<(), tanba::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeStyle {
    /// Where it stands. Default top right.
    pub place: Place,
    /// Colour of the opaque plate, sRGB. Default black.
    pub plate: [u8; 3],
    /// Colour of the text, sRGB. Default white. Against the plate it must reach a contrast of 4.5:1 (WCAG 2.2, 1.4.3).
    pub text: [u8; 3],
    /// An OpenType font of the caller, tried before the bundled ones.
    pub font: Option<Vec<u8>>,
    /// Height of a capital letter as a share of the shorter side. Default and minimum 0.05 (GB 45438-2025).
    pub cap_height: f64,
}

impl Default for NoticeStyle {
    fn default() -> Self {
        Self { place: Place::default(), plate: [0, 0, 0], text: [255, 255, 255], font: None, cap_height: 0.05 }
    }
}

/// How a [`Disclosure`] becomes a label: the languages, the look of the notice, and which halves are written.
///
/// ```
/// use tanba::{Policy, Profile};
/// let policy = Policy::kazakhstan();
/// assert_eq!(policy, Policy::of(Profile::Kz));
/// let english = Policy::kazakhstan().languages(&["en"])?;
/// # Ok::<(), tanba::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    profile: Profile,
    languages: Vec<Language>,
    lines: Option<Vec<String>>,
    style: NoticeStyle,
    audible: Option<AudibleNotice>,
    prose: ProsePlace,
    video: VideoNotice,
    banner: BannerTimes,
    row_in_tables: bool,
    beside: bool,
    reference: bool,
    first_page: bool,
    notice: bool,
    record: bool,
    manifest: bool,
    aigc: bool,
}

impl Profile {
    /// Every profile.
    pub const ALL: &'static [Self] = &[Self::Kz, Self::Eu, Self::Cn, Self::UsCa, Self::In, Self::Kr];
}

impl Default for Policy {
    fn default() -> Self {
        Self::kazakhstan()
    }
}

impl Policy {
    /// The defaults of a profile.
    pub fn of(profile: Profile) -> Self {
        let languages = match profile {
            Profile::Kz => vec![Language::Kk, Language::Ru],
            Profile::Eu | Profile::UsCa => vec![Language::En],
            Profile::Cn => vec![Language::Zh],
            Profile::In => vec![Language::Hi, Language::En],
            Profile::Kr => vec![Language::Ko],
        };
        Self {
            profile,
            languages,
            lines: None,
            style: NoticeStyle::default(),
            audible: None,
            prose: ProsePlace::default(),
            video: VideoNotice::default(),
            banner: BannerTimes::default(),
            row_in_tables: false,
            beside: false,
            reference: false,
            first_page: false,
            notice: true,
            record: true,
            manifest: true,
            aigc: profile == Profile::Cn,
        }
    }

    /// Kazakhstan, Law No. 230-VIII: Kazakh and Russian on two lines.
    pub fn kazakhstan() -> Self {
        Self::of(Profile::Kz)
    }

    /// The notice's languages, one line each, as BCP 47 tags such as `kk` or `de-AT`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when the wording table has no such language, or when the list is empty.
    pub fn languages<T: AsRef<str>>(mut self, tags: &[T]) -> Result<Self> {
        let languages: Result<Vec<_>> = tags.iter().map(|tag| Language::from_tag(tag.as_ref())).collect();
        self.languages = languages?;
        if self.languages.is_empty() {
            return Err(Error::Argument { argument: "languages", why: "at least one language is needed".into() });
        }
        Ok(self)
    }

    /// The caller's own wording, one string a line, instead of the table's.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when there is no text in it, or a control character.
    pub fn wording<T: Into<String>>(mut self, lines: impl IntoIterator<Item = T>) -> Result<Self> {
        let lines: Vec<String> = lines.into_iter().map(Into::into).collect();
        let why = if lines.iter().all(|line| line.trim().is_empty()) {
            "the wording is empty"
        } else if lines.iter().any(|line| line.chars().any(hides)) {
            "the wording holds a control or invisible character; give each line as a string of its own"
        } else {
            self.lines = Some(lines);
            return Ok(self);
        };
        Err(Error::Argument { argument: "wording", why: why.into() })
    }

    /// How the notice looks.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when text and plate contrast by less than 4.5:1 or the cap height is under 5 % or over 50 %.
    pub fn notice_style(mut self, style: NoticeStyle) -> Result<Self> {
        layout::check_style(&style)?;
        self.style = style;
        Ok(self)
    }

    /// What is heard on sound. Default: speech in those languages of the policy that have a clip, else in English.
    pub fn audible_notice(mut self, notice: AudibleNotice) -> Self {
        self.audible = Some(notice);
        self
    }

    /// What is heard on sound as things stand.
    pub fn heard(&self) -> AudibleNotice {
        self.audible.clone().unwrap_or_else(|| AudibleNotice::of(self.profile, &self.languages))
    }

    /// Speech in those languages of the policy that have a clip, else in English.
    pub fn spoken(&self) -> AudibleNotice {
        AudibleNotice::of_languages(&self.languages)
    }

    /// Where the notice stands in a text. Default: its first line.
    ///
    /// ```
    /// let policy = tanba::Policy::kazakhstan().prose_notice(tanba::ProsePlace::FirstAndLast);
    /// ```
    pub fn prose_notice(mut self, place: ProsePlace) -> Self {
        self.prose = place;
        self
    }

    /// How a film says it. Default: an opening card. Nothing is chosen by what happens to be installed: where the one that is asked
    /// for cannot be made, the error names the other.
    ///
    /// ```
    /// let policy = tanba::Policy::kazakhstan().video_notice(tanba::VideoNotice::Banner);
    /// ```
    pub fn video_notice(mut self, notice: VideoNotice) -> Self {
        self.video = notice;
        self
    }

    /// Whether the notice becomes a row of tables (CSV, TSV), which programs then read as data. Default `false`: the label of a
    /// table has no notice, and its receipt says so.
    pub fn with_row_in_tables(mut self, on: bool) -> Self {
        self.row_in_tables = on;
        self
    }

    /// Whether the signed manifest of a text stands in a file beside it, not in the text: for messages that are shorter than a
    /// manifest. [`Receipt::sidecar`](crate::Receipt::sidecar) then has it. Default `false`; other media keep it inside.
    pub fn with_manifest_beside_text(mut self, on: bool) -> Self {
        self.beside = on;
        self
    }

    /// Whether the notice of a text (plain text, Markdown, source code) ends with the name of its manifest, which then stands beside
    /// it: `Создано ИИ · urn:c2pa:…`, 48 characters instead of a manifest of several thousand, for short messages. Default `false`.
    ///
    /// The name is the label of the manifest (C2PA 2.4 §8.2), by which a repository of manifests gives it out (`/manifests/{id}` of C2PA's
    /// Soft Binding Resolution API): keep what [`Receipt::sidecar`](crate::Receipt::sidecar) has in one. Nothing in the text says which
    /// repository that is, and the name alone proves nothing: anybody can write one. What is in invisible characters may be
    /// lost on the way; the name is lost only with the notice.
    ///
    /// ```
    /// use tanba::{Disclosure, Labeler, Policy, Signer};
    /// let policy = Policy::kazakhstan().languages(&["ru"])?.with_reference_in_text(true);
    /// let labeler = Labeler::new(&Disclosure::generated("Acme Chat"), &Signer::development()).policy(policy);
    /// let (text, receipt) = labeler.label_text("Ветер стих.")?;
    /// assert_eq!(text, format!("Создано ИИ · urn:c2pa:{}\n\nВетер стих.", receipt.id));
    /// assert!(receipt.sidecar.is_some());
    /// # Ok::<(), tanba::Error>(())
    /// ```
    pub fn with_reference_in_text(mut self, on: bool) -> Self {
        self.reference = on;
        self
    }

    /// Whether a PDF has its notice on the first page only. Default `false`: on every page, as each of them may be passed on alone;
    /// the receipt says so, and the manifest names that page.
    pub fn with_notice_on_first_page_only(mut self, on: bool) -> Self {
        self.first_page = on;
        self
    }

    /// Whether the notice (the half for people) is written. Default `true`; without it the label is incomplete.
    pub fn with_notice(mut self, on: bool) -> Self {
        self.notice = on;
        self
    }

    /// Whether the record (XMP and the like) is written. Default `true`.
    pub fn with_record(mut self, on: bool) -> Self {
        self.record = on;
        self
    }

    /// Whether the signed manifest is written. Default `true`.
    pub fn with_manifest(mut self, on: bool) -> Self {
        self.manifest = on;
        self
    }

    /// Whether China's `AIGC` metadata (GB 45438-2025, Annex E) is written. Default: for [`Profile::Cn`] only.
    pub fn with_aigc(mut self, on: bool) -> Self {
        self.aigc = on;
        self
    }

    /// The profile this policy started from.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    pub(crate) fn writes_manifest(&self) -> bool {
        self.manifest
    }

    /// What has to be said about `disclosure` on content of this medium.
    pub(crate) fn plan(&self, disclosure: &Disclosure, medium: Medium) -> Plan {
        let lines = self.lines.clone().unwrap_or_else(|| {
            self.languages.iter().map(|language| language.wording(medium, disclosure.extent()).to_owned()).collect()
        });
        let wording = Wording { language: self.languages.first().copied().unwrap_or(Language::En), lines };
        Plan {
            own_words: self.lines.is_some(),
            wording,
            languages: self.languages.clone(),
            style: self.style.clone(),
            audible: self.heard(),
            extent: disclosure.extent(),
            prose_last: self.prose == ProsePlace::FirstAndLast,
            video: self.video,
            banner: self.banner.recurring_ms(),
            row_in_tables: self.row_in_tables,
            beside: self.beside && medium == Medium::Text,
            reference: self.reference && self.notice && self.manifest && medium == Medium::Text,
            first_page: self.first_page,
            notice: self.notice,
            record: self.record,
            manifest: self.manifest,
            aigc: self.aigc,
        }
    }
}

/// Characters that steer or hide text instead of being seen: controls, bidi overrides and isolates, zero-width ones but
/// the joiners that scripts need.
fn hides(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What one label says and which parts of it are written.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) wording: Wording,
    /// Whether the wording is the caller's, not the table's.
    pub(crate) own_words: bool,
    /// The languages of the wording's lines, where they are the table's.
    pub(crate) languages: Vec<Language>,
    pub(crate) style: NoticeStyle,
    pub(crate) audible: AudibleNotice,
    pub(crate) extent: Extent,
    /// Whether a text has the notice at its end as well.
    pub(crate) prose_last: bool,
    /// How a film says it.
    pub(crate) video: VideoNotice,
    /// How long a banner is shown and how often, in milliseconds; `None` for all the time.
    pub(crate) banner: Option<(u64, u64)>,
    pub(crate) row_in_tables: bool,
    /// Whether the manifest stands in a file beside the content.
    pub(crate) beside: bool,
    /// Whether the notice of a text names the manifest, which stands beside it.
    pub(crate) reference: bool,
    /// Whether a document has its notice on the first page only.
    pub(crate) first_page: bool,
    pub(crate) notice: bool,
    pub(crate) record: bool,
    pub(crate) manifest: bool,
    pub(crate) aigc: bool,
}
