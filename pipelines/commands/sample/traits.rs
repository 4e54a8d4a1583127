//! Kinds of facilities, and what moves several of their answers together.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Hospital,
    ClinicWithBeds,
    Clinic,
}

impl Kind {
    /// Code in the choice set `facility_type`.
    pub fn choice_code(self) -> &'static str {
        match self {
            Self::Hospital => "1",
            Self::ClinicWithBeds => "2",
            Self::Clinic => "3",
        }
    }
}

/// What moves several answers together. Each is uniform in 0–1 over the facilities of a prefecture.
#[derive(Clone, Copy, Debug)]
pub enum Trait {
    /// How much the place takes on at all, and how carefully it reports.
    Engagement,
    /// Care outside opening hours.
    Night,
    /// Care at the patient's home.
    Home,
    /// Ties with care services and other facilities.
    Care,
}
