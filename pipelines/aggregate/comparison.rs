//! Shares of areas side by side without ranks: exact intervals, exact funnel limits, and shares drawn towards the secondary medical area.
//!
//! Chance is that of a binomial count; who is silent is no chance, so every figure is made for both ends and the wider one is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, UInt64Array};
use arrow::compute::{concat, take};
use special::Beta;

use crate::facts::areas::Area;
use crate::facts::rules::Rules;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::Result;
use crate::ground::maths::{exp, ln, pow};

/// Two-sided levels of intervals and limits, as shares (0.95, 0.998).
#[derive(Clone, Copy, Debug)]
pub struct Levels {
    pub narrow: f64,
    pub wide: f64,
}

impl Levels {
    pub fn of(rules: &Rules) -> Result<Self> {
        Ok(Self { narrow: rules.value("compare_level")? / 100.0, wide: rules.value("compare_level_wide")? / 100.0 })
    }
}

/// Both ends of a share, 0 to 1.
pub type Range = (f64, f64);

/// The share below which a beta distribution of `a` and `b` has the weight `tail`.
fn beta_quantile(a: f64, b: f64, tail: f64) -> f64 {
    tail.inv_inc_beta(a, b, a.ln_beta(b))
}

fn square(x: f64) -> f64 {
    x * x
}

/// The exact (Clopper–Pearson) interval of `x` of `n`, two-sided at `level`.
pub fn exact_interval(x: u32, n: u32, level: f64) -> Range {
    let tail = (1.0 - level) / 2.0;
    let (k, m) = (f64::from(x), f64::from(n));
    let low = if x == 0 { 0.0 } else { beta_quantile(k, m - k + 1.0, tail) };
    let high = if x >= n { 1.0 } else { beta_quantile(k + 1.0, m - k, 1.0 - tail) };
    (low, high)
}

/// P(X ≤ x) of a binomial count.
fn at_most(x: u32, n: u32, p: f64) -> f64 {
    if x >= n || p <= 0.0 {
        1.0
    } else if p >= 1.0 {
        0.0
    } else {
        let (a, b) = (f64::from(n - x), f64::from(x) + 1.0);
        (1.0 - p).inc_beta(a, b, a.ln_beta(b))
    }
}

/// The smallest and largest count of `n` that cannot be told from the share `p`: both one-sided probabilities are above the tail.
pub fn funnel_limits(p: f64, n: u32, level: f64) -> (u32, u32) {
    let tail = (1.0 - level) / 2.0;
    let first = |test: &dyn Fn(u32) -> bool| {
        let (mut low, mut high) = (0, n);
        while low < high {
            let middle = low + (high - low) / 2;
            if test(middle) { high = middle } else { low = middle + 1 }
        }
        low
    };
    // P(X ≥ x) = 1 − P(X ≤ x − 1) falls with x: the last x above the tail is the first whose successor is not
    (first(&|x| at_most(x, n, p) > tail), first(&|x| x == n || 1.0 - at_most(x, n, p) <= tail))
}

/// A secondary medical area as the home of its municipalities.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    pub x: u32,
    pub n: u32,
    /// Sum of the squares of the municipalities' facilities: how unevenly they make up the area.
    pub squares: f64,
}

impl Home {
    /// The share of the area, kept off 0 and 1, where nothing could differ from it.
    pub fn mean(&self) -> f64 {
        (f64::from(self.x) + 0.5) / (f64::from(self.n) + 1.0)
    }

    /// Variance of that share where municipalities scatter with concentration `k`.
    fn variance(&self, k: f64) -> f64 {
        let (n, mean) = (f64::from(self.n.max(1)), self.mean());
        mean * (1.0 - mean) * (1.0 / n + (self.squares - n).max(0.0) / (n * n * (k + 1.0)))
    }
}

/// A count of a municipality and its home.
#[derive(Clone, Copy, Debug)]
pub struct Local {
    pub x: u32,
    pub n: u32,
    pub home: Home,
}

/// How strongly municipalities keep to the share of their area: concentrations of a beta-binomial with their weights.
pub struct Strength(Vec<(f64, f64)>);

