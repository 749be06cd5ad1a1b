//! Text in HTML: what a file says may not act on the page, hide in it, or turn its reading direction.

use super::super::escape::line;

/// Escaped for elements and for attributes in double quotation marks.
pub(super) fn text(untrusted: &str) -> String {
    let mut safe = String::with_capacity(untrusted.len());
    for character in line(untrusted).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(character),
        }
    }
    safe
}

/// The same, apart from the reading direction of what stands around it.
pub(super) fn bdi(untrusted: &str) -> String {
    format!("<bdi>{}</bdi>", text(untrusted))
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_of_a_file_is_markup() {
        assert_eq!(super::text("<script>'\"&\u{202e}\u{1b}[1m"), r"&lt;script&gt;&#39;&quot;&amp;\u{202e}\u{1b}[1m");
    }
}
