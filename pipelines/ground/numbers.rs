//! Numbers, years and dates as they are printed.

/// 12,345
pub fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if n < 0 { format!("-{out}") } else { out }
}

/// Rounded as on paper (四捨五入) and with thousands: 「1,204」「56.3」 with one place.
///
/// A tie goes away from zero, also where the machine holds it a hair below: 9 of 16 is 56.3 %, and 0.145 × 100 is 15.
pub fn decimal(v: f64, places: u32) -> String {
    const PARTS: i128 = 1_000_000_000;
    if !v.is_finite() {
        return "―".into();
    }
    let step = PARTS / 10_i128.pow(places);
    let units = ((v.abs() * PARTS as f64).round() as i128 + step / 2) / step;
    let (whole, rest) = (units / 10_i128.pow(places), units % 10_i128.pow(places));
    let whole = thousands(i64::try_from(whole).unwrap_or(i64::MAX));
    let sign = if v < 0.0 && units > 0 { "-" } else { "" };
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:0width$}", width = places as usize) }
}

/// Whole from 20 on, one decimal below: 1,204 and 6.1.
pub fn number(v: f64) -> String {
    if v.abs() < 20.0 { short_decimal(v) } else { decimal(v, 0) }
}

/// One decimal, or none where it is zero.
fn short_decimal(v: f64) -> String {
    let text = decimal(v, 1);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A percentage to one decimal, 「28.6」 or 「30」: a limit must not be rounded past the value that it is held against.
pub fn share_number(v: f64) -> String {
    short_decimal(v)
}

/// 「28.6〜100%」
pub fn share_range(low: f64, high: f64) -> String {
    let (low, high) = (share_number(low), share_number(high));
    if low == high { format!("{low}%") } else { format!("{low}〜{high}%") }
}

/// A number as its unit is printed: people and facilities are whole.
pub fn number_in(unit: &str, v: f64) -> String {
    match unit {
        "%" => share_number(v),
        "人" | "人/月" | "施設" => decimal(v, 0),
        _ => number(v),
    }
}

/// Both ends of a figure: one decimal only where both are small.
pub fn ends_in(unit: &str, low: f64, high: f64) -> (String, String) {
    let is_large = unit != "%" && (low.abs() >= 20.0 || high.abs() >= 20.0);
    let text = |v: f64| if is_large { decimal(v, 0) } else { number_in(unit, v) };
    (text(low), text(high))
}

/// 0.123 → 12.3%
pub fn percent(share: f64) -> String {
    format!("{}%", decimal(share * 100.0, 1))
}

/// A percentage, or a dash where there is nothing to divide by.
pub fn percent_or_dash(share: Option<f64>) -> String {
    share.map_or_else(|| "―".into(), percent)
}

/// 令和7年; the first year is 元年.
pub fn wareki_year(year: i32) -> String {
    match year - 2018 {
        n if n < 1 => format!("{year}年"),
        1 => "令和元年".into(),
        n => format!("令和{n}年"),
    }
}

/// An ISO date as 令和8年12月15日; other text stays as it is.
pub fn wareki_date(iso: &str) -> String {
    let mut parts = iso.splitn(3, '-').map(str::parse::<u32>);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(y)), Some(Ok(m)), Some(Ok(d))) => format!("{}{m}月{d}日", wareki_year(y as i32)),
        _ => iso.to_owned(),
    }
}

/// 令和7年度報告（令和8年1〜3月）
pub fn report_year_label(report_year: i32) -> String {
    format!("{}度報告（{}1〜3月）", wareki_year(report_year), wareki_year(report_year + 1))
}

/// ① to ⑳, then (21) …
pub fn circled(index: usize) -> String {
    match u32::try_from(index).ok().filter(|i| *i < 20).and_then(|i| char::from_u32('①' as u32 + i)) {
        Some(c) => c.to_string(),
        None => format!("({})", index + 1),
    }
}