impl Strength {
    /// Weights on an even grid of logarithms from 1 (free) to 10,000 (all spread is chance).
    ///
    /// Every degree of drawing is as likely as another before the municipalities are seen; then counts their likelihood, less what the shares of
    /// their areas took from the same counts.
    pub fn of(locals: &[Local]) -> Self {
        const STEPS: i32 = 32;
        let mut homes: Vec<Home> = locals.iter().map(|l| l.home).collect();
        homes.sort_by(|a, b| (a.x, a.n).cmp(&(b.x, b.n)).then(a.squares.total_cmp(&b.squares)));
        homes.dedup_by(|a, b| (a.x, a.n) == (b.x, b.n) && a.squares == b.squares);
        let usual = if locals.is_empty() { 30.0 } else { locals.iter().map(|l| f64::from(l.n)).sum::<f64>() / locals.len() as f64 };
        let log_weight = |k: f64| -> f64 {
            let counts = locals.iter().map(|l| {
                let (a, b) = (l.home.mean() * k, (1.0 - l.home.mean()) * k);
                (f64::from(l.x) + a).ln_beta(f64::from(l.n - l.x) + b) - a.ln_beta(b)
            });
            let shares = homes.iter().map(|h| ln(h.variance(k)) / 2.0);
            ln(k * usual / square(usual + k)) + counts.sum::<f64>() + shares.sum::<f64>()
        };
        let grid: Vec<(f64, f64)> = (0..=STEPS).map(|i| pow(10.0, 4.0 * f64::from(i) / f64::from(STEPS))).map(|k| (k, log_weight(k))).collect();
        let best = grid.iter().map(|g| g.1).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = grid.iter().map(|g| exp(g.1 - best)).sum();
        Self(grid.into_iter().map(|(k, log)| (k, exp(log - best) / total)).collect())
    }

    /// The middle of the weights, on the logarithm.
    pub fn centre(&self) -> f64 {
        exp(self.0.iter().map(|(k, w)| w * ln(*k)).sum::<f64>())
    }
}

/// A share drawn towards that of its area, and the interval around it.
///
/// Mean and variance are taken over the weights and over the area's own share; the interval is that of the beta distribution with both.
pub fn shrunk(local: Local, strength: &Strength, level: f64) -> (f64, Range) {
    let (x, n) = (f64::from(local.x), f64::from(local.n));
    let (mut mean, mut second) = (0.0, 0.0);
    for &(k, weight) in &strength.0 {
        let m = (x + local.home.mean() * k) / (n + k);
        let v = m * (1.0 - m) / (n + k + 1.0) + square(k / (n + k)) * local.home.variance(k);
        mean += weight * m;
        second += weight * (v + m * m);
    }
    // never wider than knowing nothing
    let size = (mean * (1.0 - mean) / (second - mean * mean).max(1e-12) - 1.0).max(0.5);
    let (a, b) = (mean * size, (1.0 - mean) * size);
    let tail = (1.0 - level) / 2.0;
    (mean, (beta_quantile(a, b, tail), beta_quantile(a, b, 1.0 - tail)))
}

/// One area and function beside the prefecture and its secondary medical area. Shares 0 to 1.
#[derive(Clone, Debug)]
pub struct Compared {
    pub level: String,
    pub area_code: String,
    pub function_code: String,
    pub expected: u32,
    pub reported: u32,
    /// Facilities with the function: reported, and with all who are silent.
    pub count: (u32, u32),
    pub exact: Range,
    /// Outside it a share differs from the prefecture's by more than chance; the prefecture itself has none.
    pub funnel: Option<(Range, Range)>,
    /// Drawn towards the secondary medical area, and its interval; only for a municipality or 協議区域 that lies in one.
    pub shrunk: Option<(Range, Range)>,
}

impl Compared {
    pub fn share(&self) -> Range {
        (f64::from(self.count.0) / f64::from(self.expected), f64::from(self.count.1) / f64::from(self.expected))
    }

    /// `above` or `below` only where no answer of the silent could bring the share back; else `not_distinguishable`. Empty for the prefecture.
    pub fn verdict(&self) -> &'static str {
        let Some((narrow, _)) = self.funnel else { return "" };
        let share = self.share();
        if share.0 > narrow.1 {
            "above"
        } else if share.1 < narrow.0 {
            "below"
        } else {
            "not_distinguishable"
        }
    }
}

struct Count {
    level: String,
    area_code: String,
    expected: u32,
    reported: u32,
    low: u32,
    high: u32,
    /// Few facilities have a count and no share, so there is nothing to compare.
    has_share: bool,
}

fn counts(status: &Table) -> Result<BTreeMap<String, Vec<Count>>> {
    let mut by_function: BTreeMap<String, Vec<Count>> = BTreeMap::new();
    for i in 0..status.len() {
        let int = |name: &str| status.int(i, name).map(|n| u32::try_from(n.unwrap_or(0)).unwrap_or(0));
        let low = int("positive_literal")?;
        by_function.entry(status.text(i, "function_code")?.to_owned()).or_default().push(Count {
            level: status.text(i, "level")?.to_owned(),
            area_code: status.text(i, "area_code")?.to_owned(),
            expected: int("facilities_expected")?,
            reported: int("facilities_reported")?,
            low,
            high: low + int("silent")?,
            has_share: status.number(i, "share_low")?.is_some(),
        });
    }
    Ok(by_function)
}

