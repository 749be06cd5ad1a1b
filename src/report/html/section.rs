//! The part of the page that is about one file.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    band, chain,
    escape::{bdi, text},
    heading, list,
};
use crate::report::{
    Binding, Class, Finding, Headline, Outcome, Report, ReportLanguage, Signature, SignerStanding, Thumbnail,
    TimeStanding,
    words::{self, Explanation, Row, key},
};

pub(super) struct Section<'a> {
    pub(super) language: ReportLanguage,
    pub(super) id: usize,
    pub(super) name: &'a str,
    pub(super) report: &'a Report,
    pub(super) thumbnail: Option<&'a Thumbnail>,
}

pub(super) fn unexamined(language: ReportLanguage, id: usize, name: &str, why: &str) -> String {
    let titles = language.titles();
    let mut html = opening(id, name);
    html.push_str(&band(Headline::NotChecked, language.headline(Headline::NotChecked)));
    let _ = writeln!(html, "<p>{}: {}</p>", titles.because, bdi(&language.translate(why)));
    html.push_str(&heading(language, titles.not_meant));
    html.push_str(&list("plain", [&titles.nothing.to_owned()]));
    html + "</section>\n"
}

fn opening(id: usize, name: &str) -> String {
    format!(
        "<section class=\"file\" id=\"file-{id}\" aria-labelledby=\"name-{id}\">\n<h2 id=\"name-{id}\">{}</h2>\n",
        bdi(name)
    )
}

