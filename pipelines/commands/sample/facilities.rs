//! The facilities of a prefecture: how many in each municipality or ward, and what kind of place each one is.
//!
//! Everything here follows from the seed alone, so the same facilities report in every year
//! (less closures, plus openings).

use crate::commands::sample::traits::{Kind, Trait};
use std::collections::{BTreeMap, HashSet};

use crate::commands::sample::assumptions::{
    CITY_WARD_CLINICS, CITY_WARD_HOSPITALS, CLINIC_CLOSURE, CLINIC_OPENING, CLINICS_BY_SIZE, CLINICS_PER_PERSON, ELDERLY_SHARE_OF_HOSPITALS,
    HOSPITAL_CLOSURE, HOSPITALS_BY_SIZE, HOSPITALS_PER_ELDERLY, HOSPITALS_PER_PERSON, RESIDENTS_75_PER_CARE_FACILITY, SPECIALTIES,
    TOKYO_WARD_CLINICS, TOKYO_WARD_HOSPITALS, WITH_BEDS_BY_SIZE,
};
use crate::commands::sample::dice::{BASE_YEAR, Draw, blend, interpolate};
use crate::facts::reference::{Municipality, Reference};

#[derive(Clone, Debug)]
pub struct Facility {
    /// 13 digits once padded with zeros: prefecture (2), hospital 1 / clinic 2, surrogate (10).
    pub id: u64,
    pub kind: Kind,
    pub municipality_code: String,
    pub area_code: String,
    /// Index into `SPECIALTIES`.
    pub specialty: usize,
    traits: [f64; 4],
    opened: i32,
    closed: i32,
}

impl Facility {
    pub fn level(&self, of: Trait) -> f64 {
        self.traits[of as usize]
    }

    fn is_open(&self, year: i32) -> bool {
        self.opened <= year && year < self.closed
    }
}

/// Facilities open in one year, and the surrogate names that they may give for partners.
pub struct Register {
    /// By municipality, kind and id.
    pub facilities: Vec<Facility>,
    /// Numbers behind 医療機関n, by secondary medical area.
    pub partners: BTreeMap<String, Vec<usize>>,
    /// Numbers behind 後方病院n, by secondary medical area.
    pub backups: BTreeMap<String, Vec<usize>>,
    /// First number and number of 施設n (care facilities), by municipality.
    pub care_facilities: BTreeMap<String, (usize, usize)>,
}

/// All facilities of the prefecture that are open in `year`.
pub fn register(reference: &Reference, seed: u64, year: i32) -> Register {
    let mut units: Vec<&Municipality> = reference.smallest_units().collect();
    units.sort_by(|a, b| a.municipality_code.cmp(&b.municipality_code));
    let mut founder = Founder { seed, prefecture: code_number(&reference.prefecture.prefecture_code), used: HashSet::new(), year };
    let mut facilities = Vec::new();
    for unit in &units {
        founder.settle(reference, unit, &mut facilities);
    }
    // Names are taken from the first year only: partners keep their names when others open or close.
    let mut register =
        Register { facilities: Vec::new(), partners: BTreeMap::new(), backups: BTreeMap::new(), care_facilities: care_facilities(reference, &units) };
    let mut hospitals = 0;
    for (i, facility) in facilities.iter().enumerate() {
        register.partners.entry(facility.area_code.clone()).or_default().push(i + 1);
        if facility.kind == Kind::Hospital {
            hospitals += 1;
            register.backups.entry(facility.area_code.clone()).or_default().push(hospitals);
        }
    }
    for opened in BASE_YEAR + 1..=year {
        for unit in &units {
            founder.open(reference, unit, opened, &mut facilities);
        }
    }
    facilities.retain(|f| f.is_open(year));
    facilities.sort_by(|a, b| (&a.municipality_code, a.kind, a.id).cmp(&(&b.municipality_code, b.kind, b.id)));
    register.facilities = facilities;
    register
}

/// Makes facilities one after another, so that no two have the same id.
struct Founder {
    seed: u64,
    prefecture: u64,
    used: HashSet<u64>,
    year: i32,
}

impl Founder {
    /// The facilities of the first year in one municipality or ward.
    fn settle(&mut self, reference: &Reference, unit: &Municipality, into: &mut Vec<Facility>) {
        let expected = Expected::of(reference, unit);
        let mut draw = Draw::new(self.seed, code_number(&unit.municipality_code), "facilities");
        // The mean of two uniforms: most places lie near what is expected, none is more than 18% away before rounding.
        let spread = 0.82 + 0.18 * (draw.unit() + draw.unit());
        let hospitals = draw.round(expected.hospitals * spread);
        let clinics = draw.round(expected.clinics * spread);
        for _ in 0..hospitals {
            into.push(self.found(unit, Kind::Hospital, BASE_YEAR, &mut draw));
        }
        for _ in 0..clinics {
            let kind = if draw.chance(expected.with_beds) { Kind::ClinicWithBeds } else { Kind::Clinic };
            into.push(self.found(unit, kind, BASE_YEAR, &mut draw));
        }
    }