/// Compares the shares of `agg_status`, for areas that have one.
pub fn compare(status: &Table, areas: &[Area], levels: &Levels) -> Result<Vec<Compared>> {
    let mut all = Vec::new();
    for (function_code, counts) in counts(status)? {
        let home = |c: &Count| -> Option<&Count> {
            let area = areas.iter().find(|a| a.level == c.level && a.area_code == c.area_code)?;
            let [one] = area.medical_areas.as_slice() else { return None };
            counts.iter().find(|m| m.level == "medical_area" && m.area_code == *one)
        };
        let towns = || counts.iter().filter(|c| c.level == "municipality" && c.expected > 0);
        let ends: [fn(&Count) -> u32; 2] = [|c| c.low, |c| c.high];
        // both ends of each area, with how its municipalities make it up
        let homes: BTreeMap<&str, [Home; 2]> = counts
            .iter()
            .filter(|m| m.level == "medical_area" && m.expected > 0)
            .map(|m| {
                let inside = towns().filter(|c| home(c).is_some_and(|h| h.area_code == m.area_code));
                let squares = inside.map(|c| square(f64::from(c.expected))).sum();
                (m.area_code.as_str(), ends.map(|end| Home { x: end(m), n: m.expected, squares }))
            })
            .collect();
        let local = |c: &Count, e: usize| -> Option<Local> {
            let home = homes.get(home(c)?.area_code.as_str())?[e];
            Some(Local { x: ends[e](c), n: c.expected, home })
        };
        let strength = [0, 1].map(|e| Strength::of(&towns().filter_map(|c| local(c, e)).collect::<Vec<_>>()));
        let whole =
            counts.iter().find(|c| c.level == "prefecture" && c.expected > 0).map(|c| ends.map(|end| f64::from(end(c)) / f64::from(c.expected)));
        for c in counts.iter().filter(|c| c.has_share) {
            let n = c.expected;
            let limits = |p: [f64; 2], level: f64| -> Range {
                let share = |x: u32| f64::from(x) / f64::from(n);
                (share(funnel_limits(p[0], n, level).0), share(funnel_limits(p[1], n, level).1))
            };
            let drawn = local(c, 0).zip(local(c, 1)).map(|(low, high)| {
                let (low, high) = (shrunk(low, &strength[0], levels.narrow), shrunk(high, &strength[1], levels.narrow));
                // with more facilities the share may keep closer to its area: the ends can cross
                ((low.0.min(high.0), low.0.max(high.0)), (low.1.0.min(high.1.0), low.1.1.max(high.1.1)))
            });
            all.push(Compared {
                level: c.level.clone(),
                area_code: c.area_code.clone(),
                function_code: function_code.clone(),
                expected: n,
                reported: c.reported,
                count: (c.low, c.high),
                exact: (exact_interval(c.low, n, levels.narrow).0, exact_interval(c.high, n, levels.narrow).1),
                funnel: whole.filter(|_| c.level != "prefecture").map(|p| (limits(p, levels.narrow), limits(p, levels.wide))),
                shrunk: drawn,
            });
        }
    }
    all.sort_by(|a, b| (&a.level, &a.area_code, &a.function_code).cmp(&(&b.level, &b.area_code, &b.function_code)));
    Ok(all)
}

/// The artefact `agg_comparison`; shares in percent.
pub fn table(compared: &[Compared]) -> Result<Table> {
    let text = |of: &dyn Fn(&Compared) -> &str| -> ArrayRef {
        Arc::new(compared.iter().map(|c| Some(of(c)).filter(|t| !t.is_empty())).collect::<StringArray>())
    };
    let int = |of: &dyn Fn(&Compared) -> u32| -> ArrayRef { Arc::new(compared.iter().map(|c| i64::from(of(c))).collect::<Int64Array>()) };
    let percent =
        |of: &dyn Fn(&Compared) -> Option<f64>| -> ArrayRef { Arc::new(compared.iter().map(|c| of(c).map(|v| v * 100.0)).collect::<Float64Array>()) };
    let note = ColumnNote::new;
    let mut columns = vec![
        (note("level", "区域の段階", ""), text(&|c| &c.level)),
        (note("area_code", "区域コード", ""), text(&|c| &c.area_code)),
        (note("function_code", "機能コード", ""), text(&|c| &c.function_code)),
        (note("expected", "報告の対象", "施設"), int(&|c| c.expected)),
        (note("positive_low", "機能ありの下限", "施設"), int(&|c| c.count.0)),
        (note("positive_high", "機能ありの上限", "施設"), int(&|c| c.count.1)),
        (note("verdict", "県全体との比べ", ""), text(&|c| c.verdict())),
    ];
    type Part = (&'static str, &'static str, fn(&Compared) -> Option<Range>);
    let parts: [Part; 6] = [
        ("share", "割合", |c| Some(c.share())),
        ("exact95", "正確な95%信頼区間", |c| Some(c.exact)),
        ("funnel95", "県全体との違いが偶然の範囲（95%）", |c| c.funnel.map(|f| f.0)),
        ("funnel998", "県全体との違いが偶然の範囲（99.8%）", |c| c.funnel.map(|f| f.1)),
        ("shrunk", "二次医療圏に寄せた割合", |c| c.shrunk.map(|s| s.0)),
        ("shrunk95", "二次医療圏に寄せた割合の95%区間", |c| c.shrunk.map(|s| s.1)),
    ];
    for (name, label, of) in parts {
        columns.push((note(&format!("{name}_low"), &format!("{label}の下限"), "%"), percent(&|c| of(c).map(|r| r.0))));
        columns.push((note(&format!("{name}_high"), &format!("{label}の上限"), "%"), percent(&|c| of(c).map(|r| r.1))));
    }
    Table::new("agg_comparison", columns)
}

