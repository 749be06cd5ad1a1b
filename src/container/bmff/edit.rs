//! Edits of a file of items: what changes, and every offset that shifts because of it.

use std::{collections::BTreeMap, ops::Range};

use super::{
    C2PA_UUID, Layout, SizeField, XMP_UUID, boxes,
    meta::{Extent, Item, Location, Meta, Reference},
    write,
};
use crate::{
    Error, Result,
    limits::Budget,
    patch::Patch,
    stream::{Source, be_u32, be_u64, read_block},
};

/// The C2PA box with a store in it: C2PA 2.4, A.5.1. No Merkle box follows, so its offset is 0.
pub(crate) fn store_box(store: &[u8]) -> Vec<u8> {
    write::sized(b"uuid", &[&C2PA_UUID[..], &[0; 4], b"manifest\0", &[0; 8], store].concat())
}

/// Collects edits; [`finish`](Self::finish) makes the patch.
pub(crate) struct Editor<'a> {
    layout: &'a Layout,
    patch: Patch,
    /// The `meta` box as it shall be.
    meta: Option<Meta>,
    /// New bytes of items, by identifier.
    data: BTreeMap<u32, Vec<u8>>,
    /// Entries added to `iinf`.
    infos: Vec<Vec<u8>>,
    /// References added to `iref`.
    references: Vec<Reference>,
    /// New bytes of properties: whole boxes, by number; numbers past the old ones are added.
    properties: BTreeMap<u16, Vec<u8>>,
    /// Whether properties were taken away.
    reassociated: bool,
    /// Boxes added at the end of the file.
    tail: Vec<u8>,
    /// A `uuid` box with XMP that is replaced as a whole.
    replaced: Option<Range<u64>>,
    /// Whether the `meta` box changes in more than its offsets.
    changed: bool,
}

impl<'a> Editor<'a> {
    pub(crate) fn new(layout: &'a Layout) -> Self {
        Self {
            layout,
            patch: Patch::default(),
            meta: layout.meta.clone(),
            data: BTreeMap::new(),
            infos: Vec::new(),
            references: Vec::new(),
            properties: BTreeMap::new(),
            reassociated: false,
            tail: Vec::new(),
            replaced: None,
            changed: false,
        }
    }

    /// Makes room for a C2PA box, and removes those that are there.
    pub(crate) fn store(&mut self, store_len: Option<usize>) -> Result<()> {
        // First: an edit at the same place as the slot has to be written after it.
        if let Some(len) = store_len {
            self.patch.slot(self.layout.store_place()?, len, Box::new(store_box));
        }
        for head in self.layout.boxes.iter().filter(|head| head.uuid == Some(C2PA_UUID)) {
            self.patch.delete(head.range.clone());
        }
        Ok(())
    }

    /// Replaces the XMP packet in the `uuid` box at `range`, or adds such a box at the end of the file.
    pub(crate) fn xmp_box(&mut self, range: Option<Range<u64>>, packet: &[u8]) {
        let bytes = write::sized(b"uuid", &[&XMP_UUID[..], packet].concat());
        match range {
            Some(range) => {
                self.patch.replace(range.clone(), bytes);
                self.replaced = Some(range);
            }
            None => self.tail.extend_from_slice(&bytes),
        }
    }

    /// Gives an item other bytes.
    pub(crate) fn set_data(&mut self, id: u32, data: Vec<u8>) {
        self.data.insert(id, data);
        self.changed = true;
    }

    /// Adds an item that describes the primary item.
    pub(crate) fn describe_primary(&mut self, kind: &[u8; 4], content_type: Option<&str>, data: Vec<u8>) -> Result<()> {
        let unsupported = |what: &str| Error::unsupported(self.layout.format, what);
        let meta = self.meta.as_mut().ok_or_else(|| unsupported("there is no 'meta' box to add an item to"))?;
        let primary = meta.primary.ok_or_else(|| unsupported("no primary item: nothing to describe"))?;
        // A gap below 65,536 where the highest identifier is taken: short identifiers suit every reader.
        let next = meta.items.iter().map(|item| item.id).max().unwrap_or(0).max(primary).checked_add(1);
        let id = match next.filter(|id| *id <= 0xFFFF) {
            Some(id) => id,
            None => (1..=0xFFFF).find(|id| meta.item(*id).is_none()).ok_or_else(|| unsupported("too many items"))?,
        };
        meta.entry(id).kind = *kind;
        self.infos.push(write::info(id, kind, content_type));
        self.references.push(Reference { kind: *b"cdsc", from: id, to: vec![primary] });
        self.set_data(id, data);
        Ok(())
    }

