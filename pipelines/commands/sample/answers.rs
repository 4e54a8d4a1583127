//! The answers of one facility in one year: the traits of the facility lead them, chance of its own does the rest.

use std::collections::BTreeMap;

use crate::commands::sample::assumptions::{
    CHOICE_RATES, CONFIRMATION, COOPERATES_WITH_CARE, COUNT_RATES, COVERAGE, ChoiceRate, CountRate, DRIFT, HOME_PATIENTS, HOSPITAL_BREADTH,
    NO_DOMAIN, NO_GENERAL_OUTPATIENTS, NO_OUTPATIENT_NOTES, NOT_REPORTED, NOTE, NOTES, ON_PAPER, OTHER_DISEASE, OTHER_DISEASES, OWN_FIELD,
    PATIENT_RATES, REDRAW, SPECIALTIES, STAFF, VISITS_PER_PATIENT_MONTH,
};
use crate::commands::sample::book::{Answer, Book, Row};
use crate::commands::sample::dice::{BASE_YEAR, Draw, blend, interpolate, lasting, quantile};
use crate::commands::sample::facilities::{Facility, Register};
use crate::commands::sample::judge::{Verdict, conclude, first_function};
use crate::commands::sample::traits::{Kind, Trait};
use crate::facts::dictionary::Choice;
use crate::facts::reference::Reference;
use crate::ground::error::Result;

/// What one facility sent in, or that it sent nothing.
#[derive(Clone)]
pub struct Report<'b> {
    pub facility: &'b Facility,
    /// Day of the year after the report year (1 = 1 January); none for 未報告.
    pub day: Option<u32>,
    pub row: Row<'b>,
}

/// A rate of the assumptions with its choices found in the dictionary.
struct Rate<'b> {
    item: &'static str,
    /// Asked of facilities with 1号 only.
    second: bool,
    led_by: Trait,
    pull: f64,
    /// Upper end of each choice (0–1), by kind.
    steps: [Vec<(f64, &'b Choice)>; 3],
}

impl<'b> Rate<'b> {
    /// None when this year's dictionary does not have the item.
    fn find(book: &'b Book<'b>, rate: &ChoiceRate) -> Result<Option<Self>> {
        let Some(slot) = book.slot(rate.item) else { return Ok(None) };
        let mut steps = [const { Vec::new() }; 3];
        for (shares, steps) in rate.shares.iter().zip(&mut steps) {
            let total: u32 = shares.iter().map(|(_, weight)| weight).sum();
            let mut below = 0;
            for (code, weight) in *shares {
                below += weight;
                steps.push((f64::from(below) / f64::from(total), book.choice(rate.item, code)?));
            }
        }
        let second = book.items[slot].requirement == "any";
        Ok(Some(Self { item: rate.item, second, led_by: rate.led_by, pull: rate.pull, steps }))
    }

    /// How far a position lies within its choice (0–1): uniform among those who gave that choice.
    fn rank(&self, kind: Kind, position: f64) -> f64 {
        let ends = self.steps[kind as usize].iter().map(|(end, _)| *end);
        let start = ends.clone().rfind(|end| *end <= position).unwrap_or(0.0);
        let end = ends.clone().find(|end| position < *end).unwrap_or(1.0);
        if start < end { (position - start) / (end - start) } else { 1.0 }
    }

    fn choice(&self, kind: Kind, position: f64) -> Answer<'b> {
        let steps = &self.steps[kind as usize];
        steps.iter().find(|(end, _)| position < *end).or(steps.last()).map_or(Answer::Blank, |(_, choice)| Answer::One(choice))
    }
}

/// One year's reporting in one prefecture.
pub struct Survey<'b> {
    pub book: &'b Book<'b>,
    pub seed: u64,
    pub year: i32,
    reference: &'b Reference,
    register: &'b Register,
    rates: Vec<Rate<'b>>,
    coverage: Option<Rate<'b>>,
}

impl<'b> Survey<'b> {
    pub fn new(book: &'b Book<'b>, reference: &'b Reference, register: &'b Register, seed: u64, year: i32) -> Result<Self> {
        let rates = CHOICE_RATES.iter().filter_map(|rate| Rate::find(book, rate).transpose()).collect::<Result<_>>()?;
        Ok(Self { book, seed, year, reference, register, rates, coverage: Rate::find(book, &COVERAGE)? })
    }

