//! Exact intervals, funnel limits and shrunken shares: closed forms, a second road, and how often they hold in a simulation.

use kyogi::aggregate::comparison::{self, Home, Levels, Local, Strength, exact_interval, funnel_limits, shrunk};
use kyogi::commands::sample::dice::Draw;
use kyogi::facts::areas;
use kyogi::facts::council::Council;
use kyogi::facts::reference::Reference;
use kyogi::ground::artefact::Table;
use special::Beta;

const LEVEL: f64 = 0.95;

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// P(X ≤ x) added up term by term.
fn at_most(x: u32, n: u32, p: f64) -> f64 {
    if p > 0.5 {
        // from the other side, where the terms are not too small to be numbers
        return if x >= n { 1.0 } else { 1.0 - at_most(n - x - 1, n, 1.0 - p) };
    }
    let mut term = (1.0 - p).powi(n as i32);
    let mut sum = 0.0;
    for k in 0..=x {
        sum += term;
        term *= f64::from(n - k) / f64::from(k + 1) * p / (1.0 - p);
    }
    sum
}

#[test]
fn exact_intervals_in_closed_form() {
    for n in [1_u32, 5, 20, 137] {
        let end = kyogi::ground::maths::pow(0.025, 1.0 / f64::from(n));
        assert!(near(exact_interval(0, n, LEVEL).0, 0.0) && near(exact_interval(0, n, LEVEL).1, 1.0 - end), "none of {n}");
        assert!(near(exact_interval(n, n, LEVEL).0, end) && near(exact_interval(n, n, LEVEL).1, 1.0), "all of {n}");
        for x in 1..n {
            // at the ends of the interval the count is just as rare as the tail allows
            let (low, high) = exact_interval(x, n, LEVEL);
            assert!((1.0 - at_most(x - 1, n, low) - 0.025).abs() < 1e-7, "{x} of {n}: {low}");
            assert!((at_most(x, n, high) - 0.025).abs() < 1e-7, "{x} of {n}: {high}");
            let (mirror_low, mirror_high) = exact_interval(n - x, n, LEVEL);
            assert!((low + mirror_high - 1.0).abs() < 1e-7 && (high + mirror_low - 1.0).abs() < 1e-7);
        }
    }
    // 5 of 10, as in every textbook
    let (low, high) = exact_interval(5, 10, LEVEL);
    assert!((low - 0.1871).abs() < 5e-5 && (high - 0.8129).abs() < 5e-5);
}

#[test]
fn funnel_limits_by_two_roads() {
    for (n, p) in [(1_u32, 0.5), (7, 0.03), (12, 0.41), (40, 0.9), (137, 0.57)] {
        for level in [0.95, 0.998] {
            let (low, high) = funnel_limits(p, n, level);
            let tail = (1.0 - level) / 2.0;
            let inside: Vec<u32> = (0..=n).filter(|&x| at_most(x, n, p) > tail && (x == 0 || 1.0 - at_most(x - 1, n, p) > tail)).collect();
            assert_eq!((inside.first(), inside.last()), (Some(&low), Some(&high)), "{n} facilities, share {p}");
            // the same question asked the other way round: is the prefecture's share inside the area's interval?
            for x in 0..=n {
                let (a, b) = exact_interval(x, n, level);
                assert_eq!((low..=high).contains(&x), a < p && p < b, "{x} of {n} at {p}");
            }
        }
    }
    let (narrow, wide) = (funnel_limits(0.57, 137, 0.95), funnel_limits(0.57, 137, 0.998));
    assert!(wide.0 < narrow.0 && narrow.1 < wide.1);
}

/// A count of `n` with chance `p`.
fn binomial(draw: &mut Draw, n: u32, p: f64) -> u32 {
    (0..n).filter(|_| draw.chance(p)).count() as u32
}

/// A share drawn from a beta distribution.
fn beta(a: f64, b: f64, draw: &mut Draw) -> f64 {
    draw.between(1e-6, 1.0 - 1e-6).inv_inc_beta(a, b, a.ln_beta(b))
}

#[test]
fn exact_intervals_hold_at_least_as_often_as_they_say() {
    let mut draw = Draw::new(1, 31, "exact intervals");
    for (n, p) in [(5_u32, 0.1), (12, 0.5), (30, 0.93), (137, 0.57)] {
        let rounds = 2_000;
        let held = (0..rounds)
            .filter(|_| {
                let (low, high) = exact_interval(binomial(&mut draw, n, p), n, LEVEL);
                low <= p && p <= high
            })
            .count();
        // three standard errors of a share of 0.95 in 2,000 rounds
        assert!(held as f64 / f64::from(rounds) > LEVEL - 0.0147, "{n} facilities, share {p}: {held}");
    }
}

