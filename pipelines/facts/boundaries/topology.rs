//! TopoJSON: arcs that neighbours share, quantised by a transform, put together to rings.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Polygon, Ring};
use crate::ground::error::{Error, Result};

#[derive(Deserialize)]
struct Topology {
    arcs: Vec<Vec<Vec<f64>>>,
    transform: Option<Transform>,
    objects: BTreeMap<String, Geometry>,
}

/// Whole numbers to degrees; where it is given, each point of an arc is a step from the one before.
#[derive(Deserialize)]
struct Transform {
    scale: (f64, f64),
    translate: (f64, f64),
}

#[derive(Deserialize)]
struct Geometry {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    geometries: Vec<Geometry>,
    #[serde(default)]
    arcs: Value,
    #[serde(default)]
    properties: Option<Map<String, Value>>,
}

type Add<'a> = dyn FnMut(&Map<String, Value>, Vec<Polygon>) -> Result<()> + 'a;

/// Hands each geometry with its properties to `add`.
pub(super) fn read(bytes: &[u8], add: &mut Add<'_>) -> Result<()> {
    let topology: Topology = serde_json::from_slice(bytes)
        .map_err(|e| Error::new(format!("TopoJSON を読めません（{e}）")).at(format!("{} 行 {} 文字目", e.line(), e.column())))?;
    let arcs: Vec<Ring> = topology.arcs.iter().map(|arc| line(arc, topology.transform.as_ref())).collect();
    topology.objects.values().try_for_each(|object| visit(object, &arcs, add))
}

/// The points of one arc in degrees.
fn line(arc: &[Vec<f64>], transform: Option<&Transform>) -> Ring {
    let (mut x, mut y) = (0.0, 0.0);
    let points = arc.iter().filter(|p| p.len() >= 2);
    match transform {
        None => points.map(|p| (p[0], p[1])).collect(),
        Some(t) => points
            .map(|p| {
                (x, y) = (x + p[0], y + p[1]);
                (x * t.scale.0 + t.translate.0, y * t.scale.1 + t.translate.1)
            })
            .collect(),
    }
}

fn visit(geometry: &Geometry, arcs: &[Ring], add: &mut Add<'_>) -> Result<()> {
    let none = Map::new();
    let broken = |_| Error::new("TopoJSON の区域の線の番号が読めません");
    let rings = |list: Vec<Vec<i64>>| list.iter().map(|ring| join(ring, arcs)).collect::<Result<Polygon>>();
    let polygons = match geometry.kind.as_deref() {
        Some("Polygon") => vec![rings(serde_json::from_value(geometry.arcs.clone()).map_err(broken)?)?],
        Some("MultiPolygon") => {
            let all: Vec<Vec<Vec<i64>>> = serde_json::from_value(geometry.arcs.clone()).map_err(broken)?;
            all.into_iter().map(rings).collect::<Result<_>>()?
        }
        _ => return geometry.geometries.iter().try_for_each(|g| visit(g, arcs, add)),
    };
    add(geometry.properties.as_ref().unwrap_or(&none), polygons)
}

/// Arcs one after another; `!n` is arc n backwards; neighbours share their end points.
fn join(indices: &[i64], arcs: &[Ring]) -> Result<Ring> {
    let mut ring = Ring::new();
    for &i in indices {
        let place = if i < 0 { !i } else { i };
        let arc = usize::try_from(place).ok().and_then(|p| arcs.get(p)).ok_or_else(|| Error::new(format!("TopoJSON に線 {place} がありません")))?;
        let points: Box<dyn Iterator<Item = &(f64, f64)>> = if i < 0 { Box::new(arc.iter().rev()) } else { Box::new(arc.iter()) };
        ring.extend(points.skip(usize::from(!ring.is_empty())));
    }
    Ok(ring)
}