    /// Gives the items `ids` another property instead of number `old`, a whole box; others that share it keep it.
    pub(crate) fn set_property(&mut self, ids: &[u32], old: u16, bytes: Vec<u8>) {
        let Some(meta) = self.meta.as_mut() else { return };
        self.changed = true;
        let has = |item: &Item| item.properties.iter().any(|(number, _)| *number == old);
        if meta.items.iter().all(|item| !has(item) || ids.contains(&item.id)) {
            self.properties.insert(old, bytes);
            return;
        }
        let first = meta.properties.len() + 1;
        let new = u16::try_from(first + self.properties.range(first as u16..).count()).unwrap_or(old);
        self.properties.insert(new, bytes);
        for item in meta.items.iter_mut().filter(|item| ids.contains(&item.id)) {
            for (number, _) in item.properties.iter_mut().filter(|(number, _)| *number == old) {
                *number = new;
            }
        }
    }

    /// Takes the properties of this kind from an item.
    pub(crate) fn drop_property(&mut self, id: u32, kind: &[u8; 4]) {
        let Some(meta) = self.meta.as_mut() else { return };
        let numbers: Vec<u16> =
            (1_u16..).zip(&meta.properties).filter(|(_, part)| &part.kind == kind).map(|it| it.0).collect();
        let item = meta.entry(id);
        let before = item.properties.len();
        item.properties.retain(|(number, _)| !numbers.contains(number));
        self.reassociated |= item.properties.len() != before;
        self.changed |= self.reassociated;
    }

    /// The patch, all offsets put right.
    pub(crate) fn finish(mut self, source: &mut dyn Source, budget: &mut Budget) -> Result<Patch> {
        let appended = self.place_data(budget)?;
        self.fix_box_sizes()?;
        if !self.tail.is_empty() || !appended.is_empty() {
            self.close_last_box()?;
        }
        if let Some(meta) = self.meta.take() {
            self.rewrite_meta(meta, &appended)?;
        }
        self.fix_tracks(source, budget)?;
        let mut tail = std::mem::take(&mut self.tail);
        if !appended.is_empty() {
            let bytes: Vec<u8> = appended.iter().flat_map(|(_, data)| data.iter().copied()).collect();
            // `rewrite_meta` counts on this order: the data first, behind a header of eight bytes.
            tail.splice(0..0, write::sized(b"mdat", &bytes));
        }
        if !tail.is_empty() {
            self.patch.insert(self.layout.len, tail);
        }
        Ok(self.patch)
    }

    /// Puts new data where the old was, if nothing else uses those bytes; returns what goes to the end of the file.
    fn place_data(&mut self, budget: &mut Budget) -> Result<Vec<(u32, Vec<u8>)>> {
        let mut appended = Vec::new();
        let Some(meta) = self.meta.as_mut() else { return Ok(appended) };
        for (id, data) in std::mem::take(&mut self.data) {
            let old = meta.item(id).and_then(|item| item.location.clone()).unwrap_or_default();
            let in_file = old.method == 0 && old.data_reference == 0 && !old.extents.is_empty();
            let ranges: Vec<_> = old.extents.iter().map(|extent| extent.offset..extent.offset + extent.len).collect();
            let mut alone = in_file && ranges.iter().all(|range| within_mdat(self.layout, range));
            for item in &meta.items {
                for extent in item.location.iter().filter(|place| place.method == 0).flat_map(|place| &place.extents) {
                    budget.part()?;
                    let taken = extent.offset..extent.offset + extent.len;
                    let same = item.id == id;
                    let clash =
                        ranges.iter().filter(|range| range.start < taken.end && taken.start < range.end).count();
                    alone &= clash <= usize::from(same);
                }
            }
            let mut extent = Extent { index: 0, offset: 0, len: data.len() as u64 };
            if alone && let Some(first) = ranges.first() {
                extent.offset = first.start;
                self.patch.replace(first.clone(), data);
                for range in &ranges[1..] {
                    self.patch.delete(range.clone());
                }
            } else {
                if old.method == 1 {
                    blank_idat(meta, &old);
                }
                appended.push((id, data));
            }
            meta.entry(id).location = Some(Location { method: 0, data_reference: 0, extents: vec![extent] });
        }
        Ok(appended)
    }

