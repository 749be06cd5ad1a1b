//! The words of the notice: one table, so that a native speaker or a ministry's order changes one line.
//!
//! Every wording holds an element that means AI and one that means made or changed (GB 45438-2025, 4.2).

use serde::{Deserialize, Serialize};

use super::Extent;
use crate::{Error, Result, format::Medium};

/// What is written or spoken: one string a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wording {
    /// The language of the first line.
    pub language: Language,
    /// The lines, in reading order.
    pub lines: Vec<String>,
}

impl Wording {
    /// The lines as one sentence, for alternative text and descriptions.
    pub(crate) fn sentence(&self) -> String {
        self.lines.join(" / ")
    }
}

/// Declares [`Language`] and its table: a row is a language with its tag, its name and its two wordings.
macro_rules! languages {
    ($($variant:ident $tag:literal $name:literal: $generated:literal, $modified:literal;)+) => {
        /// A language of the wording table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(rename_all = "lowercase")]
        #[non_exhaustive]
        pub enum Language { $(#[doc = $name] $variant),+ }

        impl Language {
            /// Every language of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The BCP 47 tag.
            pub fn tag(self) -> &'static str {
                match self { $(Self::$variant => $tag),+ }
            }

            /// The name in English.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What is said of any medium.
            fn generic(self, extent: Extent) -> &'static str {
                match (self, extent) {
                    $((Self::$variant, Extent::Generated) => $generated, (Self::$variant, Extent::Modified) => $modified),+
                }
            }
        }
    };
}

languages! {
    Kk "kk" "Kazakh": "ЖИ көмегімен жасалды", "ЖИ арқылы өзгертілген";
    Ru "ru" "Russian": "Создано ИИ", "Изменено с помощью ИИ";
    En "en" "English": "AI GENERATED", "AI MODIFIED";
    Zh "zh" "Chinese": "AI生成", "AI合成";
    Ja "ja" "Japanese": "AI生成", "AI編集";
    Ko "ko" "Korean": "AI 생성", "AI 편집";
    Hi "hi" "Hindi": "AI द्वारा निर्मित", "AI द्वारा संशोधित";
    Ar "ar" "Arabic": "مُولّد بالذكاء الاصطناعي", "مُعدّل بالذكاء الاصطناعي";
    De "de" "German": "KI-generiert", "KI-bearbeitet";
    Fr "fr" "French": "Généré par IA", "Modifié par IA";
    Es "es" "Spanish": "Generado por IA", "Modificado por IA";
    It "it" "Italian": "Generato da IA", "Modificato da IA";
    Pt "pt" "Portuguese": "Gerado por IA", "Modificado por IA";
    Pl "pl" "Polish": "Wygenerowane przez AI", "Zmienione przez AI";
    Tr "tr" "Turkish": "YZ ile üretildi", "YZ ile değiştirildi";
    Uk "uk" "Ukrainian": "Створено ШІ", "Змінено за допомогою ШІ";
    Uz "uz" "Uzbek": "SI yaratgan", "SI oʻzgartirgan";
    Ky "ky" "Kyrgyz": "ЖИ жараткан", "ЖИ өзгөрткөн";
}

impl Language {
    /// The language of a BCP 47 tag; region and script are ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when the table has no such language.
    pub fn from_tag(tag: &str) -> Result<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let found = Self::ALL.iter().copied().find(|language| language.tag().eq_ignore_ascii_case(primary));
        found.ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|language| language.tag()).collect();
            let why = format!("no wording for {tag:?}; known are {}, or give your own wording", known.join(" "));
            Error::Argument { argument: "language", why }
        })
    }

    /// What is said of content of this medium.
    pub fn wording(self, medium: Medium, extent: Extent) -> &'static str {
        // The media do not differ yet: the generic wording is the press standard in Kazakhstan and fits everywhere.
        match medium {
            Medium::Image | Medium::Audio | Medium::Video | Medium::Text => self.generic(extent),
        }
    }
}
