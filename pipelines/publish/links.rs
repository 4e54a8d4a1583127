//! The links of a folder that leaves the house: each must lead to something inside the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::ground::error::{Error, Result};
use crate::ground::folder::files_below;

/// A link that leads nowhere, or out of the folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    pub page: String,
    pub link: String,
}

/// Links of all pages below a folder that lead to no file or place inside it.
pub fn stray(root: &Path) -> Result<Vec<Stray>> {
    let files: BTreeSet<String> = files_below(root)?.into_iter().collect();
    let read = |file: &String| std::fs::read_to_string(root.join(file)).map_err(|e| Error::io("公表する資料を読めません", &root.join(file), &e));
    let pages = files.iter().filter(|f| f.ends_with(".html") || f.ends_with(".css"));
    let texts: BTreeMap<&String, String> = pages.map(|page| Ok((page, read(page)?))).collect::<Result<_>>()?;
    let mut found = BTreeSet::new();
    for (&page, text) in &texts {
        for link in targets(text) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { Some(page.clone()) } else { inside(page, path) };
            let there = target.filter(|t| files.contains(t));
            let anchored = match &there {
                Some(target) if !anchor.is_empty() => texts.get(target).is_some_and(|t| t.contains(&format!("id=\"{anchor}\""))),
                there => there.is_some(),
            };
            if !anchored {
                found.insert(Stray { page: page.clone(), link });
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// What a page refers to: links, pictures, style sheets and fonts, as a reader of HTML understands them.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, ends) in [("href=\"", '"'), ("src=\"", '"'), ("url(", ')')] {
        for rest in text.split(start).skip(1) {
            let link = rest.split(ends).next().unwrap_or_default().trim_matches(['"', '\'']);
            let link = link.replace("&#x2f;", "/").replace("&amp;", "&");
            if !link.starts_with("data:") {
                found.push(link);
            }
        }
    }
    found
}

/// Where a relative link of a page leads; nothing where it leaves the folder.
fn inside(page: &str, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with('/') || link.starts_with("mailto:") {
        return None;
    }
    let mut path: Vec<&str> = page.split('/').collect();
    path.pop();
    for step in link.split('/') {
        match step {
            ".." => drop(path.pop()?),
            "." | "" => {}
            step => path.push(step),
        }
    }
    Some(path.join("/"))
}