    /// The report of a facility before conclusions: no determination, intention or confirmation yet.
    pub fn report(&self, facility: &'b Facility) -> Result<Report<'b>> {
        let kind = facility.kind as usize;
        let mut row = Row::new(self.book);
        row.text("report_year", self.year.to_string());
        row.text("facility_id", format!("{:013}", facility.id));
        row.text("prefecture_code", self.reference.prefecture.prefecture_code.clone());
        row.text("municipality_code", facility.municipality_code.clone());
        row.choose("facility_type", facility.kind.choice_code())?;
        let reports = self.position(facility, "report_status", Trait::Engagement, 0.3) >= NOT_REPORTED[kind];
        row.choose("report_status", if reports { "1" } else { "0" })?;
        if !reports {
            return Ok(Report { facility, day: None, row });
        }
        let on_paper = self.position(facility, "report_method", Trait::Engagement, 0.2) < ON_PAPER[kind];
        row.choose("report_method", if on_paper { "2" } else { "1" })?;
        self.first(facility, &mut row)?;
        if first_function(&row) == Verdict::Yes {
            self.second(facility, &mut row);
        }
        if on_paper {
            row.without_preprint();
        }
        Ok(Report { facility, day: Some(self.day(facility)), row })
    }

    /// Determination, intention, confirmation and date, from the answers as they now stand.
    pub fn conclude(&self, report: &mut Report<'b>) -> Result<()> {
        let Some(day) = report.day else { return Ok(()) };
        let facility = report.facility;
        report.row.text("report_date", date(self.year + 1, day));
        conclude(&mut report.row, |topic| self.lasting(facility, topic))?;
        let total: u32 = CONFIRMATION.iter().map(|(_, weight)| weight).sum();
        let mut left = self.this_year(facility, "confirmation").unit() * f64::from(total);
        for (code, weight) in CONFIRMATION {
            left -= f64::from(*weight);
            if left < 0.0 {
                return report.row.choose("confirmation", code);
            }
        }
        Ok(())
    }

    // --- positions ---------------------------------------------------------------------------------------------------

    /// Chance of this facility and topic that is the same in every year.
    fn draw(&self, facility: &Facility, topic: &str) -> Draw {
        Draw::new(self.seed, facility.id, topic)
    }

    fn this_year(&self, facility: &Facility, topic: &str) -> Draw {
        self.draw(facility, &format!("{topic} {}", self.year))
    }

    fn lasting(&self, facility: &Facility, topic: &str) -> f64 {
        lasting(self.draw(facility, topic), self.year, REDRAW)
    }

    /// Where the facility stands in a topic (0 = does least, 1 = does most); lasts, with a slow upward drift.
    fn position(&self, facility: &Facility, topic: &str, led_by: Trait, pull: f64) -> f64 {
        let years = f64::from((self.year - BASE_YEAR).max(0));
        blend(facility.level(led_by), self.lasting(facility, topic), pull) + DRIFT * years
    }

    /// Between 5 January and 31 March; many wait for the deadline.
    fn day(&self, facility: &Facility) -> u32 {
        let last = last_day(self.year + 1);
        let moment = interpolate(&[(0.0, 0.0), (0.25, 0.35), (0.55, 0.7), (1.0, 1.0)], self.this_year(facility, "report_date").unit());
        5 + (moment * f64::from(last - 4)) as u32
    }

    // --- 1号 ---------------------------------------------------------------------------------------------------------

    fn choices(&self, facility: &Facility, row: &mut Row<'b>, second: bool) {
        for rate in self.rates.iter().filter(|r| r.second == second) {
            let position = self.position(facility, rate.item, rate.led_by, rate.pull);
            row.set(rate.item, rate.choice(facility.kind, position));
        }
    }

    fn first(&self, facility: &Facility, row: &mut Row<'b>) -> Result<()> {
        let kind = facility.kind as usize;
        let none = self.position(facility, "no domain", Trait::Engagement, 0.3) < NO_DOMAIN[kind];
        let specialty = &SPECIALTIES[facility.specialty];
        for (item, own) in [("g1_domains", specialty.domains), ("g1_diseases", specialty.diseases)] {
            if self.book.slot(item).is_none() {
                continue;
            }
            let ticked = if none { Vec::new() } else { self.ticked(facility, item, own) };
            // A list that came out empty is 該当無し, as the form asks.
            row.set(item, Answer::Many(if ticked.is_empty() { vec![self.book.choice(item, "0")?] } else { ticked }));
        }
        self.choices(facility, row, false);
        if row.get("g1_training_completed").is_positive() {
            let most = if facility.kind == Kind::Hospital { 6 } else { 2 };
            row.text("g1_training_completed_n", (1 + self.draw(facility, "training people").below(most)).to_string());
        }
        if row.get("g1_gp_specialist").is_positive() {
            let fte = ["0.5", "1.0", "1.0", "1.2", "2.0"];
            row.text("g1_gp_specialist_fte", fte[self.draw(facility, "gp fte").below(fte.len())]);
        }
        for item in ["doctors", "outpatient_nurses", "nurse_specialists", "certified_nurses", "designated_nurses", "no13", "no14"] {
            let code = format!("g1_staff_{item}");
            let tenths = quantile(STAFF[kind], self.draw(facility, &code).unit());
            row.text(&code, format!("{:.1}", tenths.round() / 10.0));
        }
        let mut outpatients = self.draw(facility, "general outpatients");
        if facility.kind != Kind::Hospital && outpatients.chance(NO_GENERAL_OUTPATIENTS) {
            row.text("g1_note", NO_OUTPATIENT_NOTES[outpatients.below(NO_OUTPATIENT_NOTES.len())]);
        }
        let mut other = self.draw(facility, "other disease");
        if !none && other.chance(OTHER_DISEASE) {
            row.text("g1_diseases_other", OTHER_DISEASES[other.below(OTHER_DISEASES.len())]);
        }
        Ok(())
    }

    /// Fields or diseases that the facility ticks: most of its own specialty, some others.
    fn ticked(&self, facility: &Facility, item: &str, own: &[&str]) -> Vec<&'b Choice> {
        let breadth = if facility.kind == Kind::Hospital { HOSPITAL_BREADTH } else { 0.0 };
        let other = SPECIALTIES[facility.specialty].other + breadth;
        let mut draw = self.draw(facility, item);
        let ticked = self.book.choices(item).iter().copied();
        ticked
            .filter(|c| c.polarity == "positive")
            .filter(|c| draw.chance(if own.contains(&c.choice_code.as_str()) { OWN_FIELD } else { other }))
            .collect()
    }

