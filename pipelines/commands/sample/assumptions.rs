//! What the simulation assumes, in one place. None of these rates is a finding: no prefecture has published results.
//! National numbers of facilities are those of the ministry's survey of medical institutions, rounded;
//! shares of answers are chosen to look plausible, and are stated for all facilities of a type.

use crate::commands::sample::traits::Trait::{self, Care, Engagement, Home, Night};

// --- How many facilities -----------------------------------------------------------------------------------------

/// 105,000 general clinics and 8,060 hospitals for 124.3 million residents, 20.7 million of them 75 or older.
pub const CLINICS_PER_PERSON: f64 = 105_000.0 / 124_330_000.0;
pub const HOSPITALS_PER_PERSON: f64 = 8_060.0 / 124_330_000.0 * 1.025;
pub const HOSPITALS_PER_ELDERLY: f64 = 8_060.0 / 20_660_000.0 * 1.025;
/// Hospitals follow the old rather than the residents: this much of them.
pub const ELDERLY_SHARE_OF_HOSPITALS: f64 = 0.65;

/// Density by residents of the municipality (1 = national mean): clinics gather in cities, hospitals in rural towns.
pub const CLINICS_BY_SIZE: &[(f64, f64)] =
    &[(0.0, 0.55), (5e3, 0.6), (20e3, 0.7), (50e3, 0.82), (100e3, 0.93), (200e3, 1.0), (400e3, 1.08), (1e6, 1.12)];
pub const HOSPITALS_BY_SIZE: &[(f64, f64)] =
    &[(0.0, 0.75), (5e3, 1.0), (20e3, 1.2), (50e3, 1.2), (100e3, 1.05), (200e3, 0.9), (400e3, 0.85), (1e6, 0.8)];
pub const CITY_WARD_CLINICS: f64 = 1.12;
pub const CITY_WARD_HOSPITALS: f64 = 0.95;
pub const TOKYO_WARD_CLINICS: f64 = 1.3;
pub const TOKYO_WARD_HOSPITALS: f64 = 0.7;
/// Share of the clinics that have beds, by residents; 5.6% in the country.
pub const WITH_BEDS_BY_SIZE: &[(f64, f64)] = &[(0.0, 0.08), (50e3, 0.075), (150e3, 0.06), (300e3, 0.045)];
pub const RESIDENTS_75_PER_CARE_FACILITY: u32 = 450;

/// Per year, of the clinics (openings) and of the facilities of the kind (closures).
pub const CLINIC_OPENING: f64 = 0.011;
pub const CLINIC_CLOSURE: f64 = 0.014;
pub const HOSPITAL_CLOSURE: f64 = 0.004;

// --- How they report ---------------------------------------------------------------------------------------------

/// By kind: hospital, clinic with beds, clinic.
pub const NOT_REPORTED: [f64; 3] = [0.07, 0.09, 0.13];
pub const ON_PAPER: [f64; 3] = [0.025, 0.06, 0.06];
/// G-MIS's own determination that differs from the rules, of the facilities with 1号.
pub const AUTO_DIFFERS: f64 = 0.01;
/// Codes of the choice set `confirmation`: done, not yet, under inquiry.
pub const CONFIRMATION: &[(&str, u32)] = &[("1", 855), ("0", 100), ("2", 45)];
/// Of the reported facilities.
pub const CHANGE_REPORTS: f64 = 0.005;

// --- How answers last --------------------------------------------------------------------------------------------

/// Chance per year that a facility thinks an item over (it often answers the same again).
pub const REDRAW: f64 = 0.05;
/// Upward move per year of every position, so that some 意向 turn into 有り.
pub const DRIFT: f64 = 0.006;

// --- Choices -----------------------------------------------------------------------------------------------------

/// Weights of choice codes, from the least to the most that a facility does.
pub type Shares = &'static [(&'static str, u32)];

/// One choice item: which trait leads it and how strongly (0–1), and its shares by kind of facility.
pub struct ChoiceRate {
    pub item: &'static str,
    pub led_by: Trait,
    pub pull: f64,
    pub shares: [Shares; 3],
}

const fn rate(item: &'static str, led_by: Trait, pull: f64, hospital: Shares, with_beds: Shares, clinic: Shares) -> ChoiceRate {
    ChoiceRate { item, led_by, pull, shares: [hospital, with_beds, clinic] }
}

