//! Rows that are measured in one interleaved run, by processor time, that of child processes counted: medians as ratios to the first.

use std::time::Instant;

/// Name, calls in a round (the system counts hundredths of a second), and the call.
pub type Row<'a> = (&'static str, usize, Box<dyn Fn() + 'a>);

/// Medians of the seconds of each row's call. Every round runs every row, in rotated order; the first round fills caches.
/// `TANBA_ROUNDS` changes how many there are.
pub fn medians(rows: &[Row], rounds: usize) -> Vec<f64> {
    let rounds = std::env::var("TANBA_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(rounds);
    let mut times = vec![Vec::new(); rows.len()];
    for round in 0..=rounds {
        for step in 0..rows.len() {
            let row = (step + round) % rows.len();
            let (_, calls, run) = &rows[row];
            let start = now();
            (0..*calls).for_each(|_| run());
            if round > 0 {
                times[row].push((now() - start) / *calls as f64);
            }
        }
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    times.into_iter().map(median).collect()
}

/// Processor time of this process and of the children that it waited for, in seconds, on Linux; the clock elsewhere.
fn now() -> f64 {
    thread_local!(static START: Instant = Instant::now());
    // proc(5): fields 14 to 17, in clock ticks, of which there are 100 in a second. The second field ends with the last bracket.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().skip(11).take(4));
    let ticks = fields.and_then(|fields| fields.map(|field| field.parse::<f64>().ok()).sum::<Option<f64>>());
    ticks.filter(|&ticks| ticks > 0.0).map_or_else(|| START.with(|start| start.elapsed().as_secs_f64()), |t| t / 100.0)
}
