//! An archive of which some entries are replaced, added or removed: edits of its bytes. Every other entry stays as it is, byte for
//! byte, with its header, its extra fields and the lengths behind its data; only the offsets in the directory are new.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read as _, Write as _},
    ops::Range,
};

use flate2::{Compression, write::DeflateEncoder};

use super::{
    Directory, ENCRYPTED, Entry, Extent, UTF8,
    headers::{RECORD64, Sizes, ends, fresh, relocated},
    is_directory,
};
use crate::{
    Error, Format, Result,
    limits::Budget,
    patch::Patch,
    stream::{Source, read_at, read_block},
};

/// Bytes of an entry that are unpacked at a time.
const PIECE: usize = 32 * 1024;
/// Bytes of the content that are replaced; an empty range inserts.
pub(crate) type Edits = Vec<(Range<u64>, Vec<u8>)>;

/// Content as it is stored.
pub(crate) struct Packed {
    sizes: Sizes,
    bytes: Vec<u8>,
}

impl Packed {
    /// New content, compressed or not.
    pub(crate) fn new(content: &[u8], compressed: bool) -> Result<Self> {
        let mut out = Out::new(if compressed { 8 } else { 0 });
        out.write(content)?;
        out.finish()
    }
}

/// What is done to an archive.
#[derive(Default)]
pub(crate) struct Change {
    /// By the index of the entry.
    pub(crate) replaced: BTreeMap<usize, Packed>,
    pub(crate) removed: BTreeSet<usize>,
    pub(crate) added: Vec<(String, Packed)>,
    /// Name and length of an entry that is filled after signing; it is not compressed (C2PA 2.4 §A.6.2.2).
    pub(crate) slot: Option<(&'static str, usize)>,
}

/// Where every entry stands, where the archive can be edited: nothing is encrypted, shared, hidden or said twice.
///
/// # Errors
///
/// [`Error::Malformed`] and [`Error::Unsupported`] with the place of what is in the way.
pub(crate) fn extents(
    directory: &Directory,
    signed: bool,
    source: &mut dyn Source,
    format: Format,
    budget: &mut Budget,
) -> Result<Vec<Extent>> {
    let malformed = |at: u64, why: String| Err(Error::malformed(format, at, why));
    if !directory.alone || directory.entries.iter().any(|entry| entry.disk != 0) {
        return Err(Error::unsupported(format, "the archive is one volume of several: join them first"));
    }
    if directory.count.is_some_and(|count| usize::from(count) != directory.entries.len()) {
        return malformed(directory.record, "the directory holds another number of parts than its end says".into());
    }
    let (end, record) = (directory.end, directory.record);
    let room = directory.wide.map(|wide| (wide, record.saturating_sub(20).saturating_sub(wide)));
    if end != directory.wide.unwrap_or(record) || room.is_some_and(|(_, len)| !RECORD64.contains(&len)) {
        return malformed(end, "there is something between the ZIP directory and its end".into());
    }
    let (mut names, mut found) = (BTreeSet::new(), Vec::new());
    for entry in &directory.entries {
        budget.part()?;
        let at = entry.central.start;
        if entry.flags & ENCRYPTED != 0 {
            let what = format!("{} at byte {} of it is encrypted: save it without a password", entry.name, entry.at);
            return Err(Error::unsupported(format, what));
        }
        if let Some(why) = entry.misnamed() {
            return malformed(at, format!("the name {:?} {why}", entry.name));
        }
        // Names are compared without regard to case by OPC (ISO/IEC 29500-2, 6.3.5), and by many file systems.
        if !names.insert(entry.name.trim_end_matches('/').to_lowercase()) {
            return malformed(at, format!("two parts of the archive are called {}", entry.name));
        }
        match entry.extent(source, format)? {
            Ok(extent) => found.push(extent),
            Err(why) => return malformed(entry.at, format!("{} cannot be read: {why}", entry.name)),
        }
    }
    let mut order: Vec<_> = found.iter().map(|extent| extent.range.clone()).collect();
    order.sort_by_key(|range| range.start);
    order.push(directory.start..directory.start);
    let mut end = 0;
    for range in order {
        if range.start < end {
            return malformed(range.start, "two parts of the archive share bytes".into());
        }
        let gap = end..range.start;
        // What no entry names is hidden from every program: a signature cannot speak of it.
        if signed
            && !gap.is_empty()
            && !is_directory(&read_block(source, format, gap.start, range.start - end, budget)?)
        {
            let why = format!("bytes {} to {} belong to no part of the archive: pack it anew", gap.start, gap.end);
            return malformed(gap.start, why);
        }
        end = range.end;
    }
    Ok(found)
}

impl Entry {
    /// Why no part may be called so.
    fn misnamed(&self) -> Option<&'static str> {
        let name = &self.name;
        if name.starts_with('/') || name.split('/').any(|step| step == "..") || name.contains([':', '\0']) {
            return Some("leads out of the archive");
        }
        if name.contains('\\') || name.is_empty() || name.split('/').any(|step| step == ".") || name.contains("//") {
            return Some("is read differently by different programs");
        }
        if name.contains('\u{fffd}') || !name.is_ascii() && self.flags & UTF8 == 0 {
            return Some("is in an encoding that is not said");
        }
        None
    }