    // --- 2号 ---------------------------------------------------------------------------------------------------------

    fn second(&self, facility: &Facility, row: &mut Row<'b>) {
        self.choices(facility, row, true);
        for rate in COUNT_RATES {
            row.set(rate.item, Answer::Count(self.count(facility, rate)));
        }
        self.home_care(facility, row);
        self.partners(facility, row);
        let mut note = self.draw(facility, "note");
        if note.chance(NOTE) {
            row.text("g2a_note", NOTES[note.below(NOTES.len())]);
        }
    }

    fn count(&self, facility: &Facility, rate: &CountRate) -> u32 {
        let kind = facility.kind as usize;
        let none = 1.0 - rate.any[kind];
        let position = blend(facility.level(rate.led_by), self.lasting(facility, rate.item), rate.pull);
        if position < none || rate.any[kind] <= 0.0 {
            return 0;
        }
        let usual = quantile(rate.quantiles[kind], (position - none) / rate.any[kind]);
        self.this_years(facility, rate.item, usual)
    }

    /// A count of this year around its usual value: at least 1.
    fn this_years(&self, facility: &Facility, topic: &str, usual: f64) -> u32 {
        (usual * self.this_year(facility, topic).between(0.88, 1.12) + 0.5).max(1.0) as u32
    }

    /// Patients, their band, cover, and the counts that follow from the number of patients.
    fn home_care(&self, facility: &Facility, row: &mut Row<'b>) {
        if !row.get("g2c_home_visit").is_positive() {
            row.set("g2c_fee_home_visit", Answer::Count(0));
            for rate in PATIENT_RATES {
                let mut stray = self.draw(facility, rate.item);
                let count = if stray.chance(rate.stray) { 1 + stray.below(14) as u32 } else { 0 };
                row.set(rate.item, Answer::Count(count));
            }
            return;
        }
        let visits = self.rates.iter().find(|rate| rate.item == "g2c_home_visit");
        let devotion = visits.map_or(0.5, |rate| rate.rank(facility.kind, self.position(facility, rate.item, rate.led_by, rate.pull)));
        let size = blend(devotion, self.lasting(facility, "home patients"), 0.45);
        let patients = self.this_years(facility, "home patients", quantile(HOME_PATIENTS[facility.kind as usize], size));
        let band = self.book.choices("g2c_managed_patients").iter().find(|c| holds(c, patients));
        row.set("g2c_managed_patients", band.map_or(Answer::Blank, |c| Answer::One(c)));
        let mut cover = 0;
        if let Some(rate) = &self.coverage {
            // Cover grows with the number of patients.
            let position = blend(size, self.lasting(facility, rate.item), rate.pull);
            row.set(rate.item, rate.choice(facility.kind, position));
            cover = rate.steps[facility.kind as usize].iter().position(|(end, _)| position < *end).unwrap_or(2);
        }
        let visits = f64::from(patients) * 12.0 * VISITS_PER_PATIENT_MONTH * self.draw(facility, "visits").between(0.8, 1.2);
        row.set("g2c_fee_home_visit", Answer::Count(self.this_years(facility, "visits", visits)));
        for rate in PATIENT_RATES {
            let mut draw = self.draw(facility, rate.item);
            let usual = f64::from(patients) * rate.per_patient[cover] * draw.between(0.5, 1.5);
            // Fewer than one a year in the mean: some years none.
            let count = if draw.chance(rate.any) { self.this_year(facility, rate.item).round(usual) } else { 0 };
            row.set(rate.item, Answer::Count(count));
        }
    }