/// The long table with one more row for each comparison, in the order of its grain.
pub fn with_figures(figures: &Table, compared: &[Compared]) -> Result<Table> {
    let mut rows: Vec<(&Compared, &str, Range)> = Vec::new();
    for c in compared {
        rows.push((c, "exact95", c.exact));
        rows.extend(c.funnel.iter().flat_map(|f| [(c, "funnel95", f.0), (c, "funnel998", f.1)]));
        rows.extend(c.shrunk.iter().flat_map(|s| [(c, "shrunk", s.0), (c, "shrunk95", s.1)]));
    }
    let key = |r: &(&Compared, &str, Range)| format!("function={};compare={}", r.0.function_code, r.1);
    rows.sort_by_cached_key(|r| (r.0.level.clone(), r.0.area_code.clone(), key(r)));
    let keys: Vec<String> = rows.iter().map(key).collect();
    let year = if figures.is_empty() { None } else { figures.int(0, "report_year")? };
    let added = |name: &str| -> ArrayRef {
        let text =
            |of: &dyn Fn(&(&Compared, &str, Range)) -> String| -> ArrayRef { Arc::new(rows.iter().map(|r| Some(of(r))).collect::<StringArray>()) };
        let int = |of: &dyn Fn(&Compared) -> i64| -> ArrayRef { Arc::new(rows.iter().map(|r| of(r.0)).collect::<Int64Array>()) };
        let number = |of: &dyn Fn(Range) -> f64| -> ArrayRef { Arc::new(rows.iter().map(|r| of(r.2) * 100.0).collect::<Float64Array>()) };
        match name {
            "report_year" => int(&|_| year.unwrap_or(0)),
            "level" => text(&|r| r.0.level.clone()),
            "area_code" => text(&|r| r.0.area_code.clone()),
            "indicator_code" => text(&|_| "function_share".into()),
            "breakdown" => text(&key),
            "value_low" => number(&|v| v.0),
            "value_high" => number(&|v| v.1),
            "unit" => text(&|_| "%".into()),
            "reported" => int(&|c| i64::from(c.reported)),
            "expected" => int(&|c| i64::from(c.expected)),
            "source" => text(&|_| "report, binomial".into()),
            _ => int(&|_| 0),
        }
    };
    let columns = figures
        .columns
        .iter()
        .map(|note| Ok((note.clone(), concat(&[figures.column(&note.name)?.as_ref(), added(&note.name).as_ref()])?)))
        .collect::<Result<Vec<_>>>()?;
    // both lists are in the order of their grain: they are merged, not sorted again
    let added_key = |i: usize| (rows[i].0.level.as_str(), rows[i].0.area_code.as_str(), "function_share", keys[i].as_str());
    let (mut order, mut next) = (Vec::with_capacity(figures.len() + rows.len()), 0);
    for i in 0..figures.len() {
        let key = (figures.text(i, "level")?, figures.text(i, "area_code")?, figures.text(i, "indicator_code")?, figures.text(i, "breakdown")?);
        while next < rows.len() && added_key(next) < key {
            order.push((figures.len() + next) as u64);
            next += 1;
        }
        order.push(i as u64);
    }
    order.extend((next..rows.len()).map(|i| (figures.len() + i) as u64));
    let order = UInt64Array::from(order);
    Table::new("figures", columns.into_iter().map(|(note, values)| Ok((note, take(&values, &order, None)?))).collect::<Result<Vec<_>>>()?)
}