    /// The content with `edits`, which are in order, packed as it was.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] when the content is damaged, [`Error::Limit`] when it unpacks to too much.
    pub(crate) fn edited(
        &self,
        edits: &Edits,
        source: &mut dyn Source,
        format: Format,
        budget: &Budget,
    ) -> Result<Packed> {
        let malformed = |why: &str| Error::malformed(format, self.at, format!("{} cannot be read: {why}", self.name));
        budget.held(self.stored)?;
        let mut content = self.content(source, format)?.map_err(malformed)?;
        let mut out = Out::new(self.method);
        let (mut edits, mut was) = (edits.iter().peekable(), crc32fast::Hasher::new());
        // Where `rest` starts in the content, and what of it is replaced by what was written already.
        let (mut piece, mut at, mut skip) = (vec![0; PIECE], 0_u64, 0_u64);
        loop {
            let len = match content.read(&mut piece) {
                Ok(len) => len,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => return Err(malformed("its compressed data are damaged")),
            };
            let (mut rest, last) = (&piece[..len], len == 0);
            was.update(rest);
            loop {
                let dropped = usize::try_from(skip).unwrap_or(usize::MAX).min(rest.len());
                rest = &rest[dropped..];
                (at, skip) = (at + dropped as u64, skip - dropped as u64);
                let end = at + rest.len() as u64;
                // What is inserted at the very end comes with the last piece, which is empty.
                let due = |range: &Range<u64>| skip == 0 && (range.start < end || last && range.start == end);
                let Some((range, bytes)) = edits.next_if(|(range, _)| due(range)) else { break };
                let before = range.start.checked_sub(at).and_then(|len| usize::try_from(len).ok());
                let before = before.ok_or_else(|| malformed("two edits of it overlap"))?;
                out.write(&rest[..before])?;
                out.write(bytes)?;
                rest = &rest[before..];
                (at, skip) = (range.start, range.end.saturating_sub(range.start));
            }
            out.write(rest)?;
            at += rest.len() as u64;
            budget.held(at)?;
            if last {
                break;
            }
        }
        if edits.next().is_some() || skip > 0 {
            return Err(malformed("it is shorter than it was"));
        }
        if was.finalize() != self.crc {
            return Err(malformed("its checksum does not fit"));
        }
        out.finish()
    }
}

/// Packs what is written.
struct Out {
    sizes: Sizes,
    crc: crc32fast::Hasher,
    plain: Vec<u8>,
    packed: DeflateEncoder<Vec<u8>>,
}