    /// Top-level boxes whose content grew or shrank state it.
    fn fix_box_sizes(&mut self) -> Result<()> {
        for head in self.layout.boxes.iter().filter(|head| head.is(b"mdat")) {
            let grown = self.patch.growth_before(head.range.end) - self.patch.growth_before(head.body.start);
            if grown == 0 {
                continue;
            }
            let len = (head.range.end - head.range.start).saturating_add_signed(grown);
            match head.size {
                SizeField::ToEnd => {}
                SizeField::Short => {
                    let len = u32::try_from(len).map_err(|_| self.too_large())?;
                    self.patch.replace(head.range.start..head.range.start + 4, len.to_be_bytes().to_vec());
                }
                SizeField::Long => {
                    self.patch.replace(head.range.start + 8..head.range.start + 16, len.to_be_bytes().to_vec());
                }
            }
        }
        Ok(())
    }

    /// A box that reaches to the end of the file gets a size, so that another may follow it.
    fn close_last_box(&mut self) -> Result<()> {
        let Some(head) = self.layout.boxes.last().filter(|head| head.size == SizeField::ToEnd) else { return Ok(()) };
        if head.uuid == Some(C2PA_UUID) || self.replaced.as_ref() == Some(&head.range) {
            return Ok(());
        }
        if head.is(b"meta") {
            // Written anew, with its size.
            self.changed = true;
            return Ok(());
        }
        let grown = self.patch.growth_before(head.range.end) - self.patch.growth_before(head.body.start);
        let len = (head.range.end - head.range.start).saturating_add_signed(grown);
        let len = u32::try_from(len).map_err(|_| self.too_large())?;
        self.patch.replace(head.range.start..head.range.start + 4, len.to_be_bytes().to_vec());
        Ok(())
    }

    fn rewrite_meta(&mut self, mut meta: Meta, appended: &[(u32, Vec<u8>)]) -> Result<()> {
        let untouched = !self.changed && self.patch.growth() == 0;
        if untouched || meta.part(b"iloc").is_none() && appended.is_empty() && !self.changed {
            return Ok(());
        }
        let end = self.layout.len.saturating_add_signed(self.patch.growth().max(0));
        let more = appended.iter().map(|(_, data)| data.len() as u64).sum::<u64>() + meta.bytes.len() as u64;
        let mut extents = meta.items.iter().filter_map(|item| item.location.as_ref()).flat_map(|it| &it.extents);
        let wide = extents.any(|extent| extent.offset.max(extent.len) > u64::from(u32::MAX))
            || end + 2 * more + (64 << 10) > u64::from(u32::MAX);
        let old_len = meta.range.end - meta.range.start;
        // The length does not depend on the offsets, so a first serialisation tells how far what follows shifts.
        let grown = self.serialise(&meta, wide)?.len() as i64 - old_len as i64;
        let base = |place: u64, patch: &Patch| {
            let moved = patch.growth_before(place) + if meta.range.start < place { grown } else { 0 };
            place.saturating_add_signed(moved)
        };
        let mut tail = base(self.layout.len, &self.patch) + 8;
        let mut moved: Vec<_> = meta.items.iter().map(|item| item.location.clone()).collect();
        for (item, location) in meta.items.iter().zip(&mut moved) {
            let Some(location) = location.as_mut().filter(|it| it.method == 0 && it.data_reference == 0) else {
                continue;
            };
            if appended.iter().any(|(id, _)| *id == item.id) {
                continue;
            }
            for extent in &mut location.extents {
                extent.offset = base(extent.offset, &self.patch);
            }
        }
        for (id, data) in appended {
            let place = meta.items.iter().zip(&mut moved).find(|(item, _)| item.id == *id);
            if let Some(extent) = place.and_then(|(_, location)| location.as_mut()?.extents.first_mut()) {
                extent.offset = tail;
            }
            tail += data.len() as u64;
        }
        for (item, location) in meta.items.iter_mut().zip(moved) {
            item.location = location;
        }
        let bytes = self.serialise(&meta, wide)?;
        self.patch.replace(meta.range.clone(), bytes);
        Ok(())
    }

