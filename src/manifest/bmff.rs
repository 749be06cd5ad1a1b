//! The box that carries a manifest in ISO BMFF: C2PA 2.4 §A.5.

/// The extended type of the box.
pub(super) const UUID: [u8; 16] =
    [0xD8, 0xFE, 0xC3, 0xD6, 0x1B, 0x0E, 0x48, 0x3C, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7E, 0xC4, 0x81];

/// Boxes beside the manifest's that c2pa-rs leaves out of the hash by default: none of them shows anything.
pub(super) const LEFT_OUT: &[&str] = &["/ftyp", "/mfra", "/free", "/skip"];

/// The header of a manifest box `len` bytes long: enough for a walk over the boxes to recognise it.
pub(super) fn slot_header(len: u64) -> Vec<u8> {
    let mut header = Vec::with_capacity(32);
    match u32::try_from(len) {
        Ok(len) => {
            header.extend(len.to_be_bytes());
            header.extend(b"uuid");
        }
        Err(_) => {
            header.extend(1u32.to_be_bytes());
            header.extend(b"uuid");
            header.extend(len.to_be_bytes());
        }
    }
    header.extend(UUID);
    header
}
