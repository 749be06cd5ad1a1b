//! Several files at one glance: how many of each headline, and which.

use std::fmt::Write as _;

use super::{Entry, class, escape::bdi, icon};
use crate::report::{Headline, ReportLanguage, words::key};

/// In the order in which a desk wants to see them.
const ORDER: [Headline; 5] =
    [Headline::Broken, Headline::NotChecked, Headline::AiMadeProven, Headline::AiMadeDeclared, Headline::NoLabel];

pub(super) fn summary(language: ReportLanguage, files: &[Entry]) -> String {
    let word = |english| language.word(english);
    let mut html = format!("<section class=\"summary\">\n<h2>{}</h2>\n<table class=\"counts\">\n", word(key!("Files")));
    let _ = writeln!(
        html,
        "<thead><tr><th scope=\"col\">{}</th><th scope=\"col\" class=\"number\">{}</th></tr></thead>\n<tbody>",
        word(key!("result")),
        word(key!("number of files"))
    );
    for headline in ORDER {
        let count = files.iter().filter(|file| file.headline == headline).count();
        let _ = writeln!(
            html,
            "<tr class=\"{}\"><th scope=\"row\">{}<span class=\"result\">{}</span></th><td class=\"number\">{count}</td></tr>",
            class(headline),
            icon(headline),
            language.headline(headline)
        );
    }
    let _ = writeln!(
        html,
        "</tbody>\n<tfoot><tr><th scope=\"row\">{}</th><td class=\"number\">{}</td></tr></tfoot>\n</table>",
        word(key!("in total")),
        files.len()
    );
    if !files.is_empty() {
        let _ = writeln!(
            html,
            "<table class=\"files\">\n<thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead>\n<tbody>",
            word(key!("file")),
            word(key!("result")),
            word(key!("system"))
        );
    }
    for (file, id) in files.iter().zip(1..) {
        let system = file.system.as_deref().map(bdi).unwrap_or_default();
        let _ = writeln!(
            html,
            "<tr class=\"{}\"><th scope=\"row\"><a href=\"#file-{id}\">{}</a></th><td>{}<span class=\"result\">{}</span></td><td>{system}</td></tr>",
            class(file.headline),
            bdi(&file.name),
            icon(file.headline),
            file.words,
        );
    }
    if !files.is_empty() {
        html.push_str("</tbody>\n</table>\n");
    }
    html + "</section>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_add_up() {
        let entry = |headline| Entry {
            name: "a".into(),
            headline,
            words: headline.sentence(),
            system: None,
            section: String::new(),
        };
        let files: Vec<_> = ORDER.into_iter().chain([Headline::NoLabel]).map(entry).collect();
        let html = summary(ReportLanguage::En, &files);
        let numbers: Vec<usize> = html
            .split("<td class=\"number\">")
            .skip(1)
            .map(|rest| rest.split_once('<').unwrap().0.parse().unwrap())
            .collect();
        let (total, counts) = numbers.split_last().unwrap();
        assert_eq!((*total, counts.iter().sum::<usize>()), (6, 6), "{html}");
    }
}