    /// The whole `meta` box.
    fn serialise(&self, meta: &Meta, wide: bool) -> Result<Vec<u8>> {
        let mut body = meta.bytes.get(..4).unwrap_or(&[0; 4]).to_vec();
        let located = meta.items.iter().any(|item| item.location.is_some());
        let referenced = !self.references.is_empty();
        let has = |kind: &[u8; 4]| meta.part(kind).is_some();
        for part in &meta.parts {
            let old = meta.bytes.get(part.range.clone()).unwrap_or_default();
            match &part.kind {
                b"iloc" => body.extend(write::locations(&meta.items, meta.location, wide)),
                b"iinf" if !self.infos.is_empty() => body.extend(self.infos_box(meta, part.body.clone())?),
                b"iref" if referenced => body.extend(self.references_box(meta)),
                b"iprp" if self.reassociated || !self.properties.is_empty() => body.extend(self.properties_box(meta)),
                _ => body.extend_from_slice(old),
            }
        }
        if located && !has(b"iloc") {
            body.extend(write::locations(&meta.items, meta.location, wide));
        }
        if referenced && !has(b"iref") {
            body.extend(self.references_box(meta));
        }
        if !self.infos.is_empty() && !has(b"iinf") {
            return Err(Error::malformed(self.layout.format, meta.range.start, "'meta' has no 'iinf' box"));
        }
        Ok(write::sized(b"meta", &body))
    }

    fn infos_box(&self, meta: &Meta, old: Range<usize>) -> Result<Vec<u8>> {
        let old = meta.bytes.get(old).unwrap_or_default();
        let version = old.first().copied().unwrap_or_default();
        let (count, start) = if version == 0 {
            (old.get(4..6).map_or(0, |count| u32::from(u16::from_be_bytes([count[0], count[1]]))), 6)
        } else {
            (be_u32(old, 4).unwrap_or_default(), 8)
        };
        let count = count.saturating_add(self.infos.len() as u32);
        if version == 0 && count > 0xFFFF {
            return Err(Error::unsupported(self.layout.format, "too many items to add one"));
        }
        let mut body = Vec::new();
        write::id(&mut body, count, version > 0);
        body.extend_from_slice(old.get(start..).unwrap_or_default());
        self.infos.iter().for_each(|info| body.extend_from_slice(info));
        Ok(write::full(b"iinf", version, 0, &body))
    }

    fn references_box(&self, meta: &Meta) -> Vec<u8> {
        let all = || meta.references.iter().chain(&self.references);
        let long = all().any(|found| found.from > 0xFFFF || found.to.iter().any(|id| *id > 0xFFFF));
        let mut body = Vec::new();
        for found in all() {
            let mut entry = Vec::new();
            write::id(&mut entry, found.from, long);
            entry.extend_from_slice(&(found.to.len() as u16).to_be_bytes());
            found.to.iter().for_each(|id| write::id(&mut entry, *id, long));
            body.extend(write::sized(&found.kind, &entry));
        }
        write::full(b"iref", u8::from(long), 0, &body)
    }