impl Section<'_> {
    pub(super) fn render(&self) -> String {
        let (report, language) = (self.report, self.language);
        let explained = report.explain(language);
        let titles = language.titles();
        let mut html = opening(self.id, self.name);
        html.push_str(&band(report.headline, &explained.headline));
        html.push_str("<div class=\"top\">\n");
        html.push_str(&self.picture());
        let _ = writeln!(
            html,
            "<div>\n<figure class=\"quote\"><figcaption>{}</figcaption><blockquote><p>{}</p></blockquote></figure>",
            language.word(key!("To quote")),
            bdi(&explained.quote)
        );
        html.push_str(&facts([&explained.content, &explained.system]));
        html.push_str("</div>\n</div>\n");
        html.push_str(&heading(language, titles.not_meant));
        html.push_str(&list("plain", &explained.not_meant));
        if !explained.not_examined.is_empty() {
            html.push_str(&heading(language, titles.not_examined));
            html.push_str(&list("plain", &explained.not_examined));
        }
        html.push_str(&heading(language, key!("Can the label be believed?")));
        html.push_str(&self.axes(&explained));
        html.push_str(&self.findings(&explained));
        if let Some(manifest) = &report.manifest {
            if !explained.chain.is_empty() {
                html.push_str(&heading(language, key!("History of the file")));
                html.push_str(&chain::chain(&manifest.chain, &explained.chain));
            }
            html.push_str(&heading(language, key!("C2PA manifest")));
            html.push_str(&facts(&explained.manifest));
        }
        if !explained.faults.is_empty() {
            html.push_str(&heading(language, titles.faults));
            html.push_str(&list("plain codes", &explained.faults));
        }
        html.push_str(&self.notices(&explained));
        html.push_str(&self.profile(&explained));
        html.push_str(&heading(language, key!("Provenance data (California, SB 942)")));
        html.push_str(&facts(&explained.provenance));
        html.push_str(&heading(language, key!("The file")));
        html.push_str(&facts(&explained.file));
        html + "</section>\n"
    }

    /// The thumbnail with a frame around each notice.
    fn picture(&self) -> String {
        let Some(thumbnail) = self.thumbnail else {
            return format!("<div class=\"picture empty\">{}</div>\n", self.language.word(key!("no preview")));
        };
        let frames: String = (self.report.notices.iter())
            .map(|notice| notice.rect)
            .map(|rect| {
                format!("x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", rect.x, rect.y, rect.width, rect.height)
            })
            .map(|place| format!("<rect class=\"under\" {place}/><rect {place}/>"))
            .collect();
        let alternative = match frames.is_empty() {
            true => key!("the picture"),
            false => key!("the picture, with a frame around the notice"),
        };
        let (size, of) = (thumbnail.size, thumbnail.of);
        format!(
            "<div class=\"picture\"><img src=\"data:image/jpeg;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{}\">\
             <svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{frames}</svg></div>\n",
            STANDARD.encode(&thumbnail.jpeg),
            size.width,
            size.height,
            self.language.word(alternative),
            of.width,
            of.height,
        )
    }

    fn axes(&self, explained: &Explanation) -> String {
        let report = self.report;
        let signed = report.signature == Signature::Ok;
        let levels = [
            match report.binding {
                Binding::Broken => "bad",
                Binding::Intact if signed => "good",
                Binding::Intact | Binding::Partial => "doubt",
                Binding::NotChecked => "open",
            },
            match report.signature {
                Signature::Ok => "good",
                Signature::Bad => "bad",
                Signature::None => "open",
            },
            match report.signer {
                SignerStanding::Trusted | SignerStanding::PinnedVendor if signed => "good",
                SignerStanding::Revoked => "bad",
                SignerStanding::Expired => "doubt",
                _ if report.signature == Signature::None => "open",
                _ => "doubt",
            },
            match report.time {
                TimeStanding::TrustedStamp => "good",
                TimeStanding::UntrustedStamp => "doubt",
                TimeStanding::None => "open",
            },
        ];
        let rows = explained.axes.iter().zip(levels).map(|(axis, level)| {
            format!(
                "<tr><th scope=\"row\"><span class=\"axis\">{}</span><span class=\"quiet\">{}</span></th>\
                 <td class=\"answer\">{}<strong>{}</strong></td><td>{}</td></tr>\n",
                text(&axis.row.name),
                text(&axis.question),
                mark(level),
                text(&axis.row.state),
                bdi(&axis.row.text)
            )
        });
        format!("<table class=\"axes\">\n<tbody>\n{}</tbody>\n</table>\n", rows.collect::<String>())
    }

    fn findings(&self, explained: &Explanation) -> String {
        let language = self.language;
        let mut html = heading(language, key!("Everything found"));
        if explained.findings.is_empty() {
            return html + &format!("<p>{}</p>\n", language.word(key!("Nothing was found.")));
        }
        html.push_str("<ol class=\"findings\">\n");
        for (finding, raw) in explained.findings.iter().zip(&self.report.findings) {
            let _ = writeln!(
                html,
                "<li><p><span class=\"class {}\">{}</span> <span class=\"technique\">{}</span> {}</p>",
                class_name(raw),
                text(&finding.class),
                text(&finding.technique),
                bdi(&finding.text)
            );
            let mut rows = Vec::new();
            if !finding.value.is_empty() {
                rows.push((key!("value"), &finding.value));
            }
            rows.extend(finding.system.as_ref().map(|system| (key!("system"), system)));
            rows.push((key!("place"), &finding.place));
            html.push_str("<dl>\n");
            for (name, value) in rows {
                let _ =
                    writeln!(html, "<div><dt>{}</dt><dd><code>{}</code></dd></div>", language.word(name), bdi(value));
            }
            html.push_str("</dl></li>\n");
        }
        html.push_str("</ol>\n");
        let mut seen: Vec<(&str, &str, &str)> = Vec::new();
        for finding in &self.report.findings {
            let class = words::terms::class(finding);
            if !seen.iter().any(|(_, known, _)| *known == class) {
                seen.push((class_name(finding), class, words::terms::class_meaning(finding)));
            }
        }
        let meanings = seen.into_iter().map(|(name, class, meaning)| {
            format!(
                "<div><dt><span class=\"class {name}\">{}</span></dt><dd>{}</dd></div>\n",
                language.word(class),
                language.word(meaning)
            )
        });
        let title = language.word(key!("What the weights mean"));
        html + &format!("<dl class=\"legend\" aria-label=\"{title}\">\n{}</dl>\n", meanings.collect::<String>())
    }

    fn notices(&self, explained: &Explanation) -> String {
        if explained.notices.is_empty() {
            return String::new();
        }
        let title = match self.report.notices.is_empty() {
            true => key!("The warning that is heard"),
            false => key!("The visible notice"),
        };
        let mut html = heading(self.language, title);
        for notice in &explained.notices {
            let lines: Vec<_> = notice.lines.iter().map(|line| bdi(line)).collect();
            let _ = writeln!(html, "<p class=\"notice\">{}</p>", lines.join("<br>"));
            html.push_str(&facts(&notice.measured));
        }
        html
    }

    fn profile(&self, explained: &Explanation) -> String {
        let (Some(profile), Some(raw)) = (&explained.profile, &self.report.profile) else { return String::new() };
        let word = |english| self.language.word(english);
        let title = word(key!("Profile: {}")).replace("{}", &profile.title);
        let heads = [key!("rule"), key!("source"), key!("asked for"), key!("measured"), key!("result")];
        let heads: String = heads.iter().map(|head| format!("<th scope=\"col\">{}</th>", word(head))).collect();
        let mut html = format!("<h3>{}</h3>\n<p>{}</p>\n", text(&title), text(&profile.caution));
        let _ = writeln!(html, "<table class=\"profile\">\n<thead><tr>{heads}</tr></thead>\n<tbody>");
        for (rule, raw) in profile.rules.iter().zip(&raw.rules) {
            let level = match raw.outcome {
                Outcome::Pass => "good",
                Outcome::Fail => "bad",
                Outcome::Warn => "doubt",
                Outcome::CannotTell => "open",
            };
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">{}<code>{}</code></th><td data-name=\"{}\"><b class=\"mark\">{}</b> {}</td>\
                 <td data-name=\"{}\">{}</td><td data-name=\"{}\">{}</td><td class=\"answer\">{}<strong>{}</strong></td></tr>",
                bdi(&rule.rule),
                text(&rule.id),
                word("source"),
                text(&rule.mark),
                bdi(&rule.source),
                word("asked for"),
                bdi(&rule.wanted),
                word("measured"),
                bdi(&rule.measured),
                mark(level),
                text(&rule.outcome)
            );
        }
        let marks = profile.marks.iter().map(|row| {
            format!("<div><dt><b class=\"mark\">{}</b></dt><dd>{}</dd></div>\n", text(&row.name), text(&row.state))
        });
        html + &format!("</tbody>\n</table>\n<dl class=\"legend\">\n{}</dl>\n", marks.collect::<String>())
    }
}