/// Municipalities scattered around their areas: the shrunken interval holds the truth on average as often as it says, and the shrunken share is closer.
#[test]
fn shrunken_shares_hold_on_average() {
    let mut draw = Draw::new(1, 31, "shrunken shares");
    let means = [0.35, 0.5, 0.62];
    for strength in [8.0, 30.0, 200.0] {
        let (mut held, mut all, mut raw_error, mut drawn_error) = (0, 0, 0.0, 0.0);
        for _ in 0..150 {
            let mut towns: Vec<(usize, f64, u32, u32)> = Vec::new();
            for (area, mean) in means.iter().enumerate() {
                for _ in 0..7 {
                    let truth = beta(mean * strength, (1.0 - mean) * strength, &mut draw);
                    let n = 3 + draw.below(40) as u32;
                    towns.push((area, truth, binomial(&mut draw, n, truth), n));
                }
            }
            let home = |area: usize| {
                let inside = || towns.iter().filter(|t| t.0 == area);
                Home { x: inside().map(|t| t.2).sum(), n: inside().map(|t| t.3).sum(), squares: inside().map(|t| f64::from(t.3).powi(2)).sum() }
            };
            let locals: Vec<Local> = towns.iter().map(|t| Local { x: t.2, n: t.3, home: home(t.0) }).collect();
            let k = Strength::of(&locals);
            for (local, town) in locals.iter().zip(&towns) {
                let (share, (low, high)) = shrunk(*local, &k, LEVEL);
                assert!(low <= share && share <= high);
                held += usize::from(low <= town.1 && town.1 <= high);
                all += 1;
                raw_error += (f64::from(town.2) / f64::from(town.3) - town.1).powi(2);
                drawn_error += (share - town.1).powi(2);
            }
        }
        let share = f64::from(held as u32) / f64::from(all);
        eprintln!(
            "strength {strength}: held {share:.3}, error {:.4} raw, {:.4} drawn",
            (raw_error / f64::from(all)).sqrt(),
            (drawn_error / f64::from(all)).sqrt()
        );
        assert!((0.93..0.99).contains(&share), "strength {strength}: {share}");
        assert!(drawn_error < raw_error, "strength {strength}");
    }
}

#[test]
fn the_strength_of_an_area_is_found_again() {
    let mut draw = Draw::new(2, 31, "strength");
    let home = Home { x: 4_000, n: 10_000, squares: 250_000.0 };
    let found: Vec<f64> = [5.0, 50.0]
        .map(|strength: f64| {
            let locals: Vec<Local> = (0..400)
                .map(|_| {
                    let truth = beta(0.4 * strength, 0.6 * strength, &mut draw);
                    Local { x: binomial(&mut draw, 25, truth), n: 25, home }
                })
                .collect();
            Strength::of(&locals).centre()
        })
        .into();
    assert!((3.5..7.0).contains(&found[0]) && (30.0..90.0).contains(&found[1]), "{found:?}");
    // no spread beyond chance: the municipalities are held to their area
    let same: Vec<Local> = (0..50).map(|_| Local { x: 10, n: 25, home }).collect();
    assert!(Strength::of(&same).centre() > 200.0);
    // nobody to learn from: at 30 facilities as likely free as held
    let unknown = Strength::of(&[]).centre();
    assert!((25.0..40.0).contains(&unknown), "{unknown}");
}

/// Who is silent keeps an area from being called different: both ends count.
#[test]
fn silence_is_never_taken_for_a_difference() {
    let reference = Reference::load("31").expect("reference");
    let areas = areas::all(&reference, &Council::default());
    let status = |low: i64, silent: i64| {
        let text = format!(
            "level,area_code,function_code,facilities_expected,facilities_reported,positive_literal,silent,share_low\n\
             prefecture,31,g2a,400,380,200,20,0.5\n\
             medical_area,3101,g2a,140,140,60,0,0.43\n\
             municipality,31201,g2a,60,{},{low},{silent},{}\n\
             municipality,31202,g2a,4,4,4,0,\n",
            60 - silent,
            low as f64 / 60.0
        );
        let table = Table::from_csv("agg_status", &text).expect("a table");
        comparison::compare(&table, &areas, &Levels { narrow: 0.95, wide: 0.998 }).unwrap_or_else(|e| panic!("{e}"))
    };
    assert!(!status(12, 0).iter().any(|c| c.area_code == "31202"), "four facilities have a count and no share");
    let town = |low, silent| status(low, silent).into_iter().find(|c| c.area_code == "31201").expect("鳥取市");
    assert_eq!(town(12, 0).verdict(), "below");
    assert_eq!(town(12, 25).verdict(), "not_distinguishable", "25 silent facilities may have it");
    assert_eq!(town(30, 0).verdict(), "not_distinguishable");
    assert_eq!(town(55, 0).verdict(), "above");
    let few = town(12, 25);
    let shrunk = few.shrunk.expect("lies in one medical area");
    assert!(few.exact.0 < few.share().0 && few.share().1 < few.exact.1);
    assert!(shrunk.1.0 < shrunk.0.0 && shrunk.0.0 < shrunk.0.1 && shrunk.0.1 < shrunk.1.1);
    let whole = status(12, 0).into_iter().find(|c| c.level == "prefecture").expect("prefecture");
    assert!(whole.funnel.is_none() && whole.verdict().is_empty(), "the prefecture is not compared with itself");
}
