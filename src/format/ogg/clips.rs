//! Tells our clips by their packets: Opus is not decoded here.

use super::opus::{RATE, Stream, packets_of, samples};
use crate::{
    Format, Result,
    container::ogg::page,
    limits::Budget,
    notice::{
        Hit,
        speech::{Codec, RHYTHM, SPOKEN},
    },
    stream::{Source, read_at},
};

/// Seconds that are searched at the start.
const SEARCHED: u64 = 15;

/// The clips at the start, in order.
pub(super) fn heard(source: &mut dyn Source, stream: &Stream, budget: &mut Budget) -> Result<Vec<Hit>> {
    let mut packets = Vec::new();
    let (mut at, mut passed) = (stream.sound.start, 0);
    while passed < SEARCHED * u64::from(RATE)
        && at < stream.sound.end
        && let Some(page) = page(source, Format::Ogg, at, budget)?
    {
        // A packet that goes on is of no clip of ours.
        let body = read_at(source, Format::Ogg, page.body.start, page.body.end - page.body.start)?;
        let mut from = 0;
        for &len in &page.packets {
            let to = from + usize::try_from(len).unwrap_or(0);
            let packet = body.get(from..to).unwrap_or_default().to_vec();
            from = to;
            passed += samples(&packet);
            packets.push(packet);
        }
        at = page.range.end;
    }
    let mut hits = Vec::new();
    let (mut index, mut position) = (0, 0);
    while index < packets.len() {
        let found = SPOKEN.iter().chain([&RHYTHM]).find_map(|clip| {
            let own = packets_of(clip.coded(Codec::Opus, RATE)?);
            let there = packets.get(index..index + own.len())?;
            there.iter().zip(&own).all(|(there, own)| there == own).then_some((clip, own))
        });
        let Some((clip, own)) = found else {
            position += samples(&packets[index]);
            index += 1;
            continue;
        };
        let len: u64 = own.iter().map(|packet| samples(packet)).sum();
        let ms = |samples: u64| samples.saturating_sub(stream.unheard.into()) * 1000 / u64::from(RATE);
        hits.push(Hit { span: ms(position)..ms(position + len), says: clip.says(), words: clip.words(), score: 1.0 });
        position += len;
        index += own.len();
    }
    Ok(hits)
}
