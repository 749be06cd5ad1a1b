//! Whether a film is what it was after it was encoded again.

use super::{
    Film,
    probe::{Picture, Stream},
};
use crate::{Error, Result};

/// What is another in the result; what was lost there is an error.
pub(super) fn compare(before: &Film, after: &Film) -> Result<Vec<String>> {
    if let (Ok((_, old)), Ok((_, new))) = (before.main(), after.main())
        && old.codec != new.codec
    {
        let what =
            format!("the encoder makes {}, and the film is {}; name one that makes the same", new.codec, old.codec);
        return Err(Error::unsupported(before.format, what));
    }
    let mut left: Vec<_> = after.streams.iter().collect();
    for stream in before.streams.iter().filter(|stream| before.keeps(stream)) {
        let same = |other: &&Stream| (&other.kind, &other.codec) == (&stream.kind, &stream.codec);
        let Some(at) = left.iter().position(same) else {
            let what =
                format!("ffmpeg lost a stream of it ({}, {}); label it without a banner", stream.kind, stream.codec);
            return Err(Error::unsupported(before.format, what));
        };
        left.remove(at);
    }
    let (Ok((_, old)), Ok((_, new))) = (before.main(), after.main()) else {
        return Err(Error::ReadBack { format: before.format, what: "the film" });
    };
    let (old, new) = (&old.picture, &new.picture);
    let mut remarks = Vec::new();
    let mut differs = |what: &str, old: &str, new: &str| {
        if !old.is_empty() && old != new {
            let now = if new.is_empty() { "not said" } else { new };
            remarks.push(format!("{what} was {old} and is {now} after encoding"));
        }
    };
    differs("the kind of its pixels", &old.pixel_format, &new.pixel_format);
    differs("the range of its values", &old.range, &new.range);
    differs("the matrix of its colours", &old.matrix, &new.matrix);
    differs("the transfer of its colours", &old.transfer, &new.transfer);
    differs("the primaries of its colours", &old.primaries, &new.primaries);
    differs(
        "the mastering display",
        old.mastering.as_deref().unwrap_or_default(),
        new.mastering.as_deref().unwrap_or_default(),
    );
    let light =
        |picture: &Picture| picture.brightest.map(|(pixel, frame)| format!("{pixel}, {frame}")).unwrap_or_default();
    differs("the brightest light", &light(old), &light(new));
    if old.top_first.is_some() && new.top_first != old.top_first {
        remarks.push("the order of its fields changed".into());
    }
    if old.dolby.is_some() {
        remarks.push("its Dolby Vision metadata are gone; what is below them is shown".into());
    }
    if old.turn != 0 {
        remarks.push("its pictures stand upright now, and need not be turned".into());
    }
    Ok(remarks)
}
