//! The five filters: PNG third edition, clause 9.

use std::ops::Range;

/// Reverses a filter (9.2) in place; `false` for an unknown one. `distance` is the number of bytes of a whole pixel, 1 for
/// smaller ones.
pub(super) fn unfilter(filter: u8, row: &mut [u8], above: &[u8], distance: usize) -> bool {
    // With the number of bytes known, a pixel stays in registers.
    match distance {
        1 => unfilter_by::<1>(filter, row, above),
        2 => unfilter_by::<2>(filter, row, above),
        3 => unfilter_by::<3>(filter, row, above),
        4 => unfilter_by::<4>(filter, row, above),
        6 => unfilter_by::<6>(filter, row, above),
        8 => unfilter_by::<8>(filter, row, above),
        _ => false,
    }
}

fn unfilter_by<const N: usize>(filter: u8, row: &mut [u8], above: &[u8]) -> bool {
    let (mut left, mut corner) = ([0; N], [0; N]);
    let pixels = row.as_chunks_mut::<N>().0.iter_mut();
    match filter {
        0 => {}
        1 => pixels.for_each(|pixel| {
            (0..N).for_each(|i| pixel[i] = pixel[i].wrapping_add(left[i]));
            left = *pixel;
        }),
        2 => row.iter_mut().zip(above).for_each(|(value, above)| *value = value.wrapping_add(*above)),
        3 => pixels.zip(above.as_chunks::<N>().0).for_each(|(pixel, above)| {
            (0..N).for_each(|i| pixel[i] = pixel[i].wrapping_add(left[i].midpoint(above[i])));
            left = *pixel;
        }),
        4 => pixels.zip(above.as_chunks::<N>().0).for_each(|(pixel, above)| {
            (0..N).for_each(|i| pixel[i] = pixel[i].wrapping_add(paeth(left[i], above[i], corner[i])));
            (left, corner) = (*pixel, *above);
        }),
        _ => return false,
    }
    true
}

/// Filters the bytes of `range`: reads `row` and the one above, writes `to`, all from the same byte of the row on.
pub(super) fn filter(filter: u8, row: &[u8], above: &[u8], distance: usize, range: Range<usize>, to: &mut [u8]) {
    let start = range.start.max(distance).min(range.end);
    // 9.2: what lies left of the first pixel is 0.
    for i in range.start..start {
        to[i] = row[i].wrapping_sub(match filter {
            2 | 4 => above[i],
            3 => above[i] / 2,
            _ => 0,
        });
    }
    if start == range.end {
        return;
    }
    let before = start - distance..range.end - distance;
    let (to, row, left) = (&mut to[start..range.end], &row[start..range.end], &row[before.clone()]);
    let (above, corner) = (&above[start..range.end], &above[before]);
    let pairs = to.iter_mut().zip(row);
    match filter {
        1 => pairs.zip(left).for_each(|((to, value), left)| *to = value.wrapping_sub(*left)),
        2 => pairs.zip(above).for_each(|((to, value), above)| *to = value.wrapping_sub(*above)),
        3 => pairs
            .zip(left.iter().zip(above))
            .for_each(|((to, value), (left, above))| *to = value.wrapping_sub(left.midpoint(*above))),
        4 => pairs
            .zip(left.iter().zip(above).zip(corner))
            .for_each(|((to, value), ((left, above), corner))| *to = value.wrapping_sub(paeth(*left, *above, *corner))),
        _ => to.copy_from_slice(row),
    }
}

/// 9.4 without branches: the one of the three that is next to left + above - corner, which is the smaller or the larger
/// neighbour where the corner lies outside, far enough, and the corner otherwise.
#[inline(always)]
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(above), i16::from(corner));
    let (low, high) = (a.min(b), a.max(b));
    let turn = 3 * c - (a + b);
    let inner = if high <= turn { low } else { c };
    (if turn <= low { high } else { inner }) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paeth_is_that_of_the_standard_for_every_triple() {
        for (a, b, c) in (0..=255u8).flat_map(|a| (0..=255u8).flat_map(move |b| (0..=255u8).map(move |c| (a, b, c)))) {
            let estimate = i16::from(a) + i16::from(b) - i16::from(c);
            let far = |value: u8| (estimate - i16::from(value)).abs();
            let expected = if far(a) <= far(b) && far(a) <= far(c) {
                a
            } else if far(b) <= far(c) {
                b
            } else {
                c
            };
            assert_eq!(paeth(a, b, c), expected, "{a} {b} {c}");
        }
    }

    #[test]
    fn a_filter_is_reversed_and_its_parts_are_those_of_the_whole() {
        let byte = |i: usize| (i * i * 7 % 251) as u8;
        for distance in [1, 2, 3, 4, 6, 8] {
            let row: Vec<u8> = (0..48).map(byte).collect();
            let above: Vec<u8> = (100..148).map(byte).collect();
            for kind in 0..5 {
                let mut filtered = vec![0; 48];
                filter(kind, &row, &above, distance, 0..48, &mut filtered);
                let mut parts = vec![0; 48];
                [0..1, 1..5, 5..5, 5..30, 30..48]
                    .into_iter()
                    .for_each(|range| filter(kind, &row, &above, distance, range, &mut parts));
                assert_eq!(parts, filtered);
                assert!(unfilter(kind, &mut filtered, &above, distance));
                assert_eq!(filtered, row, "filter {kind}, distance {distance}");
            }
        }
        assert!(!unfilter(5, &mut [0], &[0], 1));
    }
}