    fn properties_box(&self, meta: &Meta) -> Vec<u8> {
        let mut all = Vec::new();
        for (number, part) in (1_u16..).zip(&meta.properties) {
            match self.properties.get(&number) {
                Some(new) => all.extend_from_slice(new),
                None => all.extend_from_slice(meta.bytes.get(part.range.clone()).unwrap_or_default()),
            }
        }
        let old = meta.properties.len();
        let added = self.properties.iter().filter(|(number, _)| usize::from(**number) > old);
        added.for_each(|(_, bytes)| all.extend_from_slice(bytes));
        write::sized(b"iprp", &[write::sized(b"ipco", &all), write::associations(&meta.items)].concat())
    }

    /// Chunk offsets of image sequences.
    fn fix_tracks(&mut self, source: &mut dyn Source, budget: &mut Budget) -> Result<()> {
        if self.patch.growth() == 0 && self.tail.is_empty() {
            return Ok(());
        }
        let format = self.layout.format;
        if self.layout.boxes.iter().any(|head| head.is(b"moof")) {
            return Err(Error::unsupported(
                format,
                "fragmented files cannot be labelled; write the file in one piece first",
            ));
        }
        for moov in self.layout.boxes.iter().filter(|head| head.is(b"moov")) {
            let mut open = vec![(moov.body.clone(), 1)];
            while let Some((range, depth)) = open.pop() {
                for head in boxes(source, format, range, depth, budget)? {
                    match &head.kind {
                        b"trak" | b"mdia" | b"minf" | b"stbl" => open.push((head.body.clone(), depth + 1)),
                        b"stco" | b"co64" => {
                            let wide = head.is(b"co64");
                            let len = head.body.end - head.body.start;
                            let mut body = read_block(source, format, head.body.start, len, budget)?;
                            self.shift_chunks(&mut body, wide, budget)?;
                            self.patch.replace(head.body.clone(), body);
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn shift_chunks(&self, body: &mut [u8], wide: bool, budget: &mut Budget) -> Result<()> {
        let count = be_u32(body, 4).and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
        let size = if wide { 8 } else { 4 };
        let entries = body.get_mut(8..).unwrap_or_default();
        for entry in entries.chunks_exact_mut(size).take(count) {
            budget.part()?;
            let old = if wide { be_u64(entry, 0) } else { be_u32(entry, 0).map(u64::from) }.unwrap_or_default();
            let new = old.saturating_add_signed(self.patch.growth_before(old));
            if wide {
                entry.copy_from_slice(&new.to_be_bytes());
            } else {
                entry.copy_from_slice(&u32::try_from(new).map_err(|_| self.too_large())?.to_be_bytes());
            }
        }
        Ok(())
    }

    fn too_large(&self) -> Error {
        Error::unsupported(self.layout.format, "the label would make the file larger than its 32-bit offsets can say")
    }
}

/// Whether nothing but media data is there.
fn within_mdat(layout: &Layout, range: &Range<u64>) -> bool {
    let mut heads = layout.boxes.iter().filter(|head| head.is(b"mdat"));
    heads.any(|head| head.body.start <= range.start && range.end <= head.body.end)
}

/// Zeros the bytes of an item that has moved out of `idat`: nobody shall find the old ones.
fn blank_idat(meta: &mut Meta, old: &Location) {
    let shared = |a: &Extent, b: &Extent| a.offset < b.offset.saturating_add(b.len) && b.offset < a.offset + a.len;
    let others = meta.items.iter().filter_map(|item| item.location.as_ref()).filter(|place| place.method == 1);
    let users = others.filter(|place| place.extents.iter().any(|a| old.extents.iter().any(|b| shared(b, a)))).count();
    let Some(part) = meta.part(b"idat").cloned().filter(|_| users <= 1) else { return };
    let Some(idat) = meta.bytes.get_mut(part.body) else { return };
    for extent in &old.extents {
        let start = usize::try_from(extent.offset).unwrap_or(usize::MAX);
        let end = usize::try_from(extent.offset.saturating_add(extent.len)).unwrap_or(usize::MAX);
        if let Some(bytes) = idat.get_mut(start..end) {
            bytes.fill(0);
        }
    }
}
