//! Puts a label into a book: a banner on the first page of its spine, fields in its package document.

use std::ops::ControlFlow;

use super::{Book, book};
use crate::{
    Error, Format, Result,
    container::xml::escape,
    format::{
        Label, Marked,
        package::{Changes, Package, Step, hex, rtl, scan},
    },
    limits::Budget,
    notice::Prose,
    policy::Language,
    record::{self, Record},
    stream::Source,
};

const OPF: &str = "http://www.idpf.org/2007/opf";
const XHTML: &str = "http://www.w3.org/1999/xhtml";
const NOTICE: &str = "tanba-notice";
const ENCRYPTION: &str = "META-INF/encryption.xml";
/// What hides fonts from copying and nothing else: EPUB 3.3, 4.4, and Adobe's older way.
const OBFUSCATION: &[&str] = &["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"];

/// What the label changes in which parts.
pub(super) fn change<'a>(
    source: &'a mut dyn Source,
    label: &Label,
    budget: &mut Budget,
) -> Result<(Package<'a>, Changes, Marked)> {
    let mut package = Package::open(source, Format::Epub, budget)?;
    package.refuse("META-INF/signatures.xml", "the book is signed, and any change breaks that: label it before")?;
    package.refuse("META-INF/rights.xml", "the book is protected; label it before it is")?;
    let mut algorithm = None;
    package.leaves(ENCRYPTION, budget, |_, leaf, _| {
        if leaf.name == "EncryptionMethod" {
            let used = leaf.get("Algorithm").unwrap_or_default();
            algorithm = algorithm.take().or(Some(used.to_owned()).filter(|used| !OBFUSCATION.contains(&used.as_str())));
        }
    })?;
    if let Some(algorithm) = algorithm {
        let what = format!("the book is encrypted ({algorithm} in {ENCRYPTION}); label it before it is protected");
        return Err(Error::unsupported(Format::Epub, what));
    }
    let Some(book) = book(&mut package, budget)? else {
        return Err(Error::malformed(Format::Epub, 0, "META-INF/container.xml does not say where the book is"));
    };
    let (mut changes, mut marked) = (Changes::default(), Marked::default());
    if let Some(record) = label.record {
        fields(&mut package, &mut changes, &book, record, budget)?;
    }
    match (label.prose, &book.first) {
        (Some(prose), Some(page)) => {
            banner(&mut package, &mut changes, &book, page, prose, budget)?;
            marked.noticed = true;
        }
        (Some(_), None) => marked.remarks.push("the book has no page of text on which a notice could stand".into()),
        (None, _) => {}
    }
    Ok((package, changes, marked))
}

/// Fields as EPUB 2 has them, which EPUB 3.3 (appendix on `meta`) keeps: names need no vocabulary there.
fn fields(
    package: &mut Package,
    changes: &mut Changes,
    book: &Book,
    record: &Record,
    budget: &mut Budget,
) -> Result<()> {
    let part = package.part(&book.root, budget)?;
    let field =
        |(name, text): (&str, String)| format!("<meta xmlns=\"{OPF}\" name=\"{name}\" content=\"{}\"/>", escape(&text));
    let fields: String = record::fields(record).into_iter().map(field).collect();
    let mut done = false;
    let end = scan(&part.text, budget, |step, around| {
        match (step, around) {
            (Step::Close(meta, close), [_, ..]) if meta.is("meta") => {
                let name = meta.get("name").or_else(|| meta.get("property"));
                if name.is_some_and(|name| record::replaces(&name, record)) {
                    changes.replace(&part, meta.tag.start..close.end, "");
                }
            }
            (Step::Close(metadata, close), [_]) if metadata.is("metadata") => {
                changes.last_in(&part, metadata, &close, &fields);
                done = true;
                return ControlFlow::Break(());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    if done { Ok(()) } else { Err(package.no_place(&part, end.err())) }
}

fn banner(
    package: &mut Package,
    changes: &mut Changes,
    book: &Book,
    page: &str,
    prose: &Prose,
    budget: &mut Budget,
) -> Result<()> {
    let part = package.part(page, budget)?;
    let mut done = false;
    let end = scan(&part.text, budget, |step, around| match (step, around) {
        (Step::Open(body), [_]) if body.is("body") => {
            changes.first_in(&part, body, &element(prose, book, part.text.contains(NOTICE)));
            done = true;
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    if !done {
        return Err(package.no_place(&part, end.err()));
    }
    changes.drop_all(&part, &prose.replaces);
    Ok(())
}

/// XHTML 1.1 of EPUB 2 knows neither `lang`, `role` nor `dir="auto"`.
fn element(prose: &Prose, book: &Book, named: bool) -> String {
    let language = |language: Option<Language>| match language {
        Some(language) if book.third => format!(" lang=\"{0}\" xml:lang=\"{0}\"", language.tag()),
        Some(language) => format!(" xml:lang=\"{}\"", language.tag()),
        None => String::new(),
    };
    let span = |(words, said): &(String, Option<Language>)| {
        let order = if rtl(words) { "rtl" } else { "ltr" };
        format!("<span{} dir=\"{order}\">{}</span>", language(*said), escape(words.trim()))
    };
    let spans: Vec<_> = prose.lines.iter().map(span).collect();
    let id = if named { String::new() } else { format!(" id=\"{NOTICE}\"") };
    let role = if book.third { " role=\"note\"" } else { "" };
    // Pages of a fixed size have no flow that could make room: there the notice lies on the page.
    let place = match book.fixed {
        true => "position:absolute;top:0;left:0;right:0;margin:0;font:bold 7vmin/1.2 sans-serif",
        false => "margin:0 0 1em;font:bold 1.125em/1.5 sans-serif",
    };
    format!(
        "<p xmlns=\"{XHTML}\"{id}{role}{} style=\"display:block;{place};padding:.5em 1em;text-align:center;text-indent:0;color:#{};\
         background:#{}\">{}</p>",
        language(prose.lines.first().and_then(|(_, language)| *language)),
        hex(prose.text),
        hex(prose.plate),
        spans.join(" / ")
    )
}