impl Out {
    fn new(method: u16) -> Self {
        let sizes = Sizes { method, crc: 0, stored: 0, unpacked: 0 };
        let packed = DeflateEncoder::new(Vec::new(), Compression::default());
        Self { sizes, crc: crc32fast::Hasher::new(), plain: Vec::new(), packed }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.crc.update(bytes);
        self.sizes.unpacked += bytes.len() as u64;
        match self.sizes.method {
            0 => self.plain.extend_from_slice(bytes),
            _ => self.packed.write_all(bytes)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<Packed> {
        let bytes = if self.sizes.method == 0 { self.plain } else { self.packed.finish()? };
        let sizes = Sizes { crc: self.crc.finalize(), stored: bytes.len() as u64, ..self.sizes };
        Ok(Packed { sizes, bytes })
    }
}

impl Change {
    /// The edits of the archive. `extents` are its entries'.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] when the archive grows over 4 GiB and is not prepared for that.
    pub(crate) fn patch(
        mut self,
        directory: &Directory,
        extents: &[Extent],
        source: &mut dyn Source,
        format: Format,
    ) -> Result<Patch> {
        let mut patch = Patch::default();
        let mut central = Vec::new();
        let bytes = read_at(source, format, directory.start, directory.end - directory.start)?;
        // How far each entry moves is known when all before it are.
        let mut order: Vec<_> = (0..extents.len()).collect();
        order.sort_by_key(|&index| extents[index].range.start);
        let (mut moved, mut places) = (0_i64, vec![0; extents.len()]);
        for index in order {
            let (entry, range) = (&directory.entries[index], &extents[index].range);
            places[index] = range.start.saturating_add_signed(moved);
            let old = i64::try_from(range.end - range.start).unwrap_or(i64::MAX);
            if self.removed.contains(&index) {
                patch.delete(range.clone());
                moved -= old;
            } else if let Some(packed) = self.replaced.get_mut(&index) {
                let header = read_at(source, format, entry.at, extents[index].data.start - entry.at)?;
                let mut new = packed.sizes.local(&header).ok_or_else(|| too_large(format))?;
                new.append(&mut packed.bytes);
                let len = new.len();
                patch.replace(range.clone(), new);
                moved += i64::try_from(len).unwrap_or(i64::MAX) - old;
            }
        }
        let raw = |range: &Range<u64>| {
            let [from, to] =
                [range.start, range.end].map(|at| usize::try_from(at - directory.start).unwrap_or(usize::MAX));
            bytes.get(from..to).unwrap_or_default()
        };
        let mut count = 0_u64;
        for (index, entry) in directory.entries.iter().enumerate() {
            if self.removed.contains(&index) {
                continue;
            }
            let raw = raw(&entry.central);
            let new = match self.replaced.get(&index) {
                Some(packed) => packed.sizes.central(raw, places[index]),
                None => relocated(raw, entry, places[index]),
            };
            central.extend(new.ok_or_else(|| too_large(format))?);
            count += 1;
        }
        let mut at = directory.start.saturating_add_signed(moved);
        for (name, packed) in &self.added {
            let local = packed.sizes.fresh(name).ok_or_else(|| too_large(format))?;
            central.extend(fresh(&local, at).ok_or_else(|| too_large(format))?);
            let local = [local, packed.bytes.clone()].concat();
            (at, count) = (at + local.len() as u64, count + 1);
            patch.insert(directory.start, local);
        }
        let mut behind = Vec::new();
        if let Some((name, len)) = self.slot {
            let header = Sizes { method: 0, crc: 0, stored: len as u64, unpacked: len as u64 }.fresh(name);
            let header = header.ok_or_else(|| too_large(format))?;
            let entry = fresh(&header, at).ok_or_else(|| too_large(format))?;
            patch.insert(directory.start, header[..14].to_vec());
            patch.echo(directory.start, len, Box::new(checksum));
            patch.insert(directory.start, header[18..].to_vec());
            patch.slot(directory.start, len, Box::new(<[u8]>::to_vec));
            // The directory is hashed but for the checksum of the manifest, which is not known before the hash is.
            central.extend_from_slice(&entry[..16]);
            behind = entry[20..].to_vec();
            (at, count) = (at + 30 + (name.len() + len) as u64, count + 1);
        }
        let size = (central.len() + behind.len()) as u64 + if self.slot.is_some() { 4 } else { 0 };
        behind.extend(ends(directory, count, size, at, source, format)?);
        patch.insert(directory.start, central);
        if let Some((_, len)) = self.slot {
            patch.echo(directory.start, len, Box::new(checksum));
        }
        // The comment stays.
        patch.replace(directory.start..directory.record + super::END_LEN, behind);
        Ok(patch)
    }
}

fn checksum(store: &[u8]) -> Vec<u8> {
    crc32fast::hash(store).to_le_bytes().to_vec()
}

fn too_large(format: Format) -> Error {
    Error::unsupported(format, "the archive grows over 4 GiB, or a part of it: pack it anew with ZIP64")
}