/// The class of a finding in the style sheet.
fn class_name(finding: &Finding) -> &'static str {
    match finding.class {
        Class::Proven => "proven",
        Class::Intact => "intact",
        Class::Declared if finding.is_remark() => "remark",
        Class::Declared => "declared",
        Class::Hint => "hint",
    }
}

/// A sign that says without colour how good an answer is.
fn mark(level: &str) -> String {
    let shape = match level {
        "good" => "<path d=\"M3 9l4 4 7-9\"/>",
        "bad" => "<path d=\"M3.5 3.5l10 10M13.5 3.5l-10 10\"/>",
        "doubt" => "<path d=\"M8.5 2.5v8M8.5 14v.4\"/>",
        _ => "<path d=\"M4 8.5h9\"/>",
    };
    format!("<svg class=\"sign {level}\" viewBox=\"0 0 17 17\" aria-hidden=\"true\">{shape}</svg>")
}

fn facts<'a>(rows: impl IntoIterator<Item = &'a Row>) -> String {
    let row = |row: &Row| {
        let more = if row.text.is_empty() {
            String::new()
        } else {
            format!(" <span class=\"quiet\">({})</span>", bdi(&row.text))
        };
        format!("<div><dt>{}</dt><dd>{}{more}</dd></div>\n", text(&row.name), bdi(&row.state))
    };
    format!("<dl class=\"facts\">\n{}</dl>\n", rows.into_iter().map(row).collect::<String>())
}