#[rustfmt::skip]
pub const CHOICE_RATES: &[ChoiceRate] = &[
    //   item                       led by      pull  hospital                                   clinic with beds                           clinic
    rate("g1_function_and_posting", Engagement, 0.55, &[("0", 190), ("1", 810)],                 &[("0", 320), ("1", 680)],                 &[("0", 230), ("1", 770)]),
    rate("g1_training_completed",   Engagement, 0.35, &[("0", 400), ("1", 600)],                 &[("0", 400), ("1", 600)],                 &[("0", 480), ("1", 520)]),
    rate("g1_gp_specialist",        Engagement, 0.20, &[("0", 900), ("1", 100)],                 &[("0", 980), ("1", 20)],                  &[("0", 978), ("1", 22)]),
    rate("g1_consultation",         Engagement, 0.50, &[("0", 60), ("1", 940)],                  &[("0", 120), ("1", 880)],                 &[("0", 80), ("1", 920)]),

    rate("g1_online_eligibility",   Engagement, 0.20, &[("0", 5), ("1", 15), ("2", 980)],        &[("0", 15), ("1", 25), ("2", 960)],       &[("0", 20), ("1", 30), ("2", 950)]),
    rate("g1_online_records",       Engagement, 0.25, &[("0", 60), ("1", 140), ("2", 800)],      &[("0", 120), ("1", 180), ("2", 700)],     &[("0", 130), ("1", 190), ("2", 680)]),
    rate("g1_e_prescription",       Engagement, 0.25, &[("0", 250), ("1", 450), ("2", 300)],     &[("0", 350), ("1", 350), ("2", 300)],     &[("0", 330), ("1", 300), ("2", 370)]),
    rate("g1_chart_sharing",        Engagement, 0.25, &[("0", 300), ("1", 600), ("2", 100)],     &[("0", 500), ("1", 450), ("2", 50)],      &[("0", 520), ("1", 430), ("2", 50)]),
    rate("g1_drug_pharmacy",        Care, 0.25,  &[("0", 80), ("1", 200), ("2", 120), ("3", 600)], &[("0", 260), ("1", 240), ("2", 100), ("3", 400)], &[("0", 200), ("1", 260), ("2", 120), ("3", 420)]),
    rate("g1_drug_carried",         Care, 0.25,  &[("0", 120), ("1", 80), ("2", 800)],           &[("0", 250), ("1", 100), ("2", 650)],     &[("0", 350), ("1", 120), ("2", 530)]),
    rate("g1_drug_joint",           Care, 0.25,  &[("0", 500), ("1", 200), ("2", 300)],          &[("0", 600), ("1", 180), ("2", 220)],     &[("0", 620), ("1", 180), ("2", 200)]),

    rate("g2a_duty_rota",           Night, 0.30, &[("0", 800), ("1", 45), ("2", 55), ("3", 35), ("4", 40), ("5", 20), ("6", 5)],
                                                 &[("0", 750), ("1", 65), ("2", 75), ("3", 60), ("4", 40), ("5", 10)],
                                                 &[("0", 840), ("1", 60), ("2", 28), ("3", 40), ("4", 20), ("5", 9), ("6", 2), ("7", 1)]),
    rate("g2a_emergency_center",    Night, 0.20, &[("0", 880), ("1", 30), ("2", 50), ("3", 30), ("4", 10)],
                                                 &[("0", 850), ("1", 60), ("2", 50), ("3", 35), ("4", 5)],
                                                 &[("0", 870), ("1", 55), ("2", 32), ("3", 32), ("4", 10), ("6", 1)]),
    rate("g2a_weekday_evening",     Night, 0.60, &[("0", 570), ("1", 70), ("5", 20), ("3", 120), ("4", 40), ("2", 180)],
                                                 &[("0", 660), ("1", 80), ("5", 20), ("3", 110), ("4", 30), ("2", 100)],
                                                 &[("0", 690), ("1", 85), ("5", 18), ("3", 85), ("4", 32), ("2", 90)]),
    rate("g2a_weekday_night",       Night, 0.60, &[("0", 760), ("1", 50), ("5", 10), ("3", 70), ("4", 30), ("2", 80)],
                                                 &[("0", 770), ("1", 70), ("5", 20), ("3", 90), ("4", 20), ("2", 30)],
                                                 &[("0", 835), ("1", 60), ("5", 18), ("3", 42), ("4", 15), ("2", 30)]),
    rate("g2a_holiday",             Night, 0.55, &[("0", 700), ("1", 60), ("5", 10), ("3", 110), ("4", 40), ("2", 80)],
                                                 &[("0", 820), ("1", 60), ("5", 10), ("3", 60), ("4", 20), ("2", 30)],
                                                 &[("0", 865), ("1", 40), ("5", 10), ("3", 38), ("4", 20), ("2", 27)]),
    // The fee is for clinics only.
    rate("g2a_fee_ah_system",       Night, 0.55, &[("0", 1)],
                                                 &[("0", 720), ("4", 30), ("3", 150), ("2", 30), ("1", 70)],
                                                 &[("0", 720), ("4", 25), ("3", 120), ("2", 25), ("1", 110)]),

    rate("g2b_backup_bed",          Care, 0.45,  &[("0", 480), ("1", 40), ("3", 25), ("2", 15), ("5", 50), ("6", 190), ("4", 200)],
                                                 &[("0", 530), ("1", 40), ("3", 20), ("2", 30), ("5", 80), ("6", 130), ("4", 170)],
                                                 &[("0", 805), ("3", 20), ("1", 15), ("2", 45), ("5", 115)]),
    rate("g2b_discharge_rule",      Care, 0.40,  &[("0", 560), ("1", 80), ("2", 360)],           &[("0", 780), ("1", 70), ("2", 150)],      &[("0", 755), ("1", 90), ("2", 155)]),
    rate("g2b_critical_path",       Care, 0.35,  &[("0", 560), ("1", 60), ("2", 380)],           &[("0", 770), ("1", 70), ("2", 160)],      &[("0", 740), ("1", 85), ("2", 175)]),
    rate("g2b_referred_outpatients", Engagement, 0.25,
                                                 &[("0", 420), ("1", 190), ("2", 130), ("3", 110), ("4", 70), ("5", 80)],
                                                 &[("0", 450), ("1", 190), ("2", 220), ("3", 80), ("4", 40), ("5", 20)],
                                                 &[("0", 480), ("1", 225), ("2", 160), ("3", 70), ("4", 35), ("5", 30)]),

    rate("g2c_home_visit",          Home, 0.75,  &[("0", 620), ("1", 60), ("2", 320)],           &[("0", 560), ("1", 60), ("2", 380)],      &[("0", 760), ("1", 60), ("2", 180)]),

    rate("g2d_doctor_opinion",      Care, 0.40,  &[("0", 390), ("1", 60), ("2", 550)],           &[("0", 370), ("1", 50), ("2", 580)],      &[("0", 550), ("1", 75), ("2", 375)]),
    rate("g2d_care_mgr_meetings",   Care, 0.55,  &[("0", 550), ("1", 100), ("2", 350)],          &[("0", 700), ("1", 70), ("2", 230)],      &[("0", 700), ("1", 110), ("2", 190)]),
    rate("g2d_community_care_conf", Care, 0.50,  &[("0", 800), ("1", 60), ("2", 140)],           &[("0", 800), ("1", 70), ("2", 130)],      &[("0", 860), ("1", 60), ("2", 80)]),
    rate("g2d_kyotaku_guidance",    Home, 0.65,  &[("0", 740), ("1", 70), ("2", 190)],           &[("0", 740), ("1", 80), ("2", 180)],      &[("0", 850), ("1", 50), ("2", 100)]),
    rate("g2d_ict_network",         Care, 0.30,  &[("0", 770), ("1", 70), ("2", 160)],           &[("0", 810), ("1", 60), ("2", 130)],      &[("0", 830), ("1", 75), ("2", 95)]),
    rate("g2d_acp",                 Home, 0.50,  &[("0", 640), ("1", 90), ("2", 270)],           &[("0", 720), ("1", 60), ("2", 220)],      &[("0", 790), ("1", 55), ("2", 155)]),

    rate("oth_health_check",        Engagement, 0.35, &[("0", 380), ("1", 620)],                 &[("0", 370), ("1", 630)],                 &[("0", 420), ("1", 580)]),
    rate("oth_vaccination",         Engagement, 0.40, &[("0", 310), ("1", 690)],                 &[("0", 320), ("1", 680)],                 &[("0", 290), ("1", 710)]),
    rate("oth_school_doctor",       Engagement, 0.35, &[("0", 780), ("1", 220)],                 &[("0", 660), ("1", 340)],                 &[("0", 690), ("1", 310)]),
    rate("oth_industrial_doctor",   Engagement, 0.30, &[("0", 820), ("1", 180)],                 &[("0", 830), ("1", 170)],                 &[("0", 800), ("1", 200)]),
    rate("oth_police",              Engagement, 0.15, &[("0", 940), ("1", 60)],                  &[("0", 940), ("1", 60)],                  &[("0", 935), ("1", 65)]),
    rate("oth_student_education",   Engagement, 0.20, &[("0", 760), ("1", 240)],                 &[("0", 930), ("1", 70)],                  &[("0", 920), ("1", 80)]),
    rate("oth_resident_education",  Engagement, 0.20, &[("0", 790), ("1", 210)],                 &[("0", 920), ("1", 80)],                  &[("0", 928), ("1", 72)]),
    rate("oth_recurrent_education", Engagement, 0.15, &[("0", 910), ("1", 90)],                  &[("0", 940), ("1", 60)],                  &[("0", 945), ("1", 55)]),
];

