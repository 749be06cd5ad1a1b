//! Which frames of an animation can keep their rectangle when a notice is drawn into it.

use crate::geometry::Rect;

/// What happens to a frame's rectangle before the next frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dispose {
    Keep,
    /// Cleared to transparent.
    Clear,
    /// As it was before the frame.
    Restore,
}

/// What a handler does with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Its own pixels, with what of the notice falls on them.
    Draw,
    /// Replaced by the whole composed picture, with the notice.
    Compose,
}

/// The least that makes the whole notice stand in every composed frame: a frame keeps its pixels where it covers the notice,
/// or where the notice still stands from earlier frames. `resyncs` tells whether frames after a composed one may follow the
/// original again as soon as the screen is the same.
pub(super) fn plan(frames: impl Iterator<Item = (Rect, Dispose)>, notice: Rect, resyncs: bool) -> Vec<Act> {
    // Whether the whole notice stands on the screen, and whether the screen is the original's elsewhere.
    let (mut standing, mut in_step) = (false, true);
    let act = |(i, (rect, dispose)): (usize, (Rect, Dispose))| {
        // Before the first frame there is nothing to restore.
        let dispose = if i == 0 && dispose == Dispose::Restore { Dispose::Clear } else { dispose };
        if !in_step || !(standing || covers(rect, notice)) {
            (standing, in_step) = (true, resyncs && dispose == Dispose::Keep);
            return Act::Compose;
        }
        standing = match dispose {
            Dispose::Keep => true,
            Dispose::Clear => !intersects(rect, notice),
            Dispose::Restore => standing,
        };
        Act::Draw
    };
    frames.enumerate().map(act).collect()
}

pub(super) fn intersects(a: Rect, b: Rect) -> bool {
    let ((a_right, a_bottom), (b_right, b_bottom)) = (corner(a), corner(b));
    u64::from(a.x) < b_right && u64::from(b.x) < a_right && u64::from(a.y) < b_bottom && u64::from(b.y) < a_bottom
}

fn covers(rect: Rect, inner: Rect) -> bool {
    let ((outer_right, outer_bottom), (right, bottom)) = (corner(rect), corner(inner));
    rect.x <= inner.x && rect.y <= inner.y && outer_right >= right && outer_bottom >= bottom
}

fn corner(rect: Rect) -> (u64, u64) {
    (u64::from(rect.x) + u64::from(rect.width), u64::from(rect.y) + u64::from(rect.height))
}

/// Truncations, flipped bits, and lengths set to extremes: the same cases on every run.
#[cfg(test)]
pub(super) fn mutations(seeds: &[Vec<u8>], extremes: &[u8]) -> Vec<Vec<u8>> {
    let mut cases = Vec::new();
    for seed in seeds {
        let step = (seed.len() / 150).max(1);
        cases.extend((0..seed.len()).step_by(step).map(|end| seed[..end].to_vec()));
        for at in (0..seed.len().min(400)).chain((400..seed.len()).step_by(step)) {
            let with = |value: u8| {
                let mut case = seed.clone();
                case[at] = value;
                case
            };
            let flips = [1, 1 << (at % 8), 0x80].map(|bit| seed[at] ^ bit);
            cases.extend(flips.into_iter().chain([0, 255]).chain(extremes.iter().copied()).map(with));
        }
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_composed_exactly_where_the_notice_would_be_missing() {
        let rect = |x, y, width, height| Rect { x, y, width, height };
        let (whole, notice) = (rect(0, 0, 100, 100), rect(60, 2, 38, 10));
        let (beside, across) = (rect(0, 50, 50, 50), rect(50, 0, 20, 20));
        let plan = |frames: &[(Rect, Dispose)], resyncs| plan(frames.iter().copied(), notice, resyncs);
        use {Act::*, Dispose::*};
        assert_eq!(plan(&[(whole, Keep), (across, Restore), (beside, Clear), (across, Keep)], true), [Draw; 4]);
        assert_eq!(plan(&[(whole, Clear), (whole, Clear)], true), [Draw, Draw]);
        assert_eq!(plan(&[(whole, Restore), (beside, Keep), (beside, Keep)], true), [Draw, Compose, Draw]);
        assert_eq!(
            plan(&[(whole, Keep), (across, Clear), (beside, Keep), (beside, Keep)], false),
            [Draw, Draw, Compose, Compose]
        );
        assert_eq!(plan(&[(beside, Keep), (whole, Clear), (beside, Clear)], true), [Compose, Draw, Compose]);
    }
}
