//! Serialises boxes.

use super::meta::{Item, LocationForm};

/// A box: size, type, body. Bodies stand in memory, so 32 bits of size are enough below 4 GiB; above, the long form.
pub(crate) fn sized(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 16);
    match u32::try_from(body.len() + 8) {
        Ok(len) => {
            out.extend_from_slice(&len.to_be_bytes());
            out.extend_from_slice(kind);
        }
        Err(_) => {
            out.extend_from_slice(&1_u32.to_be_bytes());
            out.extend_from_slice(kind);
            out.extend_from_slice(&(body.len() as u64 + 16).to_be_bytes());
        }
    }
    out.extend_from_slice(body);
    out
}

/// A box with version and flags.
pub(super) fn full(kind: &[u8; 4], version: u8, flags: u32, body: &[u8]) -> Vec<u8> {
    let word = u32::from(version) << 24 | (flags & 0xFF_FFFF);
    sized(kind, &[&word.to_be_bytes(), body].concat())
}

/// An identifier of 32 or of 16 bits; the caller has checked that it fits.
pub(super) fn id(out: &mut Vec<u8>, id: u32, long: bool) {
    if long { out.extend_from_slice(&id.to_be_bytes()) } else { out.extend_from_slice(&id.to_be_bytes()[2..]) }
}

/// `infe`, version 2 or 3: 14496-12, 8.11.6.
pub(super) fn info(number: u32, kind: &[u8; 4], content_type: Option<&str>) -> Vec<u8> {
    let long = number > 0xFFFF;
    let mut body = Vec::new();
    id(&mut body, number, long);
    body.extend_from_slice(&[0, 0]);
    body.extend_from_slice(kind);
    body.push(0);
    if let Some(content_type) = content_type {
        body.extend_from_slice(content_type.as_bytes());
        // The end of the type, and an empty encoding.
        body.extend_from_slice(&[0, 0]);
    }
    full(b"infe", if long { 3 } else { 2 }, 0, &body)
}

/// `iloc`: 14496-12, 8.11.3. Offsets are absolute, without a base. `wide`: 64-bit offsets.
pub(super) fn locations(items: &[Item], form: LocationForm, wide: bool) -> Vec<u8> {
    let located: Vec<_> = items.iter().filter_map(|item| Some((item.id, item.location.as_ref()?))).collect();
    let long = form.version == 2 || located.iter().any(|(id, _)| *id > 0xFFFF);
    let version = if long { 2 } else { form.version };
    let size: u8 = if wide { 8 } else { 4 };
    let sized = |out: &mut Vec<u8>, value: u64, size: u8| {
        out.extend_from_slice(&value.to_be_bytes()[8 - usize::from(size)..]);
    };
    let mut body = vec![size << 4 | size, if version > 0 { form.index_size } else { 0 }];
    // The counts came from fields of the same width, or were checked by the editor.
    id(&mut body, located.len() as u32, long);
    for (number, location) in located {
        id(&mut body, number, long);
        if version > 0 {
            body.extend_from_slice(&u16::from(location.method).to_be_bytes());
        }
        body.extend_from_slice(&location.data_reference.to_be_bytes());
        body.extend_from_slice(&(location.extents.len() as u16).to_be_bytes());
        for extent in &location.extents {
            if version > 0 {
                sized(&mut body, extent.index, form.index_size);
            }
            sized(&mut body, extent.offset, size);
            sized(&mut body, extent.len, size);
        }
    }
    full(b"iloc", version, 0, &body)
}

/// `ipma`: 14496-12, 8.11.14. One box for all items, sorted by identifier as the standard asks.
pub(super) fn associations(items: &[Item]) -> Vec<u8> {
    let mut items: Vec<_> = items.iter().filter(|item| !item.properties.is_empty()).collect();
    items.sort_by_key(|item| item.id);
    let long = items.iter().any(|item| item.id > 0xFFFF);
    let wide = items.iter().flat_map(|item| &item.properties).any(|(number, _)| *number > 0x7F);
    let mut body = (items.len() as u32).to_be_bytes().to_vec();
    for item in items {
        id(&mut body, item.id, long);
        body.push(item.properties.len().min(255) as u8);
        for &(number, essential) in item.properties.iter().take(255) {
            if wide {
                body.extend_from_slice(&(number | u16::from(essential) << 15).to_be_bytes());
            } else {
                body.push(number as u8 | u8::from(essential) << 7);
            }
        }
    }
    full(b"ipma", u8::from(long), u32::from(wide), &body)
}
