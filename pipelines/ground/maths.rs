//! Functions of numbers that give the same bits on every system.
//!
//! Rust's `f64::ln`, `exp`, `powf`, `sin` and their kin call the C library of the system, and those libraries differ in the last digits: a packet
//! made on Windows would not be the one made on Linux. `clippy.toml` therefore bars them; these stand in their place. Sums, products, quotients,
//! `sqrt` and rounding are exact by IEEE 754 and need no stand-in.

pub use libm::{cos, exp, log as ln, log10, pow, sin};

/// Length of the hypotenuse over the legs `x` and `y`.
pub fn hypot(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}