/// How home care is covered, asked where 訪問診療 is 有り; from day time only to around the clock.
#[rustfmt::skip]
pub const COVERAGE: ChoiceRate =
    rate("g2c_coverage_system", Home, 0.80, &[("1", 280), ("3", 340), ("2", 380)], &[("1", 430), ("3", 320), ("2", 250)], &[("1", 480), ("3", 220), ("2", 300)]);

/// Home-care patients of a facility that makes 訪問診療: evenly spaced quantiles by kind; the band follows from the dictionary.
pub const HOME_PATIENTS: [&[u32]; 3] =
    [&[1, 2, 3, 5, 7, 9, 13, 20, 32, 55, 150], &[1, 3, 5, 7, 10, 14, 19, 27, 38, 65, 160], &[1, 2, 4, 6, 9, 13, 21, 34, 56, 110, 420]];
/// 在宅患者訪問診療料 per patient and month.
pub const VISITS_PER_PATIENT_MONTH: f64 = 1.88;

/// Intention (その他の意向) of a facility that lacks the function; `NAMED` where an item of the function already says 意向有り.
pub const INTENTION: f64 = 0.075;
pub const INTENTION_NAMED: f64 = 0.8;
/// Chance that none of the 17 fields of primary care is covered, by kind.
pub const NO_DOMAIN: [f64; 3] = [0.04, 0.03, 0.05];

