//! What pictures need beyond the figures of an area: residents by age, their projection, and who leans on whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::areas::Area;
use crate::facts::boundaries::Boundaries;
use crate::ground::error::{Error, Result};
use crate::ground::stage::Tables;

/// Level and code of an area.
type Place = (String, String);

/// Residents of an area in a projected year; a projection knows these groups only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Projected {
    pub total: i64,
    pub over_65: i64,
    pub over_75: i64,
}

/// Values of all areas, read from the aggregate tables.
#[derive(Clone, Debug, Default)]
pub struct PictureFacts {
    /// First age of a band and its residents, from the youngest.
    people: BTreeMap<Place, Vec<(i64, i64)>>,
    /// Year → residents; a year without a value was not published for a part of the area.
    projection: BTreeMap<Place, BTreeMap<i64, Option<Projected>>>,
    /// Facility → the partners that back it up.
    links: BTreeMap<Place, BTreeMap<String, BTreeSet<String>>>,
    /// All areas, the prefecture first.
    pub areas: Vec<Area>,
    /// Municipal boundaries, when the work folder brings them.
    pub boundaries: Option<Boundaries>,
}

impl PictureFacts {
    pub fn read(tables: &Tables, areas: &[Area], boundaries: Option<Boundaries>) -> Result<Self> {
        let table = |name: &str| tables.get(name).ok_or_else(|| Error::new(format!("集計表 {name} がありません")));
        let mut facts = Self { areas: areas.to_vec(), boundaries, ..Self::default() };
        let t = table("agg_population")?;
        for i in 0..t.len() {
            let place = (t.text(i, "level")?.to_owned(), t.text(i, "area_code")?.to_owned());
            facts.people.entry(place).or_default().push((t.int(i, "age_from")?.unwrap_or(0), t.int(i, "people")?.unwrap_or(0)));
        }
        let t = table("agg_population_projection")?;
        for i in 0..t.len() {
            let place = (t.text(i, "level")?.to_owned(), t.text(i, "area_code")?.to_owned());
            let (total, over_65, over_75) = (t.int(i, "people_total")?, t.int(i, "people_65_over")?, t.int(i, "people_75_over")?);
            let people = match (total, over_65, over_75) {
                (Some(total), Some(over_65), Some(over_75)) => Some(Projected { total, over_65, over_75 }),
                _ => None,
            };
            facts.projection.entry(place).or_default().insert(t.int(i, "year")?.unwrap_or(0), people);
        }
        let t = table("agg_backup_links")?;
        for i in 0..t.len() {
            let place = (t.text(i, "level")?.to_owned(), t.text(i, "area_code")?.to_owned());
            let partners = facts.links.entry(place).or_default().entry(t.text(i, "facility_id")?.to_owned()).or_default();
            partners.insert(t.text(i, "partner_name")?.to_owned());
        }
        Ok(facts)
    }

    fn place(area: &Area) -> Place {
        (area.level.clone(), area.area_code.clone())
    }

    pub fn people(&self, area: &Area) -> &[(i64, i64)] {
        self.people.get(&Self::place(area)).map_or(&[], Vec::as_slice)
    }

    pub fn projected(&self, area: &Area, year: i64) -> Option<Projected> {
        self.projection.get(&Self::place(area))?.get(&year).copied().flatten()
    }

    pub fn links(&self, area: &Area) -> Option<&BTreeMap<String, BTreeSet<String>>> {
        self.links.get(&Self::place(area))
    }
}
