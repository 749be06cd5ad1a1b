//! What of a signed text other programs would change without anybody seeing it: then its manifest no longer fits.

use std::ops::Range;

use crate::{container::invisible::shows_nothing, nfc};

/// Characters of a text, counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fragile {
    /// Those that form KC replaces: ligatures, wide letters, raised digits, blanks that do not break.
    pub(super) compatible: usize,
    /// Those that show nothing of their own, where they belong to what is written: joiners, selectors behind emoji, marks of direction.
    pub(super) unseen: usize,
}

/// Counts them in all of a text but what carries its manifest.
pub(super) fn fragile(text: &str, carrier: &Range<usize>) -> Fragile {
    let parts = [text.get(..carrier.start), text.get(carrier.end..)];
    let mut found = Fragile::default();
    // Neither kind is in ASCII, nor in Cyrillic.
    let may = |character: &char| *character >= '\u{a0}' && !('\u{400}'..='\u{52f}').contains(character);
    for character in parts.into_iter().flatten().flat_map(str::chars).filter(may) {
        if shows_nothing(character) {
            found.unseen += 1;
        } else if nfc::is_compatible(character) {
            found.compatible += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_counted_and_what_does_not_is_not() {
        for (text, compatible, unseen) in [
            ("Plain words, Жел қарай соқты, 漢字, 한국어, école", 0, 0),
            // A letter and its mark are one letter in form C as in form KC.
            ("e\u{301}cole", 0, 0),
            ("ﬁne ½ ² ﾊ Ｗ №", 6, 0),
            ("10\u{a0}km", 1, 0),
            ("👩\u{200d}👧 ☝\u{fe0f}", 0, 2),
            ("می\u{200c}خواهم", 0, 1),
            ("葛\u{e0100}", 0, 1),
            ("\u{feff}a\u{ad}b\u{200e}", 0, 3),
        ] {
            assert_eq!(fragile(text, &(0..0)), Fragile { compatible, unseen }, "{text}");
            // The wrapper itself is not counted.
            let whole = format!("{text}\u{feff}\u{e0133}\u{fe00}");
            assert_eq!(fragile(&whole, &(text.len()..whole.len())), Fragile { compatible, unseen }, "{text}");
        }
    }
}