// --- Counts ------------------------------------------------------------------------------------------------------

/// A yearly fee count: share of facilities with any claim, and evenly spaced quantiles of theirs, by kind.
pub struct CountRate {
    pub item: &'static str,
    pub led_by: Trait,
    pub pull: f64,
    pub any: [f64; 3],
    pub quantiles: [&'static [u32]; 3],
}

/// Counts that do not hang on home-care patients. Zero for a kind means that the fee does not exist for it.
#[rustfmt::skip]
pub const COUNT_RATES: &[CountRate] = &[
    CountRate { item: "g2a_fee_overtime",  led_by: Night, pull: 0.50, any: [0.33, 0.24, 0.29], quantiles: [&[1, 6, 18, 45, 400], &[1, 5, 12, 25, 160], &[1, 3, 8, 22, 900]] },
    CountRate { item: "g2a_fee_midnight",  led_by: Night, pull: 0.50, any: [0.24, 0.26, 0.11], quantiles: [&[1, 6, 15, 30, 220], &[1, 5, 12, 25, 70], &[1, 2, 5, 12, 90]] },
    CountRate { item: "g2a_fee_holiday",   led_by: Night, pull: 0.50, any: [0.20, 0.16, 0.16], quantiles: [&[1, 6, 15, 40, 300], &[1, 4, 10, 18, 60], &[1, 4, 10, 25, 260]] },
    // Extended opening hours of clinics, not of hospitals.
    CountRate { item: "g2a_fee_early",     led_by: Night, pull: 0.20, any: [0.0, 0.52, 0.42],  quantiles: [&[], &[1, 8, 30, 120, 600], &[1, 4, 12, 60, 3200]] },
    // Needs beds and a support unit.
    CountRate { item: "g2b_fee_admission_support", led_by: Care, pull: 0.30, any: [0.60, 0.04, 0.0], quantiles: [&[1, 12, 60, 200, 1400], &[1, 4, 8, 15, 40], &[]] },
    CountRate { item: "g2b_fee_discharge_joint",   led_by: Care, pull: 0.50, any: [0.22, 0.08, 0.045], quantiles: [&[1, 6, 14, 30, 90], &[1, 3, 6, 10, 24], &[1, 3, 6, 12, 60]] },
    CountRate { item: "g2d_fee_care_mgr",          led_by: Care, pull: 0.50, any: [0.12, 0.06, 0.08], quantiles: [&[1, 6, 15, 40, 120], &[1, 3, 6, 10, 30], &[1, 3, 7, 16, 75]] },
];

/// Yearly fee counts of home care that come with the number of patients: share of facilities with any, mean per patient
/// by day, linked and own 24-hour cover (in the order of `COVERAGE`), and `stray`: share with a few without 訪問診療.
pub struct PatientRate {
    pub item: &'static str,
    pub any: f64,
    pub per_patient: [f64; 3],
    pub stray: f64,
}

pub const PATIENT_RATES: &[PatientRate] = &[
    PatientRate { item: "g2c_fee_house_call", any: 0.8, per_patient: [0.8, 1.4, 2.2], stray: 0.08 },
    PatientRate { item: "g2c_fee_visit_nursing", any: 0.22, per_patient: [0.4, 0.6, 0.9], stray: 0.01 },
    PatientRate { item: "g2c_fee_nursing_order", any: 0.85, per_patient: [0.5, 0.8, 1.0], stray: 0.07 },
    PatientRate { item: "g2c_fee_end_of_life", any: 0.7, per_patient: [0.04, 0.08, 0.13], stray: 0.0 },
];

// --- Names and texts ---------------------------------------------------------------------------------------------

/// Share of facilities that name care facilities whose 協力医療機関 they are, by kind.
pub const COOPERATES_WITH_CARE: [f64; 3] = [0.17, 0.14, 0.08];
pub const OTHER_DISEASE: f64 = 0.18;
pub const NOTE: f64 = 0.22;
/// Line feeds and commas, as people write them.
pub const OTHER_DISEASES: &[&str] = &["帯状疱疹後神経痛", "痛風\n甲状腺の病気", "めまい, 耳鳴り", "過敏性腸症候群", "花粉症、じんましん", "禁煙外来"];
/// Full-time equivalents of staff (1号 No.8–14), by kind: evenly spaced quantiles of tenths.
pub const STAFF: [&[u32]; 3] = [&[20, 60, 120, 240, 600], &[10, 12, 20, 30, 60], &[0, 5, 10, 15, 40]];
/// Share of clinics that see no general outpatients (企業内、施設内), and how they say so.
pub const NO_GENERAL_OUTPATIENTS: f64 = 0.03;
pub const NO_OUTPATIENT_NOTES: &[&str] =
    &["一般外来を行っていない（事業所の従業員のみ）", "入所者のみを診療しており、一般の外来は行っていません", "従業員のみ対象\n一般外来なし"];
pub const NOTES: &[&str] = &[
    "時間外は留守番電話で案内し、当日中に折り返す",
    "年末年始（12/29～1/3）は休診",
    "かかりつけの患者に限り,\n院長の携帯電話で対応",
    "夜間は輪番の医療機関を案内",
];

// --- Fields of practice ------------------------------------------------------------------------------------------

/// A field of practice: weight by kind, the choice codes of `g1_domains` and `g1_diseases` at its heart, and the chance of each other one.
pub struct Specialty {
    pub weights: [u32; 3],
    pub domains: &'static [&'static str],
    pub diseases: &'static [&'static str],
    pub other: f64,
}

