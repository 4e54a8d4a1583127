//! Chance that is the same on every machine: keyed ChaCha streams and exact arithmetic only
//! (no logarithms or powers, whose last bit differs between platforms).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The first report year. Answers of later years grow out of those of this year.
pub const BASE_YEAR: i32 = 2025;

/// A stream of chance that belongs to one owner (facility, municipality, prefecture) and one topic.
/// A topic more or less never moves the draws of another.
pub struct Draw(ChaCha8Rng);

impl Draw {
    pub fn new(seed: u64, owner: u64, topic: &str) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&owner.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(fnv1a(topic));
        Self(rng)
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        // The upper 53 bits fill the mantissa exactly.
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `low..high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform in `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    /// Rounds up as often as the fraction says, so that small places keep their expected sum.
    pub fn round(&mut self, expected: f64) -> u32 {
        let whole = expected.floor();
        whole as u32 + u32::from(self.chance(expected - whole))
    }

    /// `count` different indices below `n`, in the order drawn.
    pub fn pick(&mut self, n: usize, count: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..n).collect();
        let count = count.min(n);
        for i in 0..count {
            let j = i + self.below(n - i);
            all.swap(i, j);
        }
        all.truncate(count);
        all
    }
}

/// A position that lasts: drawn once, redrawn in each year after `BASE_YEAR` with probability `redraw`.
pub fn lasting(mut draw: Draw, year: i32, redraw: f64) -> f64 {
    let mut position = draw.unit();
    for _ in BASE_YEAR..year {
        let (again, next) = (draw.unit(), draw.unit());
        if again < redraw {
            position = next;
        }
    }
    position
}

/// Mixes two independent uniforms so that the result leans on `leader` (weight `pull`) and is itself uniform:
/// the weighted sum goes through its own distribution function (a trapezoid). Shares of a table therefore hold.
pub fn blend(leader: f64, own: f64, pull: f64) -> f64 {
    let sum = pull * leader + (1.0 - pull) * own;
    let (short, long) = if pull < 0.5 { (pull, 1.0 - pull) } else { (1.0 - pull, pull) };
    if short <= 0.0 {
        sum
    } else if sum < short {
        sum * sum / (2.0 * short * long)
    } else if sum <= long {
        (sum - short / 2.0) / long
    } else {
        1.0 - (1.0 - sum) * (1.0 - sum) / (2.0 * short * long)
    }
}

/// Straight lines between `(x, y)` knots, flat outside.
pub fn interpolate(knots: &[(f64, f64)], x: f64) -> f64 {
    let Some(&(first_x, first_y)) = knots.first() else { return 0.0 };
    if x <= first_x {
        return first_y;
    }
    for pair in knots.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        if x <= x1 {
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0);
        }
    }
    knots[knots.len() - 1].1
}

/// The value at `position` (0–1) between evenly spaced quantiles (lowest first).
pub fn quantile(values: &[u32], position: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    let place = position * last as f64;
    let i = (place as usize).min(last.saturating_sub(1));
    let (low, high) = (f64::from(values[i]), f64::from(values[(i + 1).min(last)]));
    low + (high - low) * (place - i as f64)
}

/// FNV-1a: a fixed, public hash; the one of the standard library may change with its version.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
