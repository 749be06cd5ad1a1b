//! What the metadata call this very version of the content.

use crate::{
    container::xmp::{decode, parse},
    format::Survey,
    limits::Budget,
};

/// XMP specification part 1, 8.3.
const MEDIA_MANAGEMENT: &str = "http://ns.adobe.com/xap/1.0/mm/";

/// `xmpMM:InstanceID` of the first packet that has one; what cannot be read has none.
pub(crate) fn instance(survey: &Survey, budget: &mut Budget) -> Option<String> {
    survey.xmp.iter().find_map(|block| {
        let text = decode(&block.bytes).ok()?;
        let packet = parse(&text, budget).ok()?;
        let property = packet.properties.iter().find(|property| property.name.is(MEDIA_MANAGEMENT, "InstanceID"))?;
        let id = property.values.first()?.text.trim();
        (!id.is_empty() && id.len() <= 200).then(|| id.to_owned())
    })
}