#[rustfmt::skip]
pub const SPECIALTIES: &[Specialty] = &[
    // internal medicine
    Specialty { weights: [80, 42, 55], domains: &["6", "7", "9", "14"], other: 0.10,
        diseases: &["1", "2", "3", "7", "8", "9", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "30", "31", "36"] },
    // paediatrics
    Specialty { weights: [1, 1, 6], domains: &["17", "6", "5"], other: 0.04, diseases: &["16", "22", "23", "24", "25", "26", "28"] },
    // orthopaedics, surgery
    Specialty { weights: [8, 20, 10], domains: &["16"], other: 0.05, diseases: &["11", "29", "30", "31", "32", "33", "34"] },
    // skin
    Specialty { weights: [0, 2, 6], domains: &["1"], other: 0.02, diseases: &["28", "33"] },
    // eyes
    Specialty { weights: [1, 12, 7], domains: &["4"], other: 0.01, diseases: &["12", "13", "14", "15"] },
    // ear, nose and throat
    Specialty { weights: [0, 4, 5], domains: &["5"], other: 0.03, diseases: &["16", "17", "23", "24"] },
    // obstetrics, gynaecology
    Specialty { weights: [1, 15, 3], domains: &["11", "12", "13"], other: 0.03, diseases: &["1", "37", "38", "39"] },
    // psychiatry
    Specialty { weights: [8, 1, 5], domains: &["3"], other: 0.03, diseases: &["4", "5", "6", "7", "8"] },
    // urology, kidneys
    Specialty { weights: [1, 3, 3], domains: &["10"], other: 0.05, diseases: &["18", "35", "36"] },
];

/// Extra chance of each other field in a hospital: it has several departments.
pub const HOSPITAL_BREADTH: f64 = 0.25;
/// Chance that a field at the heart of the practice is ticked.
pub const OWN_FIELD: f64 = 0.92;
