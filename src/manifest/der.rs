//! As much DER (ITU-T X.690) as is needed to find the bytes that were signed.

/// The content of the next element, which must be of this kind.
pub(super) fn expect<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, content, _) = element(bytes)?;
    (found == tag).then_some(content)
}

/// Tag, content and whole of the next element.
pub(super) fn element<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8], &'a [u8])> {
    let all = *bytes;
    let (&tag, &first) = (all.first()?, all.get(1)?);
    let (header, len) = match first {
        short @ 0..=0x7F => (2, usize::from(short)),
        long @ 0x81..=0x84 => {
            let digits = all.get(2..2 + usize::from(long & 0x7F))?;
            (
                2 + digits.len(),
                digits.iter().try_fold(0usize, |len, &digit| len.checked_mul(256)?.checked_add(digit.into()))?,
            )
        }
        _ => return None,
    };
    let end = len.checked_add(header)?;
    let (element, rest) = all.split_at_checked(end)?;
    *bytes = rest;
    Some((tag, &element[header..], element))
}
