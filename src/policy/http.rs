//! A disclosure in the head of an HTTP response. Pure: no client, no server.

use super::{Disclosure, Extent};
use crate::{Error, Result};

impl Disclosure {
    /// The value of the response header `AI-Disclosure` (draft-abaris-aicdh): a dictionary of RFC 9651 with the mode, and the system
    /// and its provider where it is named.
    ///
    /// The draft's own example has semicolons between the members; a dictionary has commas (RFC 9651, 3.2), which are written here.
    ///
    /// ```
    /// let disclosure = tanba::Disclosure::generated("Acme Chat").system_version("3").provider("Acme LLP");
    /// let value = disclosure.http_header();
    /// assert_eq!(value, r#"mode=ai-originated, model="Acme Chat 3", provider="Acme LLP""#);
    /// ```
    pub fn http_header(&self) -> String {
        let mode = match self.extent {
            Extent::Generated => "ai-originated",
            Extent::Modified => "ai-modified",
        };
        let model = match &self.system_version {
            Some(version) => format!("{} {version}", self.system),
            None => self.system.clone(),
        };
        let members = [("model", Some(model.as_str())), ("provider", self.provider.as_deref())];
        let members = members.into_iter().filter_map(|(key, value)| Some((key, value?.trim())));
        let members =
            members.filter(|(_, value)| !value.is_empty()).map(|(key, value)| format!(", {key}={}", string(value)));
        format!("mode={mode}{}", members.collect::<String>())
    }

    /// The value of the response header `Link` that says where the manifest of a response stands (C2PA 2.4 §11.4): `url` may be
    /// absolute or relative.
    ///
    /// ```
    /// let value = tanba::Disclosure::http_link("/answers/42.c2pa")?;
    /// assert_eq!(value, r#"</answers/42.c2pa>; rel="c2pa-manifest""#);
    /// # Ok::<(), tanba::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when `url` is empty, or holds what no address holds: blanks, line ends, brackets, other signs than ASCII.
    pub fn http_link(url: &str) -> Result<String> {
        // RFC 3986, 2: what is none of these is percent-encoded.
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
        if url.is_empty() || !url.bytes().all(legal) {
            let why = format!("{url:?} is no address; percent-encode what is no sign of one");
            return Err(Error::Argument { argument: "url", why });
        }
        Ok(format!("<{url}>; rel=\"c2pa-manifest\""))
    }
}

/// A string of RFC 9651, 3.3.3, or a display string (3.3.8) where it has other signs than printable ASCII.
fn string(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let escaped = text.bytes().map(|byte| match byte {
        b'%' | b'"' | ..0x20 | 0x7f.. => format!("%{byte:02x}"),
        byte => char::from(byte).to_string(),
    });
    format!("%\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_string() {
        let disclosure = Disclosure::modified("A\"\\b\r\nSet-Cookie: x").provider("ТОО «Ақ»");
        let value = disclosure.http_header();
        assert!(value.is_ascii() && !value.contains(['\r', '\n']), "{value}");
        assert!(
            value.starts_with("mode=ai-modified, model=%\"A%22\\b%0d%0aSet-Cookie: x\", provider=%\"%d0%a2"),
            "{value}"
        );
        assert_eq!(string("a\"b\\"), "\"a\\\"b\\\\\"");
        assert_eq!(Disclosure::generated("").http_header(), "mode=ai-originated");
    }

    #[test]
    fn an_address_leaves_no_brackets() {
        for wrong in ["", "a b", "a>; rel=x", "a\r\nb", "ә", "a\"b"] {
            assert!(Disclosure::http_link(wrong).is_err(), "{wrong}");
        }
        assert!(Disclosure::http_link("https://a.example/%D3%99?x=1#y").is_ok());
    }
}
