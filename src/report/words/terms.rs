//! The names of what a report counts.

use super::key;
use crate::{
    policy::{Mark, Profile},
    report::{Class, Finding, Outcome, Relation, Statement, Technique},
};

pub(in crate::report) fn class(finding: &Finding) -> &'static str {
    match finding.class {
        Class::Proven => key!("proven"),
        Class::Intact => key!("intact"),
        Class::Declared if finding.is_remark() => key!("remark"),
        Class::Declared => key!("declared"),
        Class::Hint => key!("hint"),
    }
}

pub(in crate::report) fn class_meaning(finding: &Finding) -> &'static str {
    match finding.class {
        Class::Proven => key!("signed by a trusted or pinned signer"),
        Class::Intact => key!("signed and unchanged; the signer is unknown"),
        Class::Declared if finding.is_remark() => key!("what we found out about a label"),
        Class::Declared => key!("an unsigned field or a visible notice: anyone can write it"),
        Class::Hint => key!("a trace that a generator usually leaves"),
    }
}

pub(super) fn technique(technique: Technique) -> &'static str {
    match technique {
        Technique::C2pa => key!("C2PA manifest"),
        Technique::Xmp => "XMP",
        Technique::Exif => "EXIF",
        Technique::Aigc => "AIGC",
        Technique::Text => key!("text field"),
        Technique::Html => key!("HTML markup"),
        Technique::Watermark => key!("hidden watermark"),
        Technique::HiddenText => key!("hidden text"),
        Technique::Notice => key!("notice"),
        Technique::Comparison => key!("comparison"),
    }
}

pub(super) fn says(says: Statement) -> &'static str {
    match says {
        Statement::FullyAi => key!("made by AI as a whole"),
        Statement::PartlyAi => key!("partly made or changed by AI"),
        Statement::PossiblyAi => key!("AI may have been used"),
        Statement::NotAi => key!("an origin other than AI"),
        Statement::TrainingProhibited => key!("the author prohibits use for training AI"),
        Statement::AboutTheLabel => key!("about the label, not the content"),
    }
}

pub(super) fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Active => key!("this file"),
        Relation::Parent => key!("what it was before"),
        Relation::Component => key!("a part that was put in"),
        Relation::Input => key!("what the process was given"),
        Relation::Other => key!("related"),
    }
}

/// What an action of C2PA 2.4 §18.12 is; `None` for those of vendors, which are shown by their names.
pub(super) fn action(action: &str) -> Option<&'static str> {
    Some(match action.strip_prefix("c2pa.")? {
        "addedText" => key!("text added"),
        "adjustedColor" | "color_adjustments" => key!("colours adjusted"),
        "changedSpeed" => key!("speed changed"),
        "converted" => key!("converted to another format"),
        "copied" => key!("copied"),
        "created" => key!("created"),
        "cropped" => key!("cropped"),
        "deleted" => key!("a part deleted"),
        "drawing" => key!("drawn on"),
        "dubbed" => key!("dubbed"),
        "edited" => key!("edited"),
        "edited.metadata" => key!("metadata edited"),
        "enhanced" => key!("enhanced"),
        "filtered" => key!("filter applied"),
        "formatted" => key!("formatted"),
        "opened" => key!("opened for editing"),
        "orientation" => key!("turned or mirrored"),
        "placed" => key!("a part put in"),
        "printed" => key!("printed"),
        "published" => key!("published"),
        "redacted" => key!("a statement removed"),
        "removed" => key!("a part removed"),
        "repackaged" => key!("repackaged"),
        "resized" | "resized.proportional" => key!("resized"),
        "saved" => key!("saved"),
        "transcoded" => key!("encoded again"),
        "translated" => key!("translated"),
        "trimmed" => key!("trimmed"),
        "unknown" => key!("something that is not known"),
        "watermarked" | "watermarked.bound" | "watermarked.unbound" => key!("watermark added"),
        _ => return None,
    })
}

pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => key!("found"),
        Outcome::Fail => key!("not found, or less than asked for"),
        Outcome::Warn => key!("less than advised"),
        Outcome::CannotTell => key!("cannot be told from the file"),
    }
}

pub(super) fn mark(mark: Mark) -> (&'static str, &'static str) {
    match mark {
        Mark::P => ("P", key!("the text of the law or the standard says so")),
        Mark::S => ("S", key!("a secondary source says so")),
        Mark::E => ("E", key!("our engineering, because no law gives a number")),
    }
}

pub(super) fn profile(profile: Profile) -> &'static str {
    match profile {
        Profile::Kz => key!("Kazakhstan"),
        Profile::Eu => key!("European Union"),
        Profile::Cn => key!("China"),
        Profile::UsCa => key!("California"),
        Profile::In => key!("India"),
        Profile::Kr => key!("Korea"),
    }
}