    /// New clinics of a later year; new clinics rarely have beds.
    fn open(&mut self, reference: &Reference, unit: &Municipality, year: i32, into: &mut Vec<Facility>) {
        let mut draw = Draw::new(self.seed, code_number(&unit.municipality_code), &format!("openings {year}"));
        let count = draw.round(Expected::of(reference, unit).clinics * CLINIC_OPENING);
        for _ in 0..count {
            into.push(self.found(unit, Kind::Clinic, year, &mut draw));
        }
    }

    fn found(&mut self, unit: &Municipality, kind: Kind, opened: i32, draw: &mut Draw) -> Facility {
        let id = self.new_id(kind, draw);
        let specialty = specialty(kind, draw.unit());
        let engagement = draw.unit();
        // Neighbours resemble each other: a rota or a home-care network belongs to a place.
        let mut led = |topic: &str, by: f64, pull: f64| {
            let place = Draw::new(self.seed, code_number(&unit.municipality_code), topic).unit();
            blend(by, blend(place, draw.unit(), 0.2), pull)
        };
        let night = led("place night", engagement, 0.35);
        let home = led("place home", engagement, 0.4);
        let care = led("place care", home, 0.45);
        let closure = if kind == Kind::Hospital { HOSPITAL_CLOSURE } else { CLINIC_CLOSURE };
        let mut fate = Draw::new(self.seed, id, "closure");
        let closed = (opened + 1..=self.year).find(|_| fate.chance(closure)).unwrap_or(i32::MAX);
        Facility {
            id,
            kind,
            municipality_code: unit.municipality_code.clone(),
            area_code: unit.secondary_medical_area_code.clone(),
            specialty,
            traits: [engagement, night, home, care],
            opened,
            closed,
        }
    }

    fn new_id(&mut self, kind: Kind, draw: &mut Draw) -> u64 {
        const SURROGATES: u64 = 10_000_000_000;
        let head = self.prefecture * 10 + if kind == Kind::Hospital { 1 } else { 2 };
        loop {
            let id = head * SURROGATES + (draw.unit() * SURROGATES as f64) as u64;
            if self.used.insert(id) {
                return id;
            }
        }
    }
}

/// Expected numbers for one municipality or ward.
struct Expected {
    hospitals: f64,
    clinics: f64,
    /// Share of the clinics that have beds.
    with_beds: f64,
}

impl Expected {
    fn of(reference: &Reference, unit: &Municipality) -> Self {
        let population = reference.population.get(&unit.municipality_code);
        let residents = population.map_or(0.0, |p| f64::from(p.population_total));
        let elderly = population.map_or(0.0, |p| f64::from(p.population_75_over));
        // A ward of a big city is no small town, whatever its population.
        let (clinic_density, hospital_density) = match unit.municipality_type.as_str() {
            "特別区" => (TOKYO_WARD_CLINICS, TOKYO_WARD_HOSPITALS),
            _ if !unit.parent_code.is_empty() => (CITY_WARD_CLINICS, CITY_WARD_HOSPITALS),
            _ => (interpolate(CLINICS_BY_SIZE, residents), interpolate(HOSPITALS_BY_SIZE, residents)),
        };
        let hospitals =
            (1.0 - ELDERLY_SHARE_OF_HOSPITALS) * residents * HOSPITALS_PER_PERSON + ELDERLY_SHARE_OF_HOSPITALS * elderly * HOSPITALS_PER_ELDERLY;
        Self {
            hospitals: hospitals * hospital_density,
            clinics: residents * CLINICS_PER_PERSON * clinic_density,
            with_beds: interpolate(WITH_BEDS_BY_SIZE, residents),
        }
    }
}

fn specialty(kind: Kind, position: f64) -> usize {
    let weights = SPECIALTIES.iter().map(|s| s.weights[kind as usize]);
    let mut left = position * f64::from(weights.clone().sum::<u32>());
    for (i, weight) in weights.enumerate() {
        left -= f64::from(weight);
        if left < 0.0 {
            return i;
        }
    }
    0
}

fn care_facilities(reference: &Reference, units: &[&Municipality]) -> BTreeMap<String, (usize, usize)> {
    let mut next = 1;
    let mut ranges = BTreeMap::new();
    for unit in units {
        let elderly = reference.population.get(&unit.municipality_code).map_or(0, |p| p.population_75_over);
        let count = (elderly / RESIDENTS_75_PER_CARE_FACILITY).max(1) as usize;
        ranges.insert(unit.municipality_code.clone(), (next, count));
        next += count;
    }
    ranges
}

/// A code of digits as a number, the owner of its streams of chance.
pub fn code_number(code: &str) -> u64 {
    code.bytes().filter(u8::is_ascii_digit).fold(0, |n, b| n * 10 + u64::from(b - b'0'))
}