    // --- names -------------------------------------------------------------------------------------------------------

    fn partners(&self, facility: &Facility, row: &mut Row<'b>) {
        let (all, hospitals) = (&self.register.partners, &self.register.backups);
        if ["g2a_weekday_evening", "g2a_weekday_night", "g2a_holiday"].iter().any(|item| is_linked(row.get(item))) {
            row.text("g2a_partner_names", self.names(facility, "g2a_partner_names", "医療機関", all, 3));
        }
        if is_linked(row.get("g2b_backup_bed")) {
            row.text("g2b_backup_bed_partners", self.names(facility, "g2b_backup_bed_partners", "後方病院", hospitals, 4));
        }
        if is_linked(row.get("g2c_coverage_system")) {
            row.text("g2c_partner_names", self.names(facility, "g2c_partner_names", "医療機関", all, 2));
        }
        let cooperates = blend(facility.level(Trait::Care), self.lasting(facility, "g2d_facility_names"), 0.5);
        if cooperates >= 1.0 - COOPERATES_WITH_CARE[facility.kind as usize]
            && let Some(&(first, count)) = self.register.care_facilities.get(&facility.municipality_code)
        {
            let mut draw = self.draw(facility, "care facilities");
            let wanted = 1 + draw.below(4);
            let names: Vec<String> = draw.pick(count, wanted).into_iter().map(|i| format!("施設{}", first + i)).collect();
            row.text("g2d_facility_names", names.join("、"));
        }
        if row.get("g2d_ict_network").is_positive() {
            let area = self.reference.medical_areas.iter().find(|a| a.secondary_medical_area_code == facility.area_code);
            let place = area.map_or(self.reference.prefecture.name.as_str(), |a| a.name.as_str());
            row.text("g2d_ict_network_names", format!("{place}医療介護ネット（模擬）"));
        }
    }

    /// One to `most` surrogate names from the facility's own medical area (the whole prefecture where it has none), joined by 、.
    fn names(&self, facility: &Facility, topic: &str, word: &str, pools: &BTreeMap<String, Vec<usize>>, most: usize) -> String {
        let everywhere = || pools.values().flatten().copied().collect();
        let pool: Vec<usize> = pools.get(&facility.area_code).cloned().unwrap_or_else(everywhere);
        let mut draw = self.draw(facility, topic);
        let wanted = 1 + draw.below(most);
        let names: Vec<String> = draw.pick(pool.len(), wanted).into_iter().map(|i| format!("{word}{}", pool[i])).collect();
        if names.is_empty() { format!("{word}1") } else { names.join("、") }
    }
}

/// The choice says that others take part.
pub fn is_linked(answer: &Answer) -> bool {
    matches!(answer, Answer::One(choice) if choice.mode.starts_with("linked") || choice.mode == "both")
}

fn holds(band: &Choice, value: u32) -> bool {
    let value = f64::from(value);
    band.value_low.is_some_and(|low| low <= value) && (band.open_top || band.value_high.is_some_and(|high| value <= high))
}

/// Day of the year of 31 March.
pub fn last_day(year: i32) -> u32 {
    31 + february(year) + 31
}

fn february(year: i32) -> u32 {
    if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 29 } else { 28 }
}

/// ISO date of a day of the first quarter.
fn date(year: i32, day: u32) -> String {
    let (month, day) = match day {
        d if d <= 31 => (1, d),
        d if d <= 31 + february(year) => (2, d - 31),
        d => (3, d - 31 - february(year)),
    };
    format!("{year}-{month:02}-{day:02}")
}
