//! XMP packets: ISO 16684-1, IPTC Photo Metadata 2025.1. (interface; the body is being written)

use super::Record;
use crate::{Result, limits::Budget};

/// `existing` with our properties, exactly one of each; every foreign property is kept. Without `existing`, a new packet.
/// The result is UTF-8 with an `<?xpacket?>` wrapper and without padding.
pub(crate) fn merge(_existing: Option<&[u8]>, _record: &Record, _budget: &mut Budget) -> Result<Vec<u8>> {
    unimplemented!()
}
