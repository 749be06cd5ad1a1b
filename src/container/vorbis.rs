//! Comments as Vorbis defines them ("Vorbis I specification", 5); FLAC, Opus, Speex and Theora have the same.

use crate::stream::le_u32;

/// One comment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Comment<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: &'a [u8],
    /// Where the value starts in the block.
    pub(crate) at: usize,
}

/// The comments of a block, and whether it was read to its end: its counts may lie.
pub(crate) fn comments(block: &[u8]) -> (Vec<Comment<'_>>, bool) {
    let mut found = Vec::new();
    let whole = walk(block, &mut found).is_some();
    (found, whole)
}

fn walk<'a>(block: &'a [u8], found: &mut Vec<Comment<'a>>) -> Option<()> {
    let mut at = 0;
    // The name of the encoder's library: no comment.
    field(block, &mut at)?;
    let count = le_u32(block, at)?;
    at += 4;
    for _ in 0..count {
        let comment = field(block, &mut at)?;
        let Some(equals) = memchr::memchr(b'=', comment) else { continue };
        let Ok(key) = std::str::from_utf8(&comment[..equals]) else { continue };
        let value = &comment[equals + 1..];
        found.push(Comment { key, value, at: at - value.len() });
    }
    Some(())
}

/// The block without the comments whose key `drops`, and with `added` behind the others, which stay as they are. `None` where
/// its counts lie: then nothing can be put in without losing what it says.
pub(crate) fn edited(block: &[u8], drops: impl Fn(&str) -> bool, added: &[(&str, String)]) -> Option<Vec<u8>> {
    let (mut at, mut kept) = (0, Vec::new());
    let vendor = field(block, &mut at)?;
    let count = le_u32(block, at)?;
    at += 4;
    for _ in 0..count {
        let comment = field(block, &mut at)?;
        let key = memchr::memchr(b'=', comment).and_then(|equals| std::str::from_utf8(&comment[..equals]).ok());
        if !key.is_some_and(&drops) {
            kept.push(comment);
        }
    }
    // Vorbis ends with a framing bit, and anybody may pad.
    written(vendor, &kept, added).map(|made| [made.as_slice(), block.get(at..).unwrap_or_default()].concat())
}

/// A block with these comments alone.
pub(crate) fn block(vendor: &str, comments: &[(&str, String)]) -> Option<Vec<u8>> {
    written(vendor.as_bytes(), &[], comments)
}

fn written(vendor: &[u8], kept: &[&[u8]], added: &[(&str, String)]) -> Option<Vec<u8>> {
    let added: Vec<_> = added.iter().map(|(key, text)| format!("{}={text}", key.to_ascii_uppercase())).collect();
    let mut block = Vec::new();
    let mut put = |bytes: &[u8]| {
        block.extend(u32::try_from(bytes.len()).ok()?.to_le_bytes());
        block.extend_from_slice(bytes);
        Some(())
    };
    put(vendor)?;
    let mut list = Vec::new();
    for comment in kept.iter().copied().chain(added.iter().map(String::as_bytes)) {
        list.extend(u32::try_from(comment.len()).ok()?.to_le_bytes());
        list.extend_from_slice(comment);
    }
    block.extend(u32::try_from(kept.len() + added.len()).ok()?.to_le_bytes());
    block.extend(list);
    Some(block)
}

/// A length and as many bytes.
fn field<'a>(block: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    let len = usize::try_from(le_u32(block, *at)?).ok()?;
    let start = *at + 4;
    let end = start.checked_add(len)?;
    let bytes = block.get(start..end)?;
    *at = end;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(count: u32, comments: &[&str]) -> Vec<u8> {
        let field = |text: &str| [&u32::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes()].concat();
        let fields: Vec<u8> = comments.iter().flat_map(|text| field(text)).collect();
        [field("libFoo"), count.to_le_bytes().to_vec(), fields].concat()
    }

    #[test]
    fn comments_are_put_in_and_those_of_others_stay() {
        let old = [block(3, &["TITLE=a=b", "no value", "aisystemused=old"]), vec![1]].concat();
        let drops = |key: &str| key.eq_ignore_ascii_case("AISystemUsed");
        let made = edited(&old, drops, &[("AISystemUsed", "new".into())]).unwrap();
        assert_eq!(made, [block(3, &["TITLE=a=b", "no value", "AISYSTEMUSED=new"]), vec![1]].concat());
        assert_eq!(edited(&block(4, &["A=1"]), drops, &[]), None);
    }

    #[test]
    fn comments_are_read_and_counts_that_lie_noticed() {
        let bytes = block(3, &["TITLE=a=b", "no value", "AIGC={}"]);
        let (found, whole) = comments(&bytes);
        assert_eq!(
            found.iter().map(|it| (it.key, it.value)).collect::<Vec<_>>(),
            [("TITLE", &b"a=b"[..]), ("AIGC", b"{}")]
        );
        assert!(whole && &bytes[found[1].at..] == b"{}");
        let bytes = block(u32::MAX, &["A=1"]);
        let (found, whole) = comments(&bytes);
        assert!(found.len() == 1 && !whole);
        let mut long = block(1, &["A=1"]);
        long[10..14].fill(0xFF);
        assert!(!comments(&long).1 && !comments(b"").1);
    }
}
