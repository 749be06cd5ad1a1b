//! Sentences that several commands say.

use std::io;

/// An I/O error without Rust's "(os error 2)".
pub(super) fn io(error: &io::Error) -> String {
    let words = error.to_string();
    match words.split_once(" (os error") {
        Some((before, _)) => before.to_owned(),
        None => words,
    }
}

/// The library speaks to programmers: here its advice names options of the command, and nothing shows Rust's insides.
pub(super) fn plain(words: &str) -> String {
    const ADVICE: [(&str, &str); 6] = [
        ("cannot be decrypted: wrong password?", "cannot be decrypted; the password may be wrong"),
        ("; raise it in `Limits` if the file is trusted", ""),
        ("give its password, `Signer::from_encrypted_pem`", "give its password with --password-file"),
        ("as `NoticeStyle::font`", "with --font"),
        ("or allow overwriting", "or use --force"),
        ("or label without a record", "or use --no-record"),
    ];
    // What follows these is the debugging output of a library below, up to the end or to the bracket around it.
    const INSIDES: [(&str, &str); 3] = [
        ("missing section end marker: ", "the line that begins with `-----END` is missing"),
        ("illegal section start: ", "a line that begins with `-----BEGIN` is not whole"),
        ("base64 decode error: ", "what stands between its first and last line is not base64"),
    ];
    const REFUSED: &str = "the chain is refused: ";
    let mut words = words.to_owned();
    for (from, to) in ADVICE {
        words = words.replace(from, to);
    }
    for (from, to) in INSIDES {
        if let Some(at) = words.find(from) {
            words.replace_range(at.., to);
        }
    }
    if let Some(at) = words.find(REFUSED) {
        let (before, name) = words.split_at(at + REFUSED.len());
        let end = name.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(name.len());
        let closing = if before.contains('(') { ")" } else { "" };
        words = format!("{before}{}{closing}", spaced(&name[..end]));
    }
    words
}

/// `UnsupportedCriticalExtension` → `unsupported critical extension`.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_rust_reaches_a_user() {
        let table = [
            (
                "the PEM of certificate 1 is broken: missing section end marker: [45, 45, 45]",
                "the PEM of certificate 1 is broken: the line that begins with `-----END` is missing",
            ),
            (
                "no trust list vouches for it (the chain is refused: UnsupportedCriticalExtension)",
                "no trust list vouches for it (the chain is refused: unsupported critical extension)",
            ),
            (
                "the chain is refused: RequiredEkuNotFoundContext(RequiredEkuNotFoundContext { required: 1 })",
                "the chain is refused: required eku not found context",
            ),
            ("x is 5, over the limit of 4; raise it in `Limits` if the file is trusted", "x is 5, over the limit of 4"),
            (
                "out.png: the file exists; give another name or allow overwriting",
                "out.png: the file exists; give another name or use --force",
            ),
        ];
        for (from, to) in table {
            assert_eq!(plain(from), to);
        }
    }
}
